"""Self-attention within windows of a map, every second time within windows moved by half a side.

After Liu et al., "Swin Transformer: Hierarchical Vision Transformer using Shifted Windows" (ICCV
2021, arXiv:2103.14030), chapter 3.2. Maps are float32 (N, rows, columns, channels). A side that is
no multiple of the window's is filled with zeros at its end; they take part in the attention of the
last windows, as in torchvision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor, nn

APART = -100.0
"""Added to the attention between patches that are neighbours only because a map was rolled."""


def relative_positions(window: int) -> npt.NDArray[np.int64]:
    """Row of the bias table for each pair of patches of a window.

    The table has a row for each difference of two positions, (2 w - 1)^2 of them.

    Args:
        window: its side w, in patches.

    Returns:
        int64 (w^2, w^2).

    >>> relative_positions(2).tolist()
    [[4, 3, 1, 0], [5, 4, 2, 1], [7, 6, 4, 3], [8, 7, 5, 4]]
    """
    place = np.arange(window * window)
    rows, columns = place // window, place % window
    down = rows[:, None] - rows[None, :] + window - 1
    right = columns[:, None] - columns[None, :] + window - 1
    return np.asarray(down * (2 * window - 1) + right, np.int64)


def moved_by(side: int, window: int, shift: int) -> int:
    """Patches by which windows along one side are moved: none where one window covers the side.

    Args:
        side: of the map, a multiple of ``window``.
        window: side of a window.
        shift: of the block, 0 or half a window.
    """
    return 0 if window >= side else shift


def apart(rows: int, columns: int, window: int, shifts: tuple[int, int]) -> npt.NDArray[np.float32]:
    """The mask of attention in moved windows: patches from both ends of a map do not meet.

    Args:
        rows: of the map, a multiple of ``window``.
        columns: likewise.
        window: side of a window.
        shifts: patches by which the map was rolled, along rows and columns.

    Returns:
        float32 (windows, w^2, w^2), 0 or `APART`.
    """
    of_row, of_column = (
        _region(side, window, shift) for side, shift in zip((rows, columns), shifts, strict=True)
    )
    region = 3 * of_row[:, None] + of_column[None, :]
    tiles = region.reshape(rows // window, window, columns // window, window)
    windows = tiles.transpose(0, 2, 1, 3).reshape(-1, window * window)
    return np.where(windows[:, :, None] == windows[:, None, :], 0.0, APART).astype(np.float32)


def _region(side: int, window: int, shift: int) -> npt.NDArray[np.int64]:
    """Along one side: 0 before the last window, 1 in it, 2 what was rolled from the other end."""
    place = np.arange(side)
    if not shift:
        return np.zeros(side, np.int64)
    return (place >= side - window).astype(np.int64) + (place >= side - shift)


def window_attention(channels: int, heads: int, window: int, shift: int) -> nn.Module:
    """Attention of the patches of a window to each other.

    Args:
        channels: of the map.
        heads: a divisor of ``channels``.
        window: side of a window, in patches.
        shift: patches by which windows are moved, 0 or half a window.

    Returns:
        A module from float32 (N, rows, columns, channels) to the same shape.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class WindowAttention(nn.Module):  # type: ignore[misc, unused-ignore]
        """Softmax(Q K^T / sqrt(d) + B) V within each window (eq. 4)."""

        def __init__(self) -> None:
            super().__init__()
            rows = (2 * window - 1) ** 2
            self.relative_position_bias_table = nn.Parameter(torch.zeros(rows, heads))
            self.qkv = nn.Linear(channels, 3 * channels)
            self.proj = nn.Linear(channels, channels)
            index = torch.from_numpy(relative_positions(window).reshape(-1))
            self.register_buffer("relative_position_index", index, persistent=False)
            nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

        def forward(self, x: Tensor) -> Tensor:
            rows, columns = x.shape[1], x.shape[2]
            down, right = -rows % window, -columns % window
            x = functional.pad(x, (0, 0, 0, right, 0, down))
            high, wide = rows + down, columns + right
            shifts = (moved_by(high, window, shift), moved_by(wide, window, shift))
            if any(shifts):
                x = torch.roll(x, (-shifts[0], -shifts[1]), dims=(1, 2))
            windows = x.reshape(-1, high // window, window, wide // window, window, channels)
            windows = windows.transpose(2, 3).reshape(-1, window**2, channels)
            y = self.proj(self._attended(windows, high, wide, shifts))
            y = y.reshape(-1, high // window, wide // window, window, window, channels)
            y = y.transpose(2, 3).reshape(-1, high, wide, channels)
            if any(shifts):
                y = torch.roll(y, shifts, dims=(1, 2))
            result: Tensor = y[:, :rows, :columns, :]
            return result

        def _attended(
            self, windows: Tensor, high: int, wide: int, shifts: tuple[int, int]
        ) -> Tensor:
            """Values of all windows, weighted: (N windows, w^2, channels)."""
            patches, depth = window**2, channels // heads
            parts = self.qkv(windows).reshape(-1, patches, 3, heads, depth).permute(2, 0, 3, 1, 4)
            attention = (parts[0] * depth**-0.5) @ parts[1].transpose(-2, -1) + self._bias()
            if any(shifts):
                mask = torch.from_numpy(apart(high, wide, window, shifts)).to(attention)
                each = attention.reshape(-1, len(mask), heads, patches, patches)
                attention = (each + mask[None, :, None]).reshape(-1, heads, patches, patches)
            values = attention.softmax(dim=-1) @ parts[2]
            return values.transpose(1, 2).reshape(-1, patches, channels)

        def _bias(self) -> Tensor:
            """The bias of each pair of patches: (heads, w^2, w^2)."""
            patches = window**2
            rows = self.relative_position_bias_table[self.relative_position_index]
            return rows.reshape(patches, patches, heads).permute(2, 0, 1)

    return WindowAttention()

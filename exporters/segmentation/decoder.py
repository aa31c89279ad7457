"""The decoder of a Swin-UNet: patches expand again, beside the encoder's maps of the same size.

After Cao et al., "Swin-Unet: Unet-like Pure Transformer for Medical Image Segmentation" (2021,
arXiv:2105.05537), chapter 3.4; names of weights are those of published checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from exporters.segmentation.dimensions import Dimensions
from exporters.segmentation.encoder import swin_blocks

if TYPE_CHECKING:
    from torch import Tensor, nn


def patch_expanding(channels: int, factor: int, result_channels: int) -> nn.Module:
    """Each patch becomes ``factor`` by ``factor`` patches, by a linear layer.

    Args:
        channels: of the map.
        factor: by which its sides grow.
        result_channels: of the result.

    Returns:
        A module from (N, rows, columns, channels) to
        (N, rows factor, columns factor, result_channels).
    """
    from torch import nn

    class PatchExpanding(nn.Module):  # type: ignore[misc, unused-ignore]
        """The linear layer gives the new patches row by row; then LayerNorm."""

        def __init__(self) -> None:
            super().__init__()
            self.expand = nn.Linear(channels, factor**2 * result_channels, bias=False)
            self.norm = nn.LayerNorm(result_channels)

        def forward(self, x: Tensor) -> Tensor:
            rows, columns = x.shape[1], x.shape[2]
            y = self.expand(x).reshape(-1, rows, columns, factor, factor, result_channels)
            y = y.transpose(2, 3).reshape(-1, rows * factor, columns * factor, result_channels)
            result: Tensor = self.norm(y)
            return result

    return PatchExpanding()


def swin_decoder(sizes: Dimensions) -> nn.Module:
    """The way up: expanded patches, joined with the encoder's map of their size, and blocks.

    Args:
        sizes: of the network.

    Returns:
        A module from the maps of `swin_encoder` to one map (N, rows, columns, embed) with a vector
        for each patch.
    """
    import torch
    from torch import nn

    class UpStage(nn.Module):  # type: ignore[misc, unused-ignore]
        """Blocks, and then more patches of fewer channels, but in the last stage."""

        def __init__(self, level: int) -> None:
            super().__init__()
            width = sizes.width(level)
            self.blocks = swin_blocks(width, sizes.heads[level], sizes.window, sizes.depths[level])
            self.upsample = patch_expanding(width, 2, width // 2) if level else nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            for block in self.blocks:
                x = block(x)
            result: Tensor = self.upsample(x)
            return result

    class SwinDecoder(nn.Module):  # type: ignore[misc, unused-ignore]
        """One stage for each skip connection."""

        def __init__(self) -> None:
            super().__init__()
            deepest = sizes.stages - 1
            widest = sizes.width(deepest)
            levels = range(deepest - 1, -1, -1)
            first = patch_expanding(widest, 2, widest // 2)
            self.layers_up = nn.ModuleList([first, *(UpStage(level) for level in levels)])
            joined = [nn.Linear(2 * sizes.width(level), sizes.width(level)) for level in levels]
            self.concat_back_dim = nn.ModuleList([nn.Identity(), *joined])
            self.norm_up = nn.LayerNorm(sizes.embed)

        def forward(self, maps: Sequence[Tensor]) -> Tensor:
            *skips, x = maps
            x = self.layers_up[0](x)
            for number in range(1, len(self.layers_up)):
                skip = skips[-number]
                # Merging filled odd sides: what was filled is cut off again.
                x = x[:, : skip.shape[1], : skip.shape[2], :]
                x = self.concat_back_dim[number](torch.cat([x, skip], dim=-1))
                x = self.layers_up[number](x)
            result: Tensor = self.norm_up(x)
            return result

    return SwinDecoder()

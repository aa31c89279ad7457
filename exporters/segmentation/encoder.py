"""The encoder of a Swin-UNet: a Swin Transformer without its classifier, and its blocks.

Names of weights are those of the first implementation, which checkpoints of it and of
SSLTransformerRS have. Maps are float32 (N, rows, columns, channels).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporters.segmentation.dimensions import MLP_RATIO, Dimensions
from exporters.segmentation.windows import window_attention

if TYPE_CHECKING:
    from torch import Tensor, nn


def swin_block(channels: int, heads: int, window: int, shift: int) -> nn.Module:
    """Attention within windows and two linear layers, each added to its input (eq. 3 of Swin).

    Args:
        channels: of the map.
        heads: of the attention.
        window: side of a window.
        shift: patches by which windows are moved.

    Returns:
        A module from float32 (N, rows, columns, channels) to the same shape.
    """
    from collections import OrderedDict

    from torch import nn

    class SwinBlock(nn.Module):  # type: ignore[misc, unused-ignore]
        """One block; LayerNorm comes before each half."""

        def __init__(self) -> None:
            super().__init__()
            self.norm1 = nn.LayerNorm(channels)
            self.attn = window_attention(channels, heads, window, shift)
            self.norm2 = nn.LayerNorm(channels)
            layers = {
                "fc1": nn.Linear(channels, MLP_RATIO * channels),
                "act": nn.GELU(),
                "fc2": nn.Linear(MLP_RATIO * channels, channels),
            }
            self.mlp = nn.Sequential(OrderedDict(layers))

        def forward(self, x: Tensor) -> Tensor:
            x = x + self.attn(self.norm1(x))
            result: Tensor = x + self.mlp(self.norm2(x))
            return result

    return SwinBlock()


def swin_blocks(channels: int, heads: int, window: int, depth: int) -> nn.ModuleList:
    """The blocks of a stage: windows of every second one are moved by half a side.

    Args:
        channels: of the map.
        heads: of the attention.
        window: side of a window.
        depth: number of blocks.
    """
    from torch import nn

    shifts = [window // 2 if number % 2 else 0 for number in range(depth)]
    return nn.ModuleList([swin_block(channels, heads, window, shift) for shift in shifts])


def patch_merging(channels: int) -> nn.Module:
    """Four neighbouring patches become one of twice the channels.

    An odd side is filled with zeros at its end.

    Args:
        channels: of the map.

    Returns:
        A module from (N, rows, columns, channels) to (N, rows/2, columns/2, 2 channels), sides
        rounded up.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class PatchMerging(nn.Module):  # type: ignore[misc, unused-ignore]
        """LayerNorm of the four together, and a linear layer."""

        def __init__(self) -> None:
            super().__init__()
            self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)
            self.norm = nn.LayerNorm(4 * channels)

        def forward(self, x: Tensor) -> Tensor:
            x = functional.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
            # Of each four, column by column: the order of the published weights.
            four = [x[:, row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
            result: Tensor = self.reduction(self.norm(torch.cat(four, dim=-1)))
            return result

    return PatchMerging()


def swin_encoder(sizes: Dimensions, channels: int) -> nn.Module:
    """A Swin Transformer that returns the maps of all stages.

    Args:
        sizes: of the network.
        channels: of the image.

    Returns:
        A module from float32 (N, channels, rows, columns), sides multiples of the patch, to a list
        of maps: the last one behind LayerNorm, and before it the inputs of the stages but the last.
    """
    from torch import nn

    class PatchEmbedding(nn.Module):  # type: ignore[misc, unused-ignore]
        """A vector for each patch."""

        def __init__(self) -> None:
            super().__init__()
            self.proj = nn.Conv2d(channels, sizes.embed, sizes.patch, sizes.patch)
            self.norm = nn.LayerNorm(sizes.embed)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.norm(self.proj(x).permute(0, 2, 3, 1))
            return result

    class Stage(nn.Module):  # type: ignore[misc, unused-ignore]
        """Blocks, and then fewer patches of more channels, but in the last stage."""

        def __init__(self, number: int) -> None:
            super().__init__()
            width = sizes.width(number)
            self.blocks = swin_blocks(
                width, sizes.heads[number], sizes.window, sizes.depths[number]
            )
            self.downsample = patch_merging(width) if number < sizes.stages - 1 else nn.Identity()

        def forward(self, x: Tensor) -> Tensor:
            for block in self.blocks:
                x = block(x)
            result: Tensor = self.downsample(x)
            return result

    class SwinEncoder(nn.Module):  # type: ignore[misc, unused-ignore]
        """The stages one after the other."""

        def __init__(self) -> None:
            super().__init__()
            self.patch_embed = PatchEmbedding()
            self.layers = nn.ModuleList([Stage(number) for number in range(sizes.stages)])
            self.norm = nn.LayerNorm(sizes.width(sizes.stages - 1))

        def forward(self, x: Tensor) -> list[Tensor]:
            maps = [self.patch_embed(x)]
            for stage in self.layers:
                maps.append(stage(maps[-1]))
            # The last stage keeps the size of its input, which is no skip connection.
            return [*maps[: sizes.stages - 1], self.norm(maps[-1])]

    return SwinEncoder()


def draw_linear_layers(network: nn.Module) -> None:
    """Fill all linear layers as Swin's authors do: a narrow normal distribution, biases zero.

    Args:
        network: changed in place; torch's own generator is drawn from.
    """
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)

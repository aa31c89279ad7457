"""A Swin-UNet of one input or of several, whose decoded maps are joined before the classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exporters.segmentation.decoder import patch_expanding, swin_decoder
from exporters.segmentation.dimensions import Dimensions
from exporters.segmentation.encoder import draw_linear_layers, swin_encoder

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_swin_unet(sizes: Dimensions, seed: int) -> nn.Module:
    """Make a network with random weights.

    Weights are named as in SSLTransformerRS's checkpoints of two inputs: ``backbone1``,
    ``backbone2``, ``decoder1``, ``decoder2``, and what follows the fusion is ``up`` and ``output``
    of the first decoder. With one input there are ``backbone1`` and ``decoder1`` alone.

    Args:
        sizes: of the network.
        seed: of the weights.

    Returns:
        A module from one float32 (N, bands, rows, columns) per input, of any size, to scores
        float32 (N, classes, rows, columns). Its attribute ``bands`` has the channels of each input.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    class SwinUnet(nn.Module):  # type: ignore[misc, unused-ignore]
        """An encoder and a decoder for each input, and a classifier of the pixels."""

        def __init__(self) -> None:
            super().__init__()
            self.bands = sizes.bands
            for number, channels in enumerate(sizes.bands, 1):
                self.add_module(f"backbone{number}", swin_encoder(sizes, channels))
                self.add_module(f"decoder{number}", swin_decoder(sizes))
            width = sizes.embed * len(sizes.bands)
            last = self.get_submodule("decoder1")
            last.add_module("up", patch_expanding(width, sizes.patch, width))
            last.add_module("output", nn.Conv2d(width, sizes.classes, 1, bias=False))

        def forward(self, *images: Tensor) -> Tensor:
            rows, columns = images[0].shape[2:]
            fill = (0, -columns % sizes.patch, 0, -rows % sizes.patch)
            decoded = []
            for number, image in enumerate(images, 1):
                maps = self.get_submodule(f"backbone{number}")(functional.pad(image, fill))
                decoded.append(self.get_submodule(f"decoder{number}")(maps))
            joined = torch.cat(decoded, dim=-1)
            pixels = self.get_submodule("decoder1.up")(joined).permute(0, 3, 1, 2)
            scores: Tensor = self.get_submodule("decoder1.output")(pixels)
            return scores[:, :, :rows, :columns]

    torch.manual_seed(seed)
    network = SwinUnet()
    draw_linear_layers(network)
    return network

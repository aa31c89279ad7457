"""The encoder of a Swin-UNet as a network for whole images: what pretraining can teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.errors import BadNetwork
from exporters.segmentation.dimensions import Dimensions
from exporters.segmentation.encoder import draw_linear_layers, swin_encoder

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_pooled_encoder(sizes: Dimensions, classes: int, seed: int) -> nn.Module:
    """Make an encoder with the mean of its last map and a linear layer behind it.

    Its weights are called ``backbone1``, as in the Swin-UNet of the same sizes, which takes them.

    Args:
        sizes: of a network of one input.
        classes: size of the linear layer.
        seed: of the weights.

    Returns:
        A module from float32 (N, bands, rows, columns), of any size, to float32 (N, classes).

    Raises:
        BadNetwork: the network has several inputs.
    """
    import torch
    from torch import nn
    from torch.nn import functional

    if len(sizes.bands) > 1:
        raise BadNetwork(
            f"a segmentation network of {len(sizes.bands)} inputs cannot be pretrained here: "
            "views are of one image; take one of a single input"
        )
    channels = sizes.bands[0]

    class PooledEncoder(nn.Module):  # type: ignore[misc, unused-ignore]
        """The encoder, the mean over places, and a linear layer."""

        def __init__(self) -> None:
            super().__init__()
            self.bands = sizes.bands
            self.backbone1 = swin_encoder(sizes, channels)
            self.head = nn.Linear(sizes.width(sizes.stages - 1), classes)

        def forward(self, image: Tensor) -> Tensor:
            rows, columns = image.shape[2:]
            fill = (0, -columns % sizes.patch, 0, -rows % sizes.patch)
            last = self.backbone1(functional.pad(image, fill))[-1]
            scores: Tensor = self.head(last.mean(dim=(1, 2)))
            return scores

    torch.manual_seed(seed)
    network = PooledEncoder()
    draw_linear_layers(network)
    return network

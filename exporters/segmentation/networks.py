"""The segmentation networks that commands know by name: ``segmentation:NAME``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analyzer.did_you_mean import meant
from analyzer.errors import BadNetwork, BadOption
from exporters.segmentation.dimensions import Dimensions
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    from torch import nn

SIDE = 224
"""Of the input, where none is stated."""

COLORS = 3
"""Channels where none are stated."""

SENTINEL = (2, 13)
"""Bands of Sentinel-1 and Sentinel-2."""

_SMALL = Dimensions(embed=16, depths=(2, 2, 2), heads=(1, 2, 4))

NETWORKS = {
    "swin_unet": Dimensions(),
    "swin_unet_two": Dimensions(bands=SENTINEL),
    "swin_unet_small": _SMALL,
    "swin_unet_small_two": replace(_SMALL, bands=SENTINEL),
}
"""Name -> sizes. The small ones are for tests and for tries on a CPU."""

INPUTS = ("s1", "s2")
"""Names of the inputs of a network of two."""


def dimensions_of(name: str, classes: int | None, shape: tuple[int, int, int] | None) -> Dimensions:
    """The sizes of a network by name.

    Args:
        name: of a network.
        classes: of a pixel; None: those of DFC2020, 8.
        shape: C, H, W of the input; None: as `NETWORKS` has them.

    Raises:
        BadNetwork: there is no such network.
        BadOption: a network of two inputs has other channels.
    """
    if name not in NETWORKS:
        known = ", ".join(NETWORKS)
        raise BadNetwork(f"there is no segmentation network {name}{meant(name, NETWORKS)}; {known}")
    sizes = NETWORKS[name]
    if classes is not None:
        sizes = replace(sizes, classes=classes)
    if shape is None:
        return sizes
    if len(sizes.bands) == 1:
        return replace(sizes, bands=(shape[0],))
    # A size without channels means three of them, which the two inputs have not.
    if shape[0] not in (COLORS, sum(sizes.bands)):
        bands = " + ".join(map(str, sizes.bands))
        raise BadOption(
            f"--input: segmentation:{name} takes {bands} channels, not {shape[0]}; write rows and "
            f"columns alone, or {sum(sizes.bands)} channels"
        )
    return sizes


def inputs_of(
    sizes: Dimensions, sides: tuple[int, int]
) -> tuple[int, int, int] | dict[str, tuple[int, int, int]]:
    """C, H, W of the input of a network; of each by name where it has two.

    >>> inputs_of(NETWORKS["swin_unet_two"], (64, 96))
    {'s1': (2, 64, 96), 's2': (13, 64, 96)}

    Args:
        sizes: of the network.
        sides: rows and columns.
    """
    if len(sizes.bands) == 1:
        return (sizes.bands[0], *sides)
    return {name: (bands, *sides) for name, bands in zip(INPUTS, sizes.bands, strict=True)}


def build_segmentation(sizes: Dimensions, seed: int) -> nn.Module:
    """Make a network of these sizes with random weights; see `unet.build_swin_unet`.

    Args:
        sizes: of `dimensions_of`.
        seed: of the weights.

    Raises:
        TorchMissing: torch is not installed.
    """
    need("torch")
    from exporters.segmentation.unet import build_swin_unet

    return build_swin_unet(sizes, seed)

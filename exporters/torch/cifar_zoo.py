"""The project's own networks for images of 32x32 pixels, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from analyzer.did_you_mean import meant
from analyzer.errors import BadNetwork
from analyzer.model import Preprocessing
from exporters.torch.optional_package import need
from exporters.training.cifar_nets import CLASSES, mobilenet, resnet

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CLASSES", "build_cifar", "check_cifar_name"]

SIDE = 32

PREPROCESSING = Preprocessing("NCHW", mean=(0.4914, 0.4822, 0.4465), std=(0.247, 0.2435, 0.2616))
"""Means and deviations of CIFAR-10's training images."""

DEPTHS = (20, 32, 44, 56, 110)
"""Of He et al. 2016 (arXiv:1512.03385), table 6."""


def _resnet(depth: int) -> Callable[[int], nn.Module]:
    return lambda classes: resnet(depth, classes)


CIFAR_NETS: dict[str, Callable[[int], nn.Module]] = {
    **{f"resnet{depth}": _resnet(depth) for depth in DEPTHS},
    "mobilenet": mobilenet,
}
"""Name -> function that makes the network of a number of classes."""


def check_cifar_name(name: str) -> None:
    """Refuse a name that is none of `CIFAR_NETS`.

    Raises:
        BadNetwork: with the nearest name.
    """
    if name not in CIFAR_NETS:
        guess = meant(name, CIFAR_NETS)
        raise BadNetwork(f"there is no cifar:{name}{guess}; there are {', '.join(CIFAR_NETS)}")


def build_cifar(name: str, classes: int, seed: int) -> nn.Module:
    """Make a network with random weights.

    Args:
        name: one that `check_cifar_name` passed.
        classes: size of the last layer, 2 or more.
        seed: of the weights.
    """
    need("torch").manual_seed(seed)
    return CIFAR_NETS[name](classes)

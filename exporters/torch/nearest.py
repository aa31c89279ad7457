"""The architecture whose names and shapes a checkpoint has, for the message that names it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from exporters.quiet import quiet
from exporters.torch.checkpoint import COUNTER, Shapes
from exporters.torch.cifar_zoo import CIFAR_NETS
from exporters.torch.optional_package import need
from exporters.torch.zoo import SPECIAL, import_torchvision

LEAST = 0.5
"""An architecture of which less fits is no help."""


@dataclass(frozen=True)
class Nearest:
    """An architecture beside a checkpoint.

    Attributes:
        source: As ``relcheck train`` takes it.
        share: The part of names, in either, that both have in the same shape; in [0, 1]. A
            classifier does not count.
        fits: True if all of them are.
    """

    source: str
    share: float
    fits: bool


def nearest_architecture(found: Shapes) -> Nearest | None:
    """The architecture of torchvision, or of this package, that most of a checkpoint fits.

    Args:
        found: shape by name, of the checkpoint.

    Returns:
        None if less than half of every architecture fits.
    """
    best: Nearest | None = None
    for source, wanted in _architectures():
        share = _share(wanted, found)
        if share >= LEAST and (best is None or share > best.share):
            best = Nearest(source, share, share == 1.0)
    return best


def _share(wanted: Shapes, found: Shapes) -> float:
    """The common part of two networks without classifiers: what is last differs in size."""
    names = [name for name in wanted if not name.endswith(COUNTER)]
    last = names[-1].rpartition(".")[0] + "."
    one = {(n, tuple(wanted[n])) for n in names if not n.startswith(last)}
    other = {
        (n, tuple(s))
        for n, s in found.items()
        if not n.endswith(COUNTER) and not n.startswith(last)
    }
    return len(one & other) / len(one | other)


@cache
def _architectures() -> tuple[tuple[str, Shapes], ...]:
    """Every architecture and its shapes; it takes seconds."""
    return tuple(_candidates())


def _candidates() -> Iterator[tuple[str, Shapes]]:
    """Every architecture and its shapes; networks are made without memory for their weights."""
    torch = need("torch")
    for name, build in CIFAR_NETS.items():
        with torch.device("meta"):
            yield f"cifar:{name}", _shapes(build(10))
    import_torchvision()
    from torchvision import models

    for name in models.list_models(module=models):
        try:
            with quiet(), torch.device("meta"):
                made = models.get_model(name, weights=None, **SPECIAL.get(name, {}))
        except NotImplementedError:  # the RegNets look at their weights when they are made
            continue
        yield f"torchvision:{name}", _shapes(made)


def _shapes(network: Any) -> Shapes:
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}

"""The protocol of layouts: how one project names the weights of a backbone in its checkpoints."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Protocol

Weights = dict[str, Any]
"""Tensors by name."""


class Layout(Protocol):
    """One way to name weights. It holds no state."""

    @property
    def name(self) -> str:
        """The project, as messages and records name it."""

    @property
    def source(self) -> str:
        """Repository and commit whose code tells the names."""

    def recognize(self, keys: Collection[str]) -> bool:
        """True if a checkpoint with these names is of this layout.

        Args:
            keys: names of weights, without the ``module.`` of a parallel wrapper.
        """

    def to_torchvision(self, weights: Mapping[str, Any]) -> Weights:
        """The backbone's weights by torchvision's names.

        Weights that the layout knows and the backbone does not have (heads, prototypes, quantizers)
        are left out. Names that the layout does not know are kept, so that they are refused later.

        Args:
            weights: tensors by name, without the ``module.`` of a parallel wrapper.
        """


def without(weights: Mapping[str, Any], known: re.Pattern[str]) -> Weights:
    """The weights but for some whose names are known and not wanted.

    Args:
        weights: tensors by name.
        known: matches whole names.
    """
    return {name: value for name, value in weights.items() if not known.fullmatch(name)}


def renamed(weights: Mapping[str, Any], prefix: str) -> Weights:
    """The weights, without a prefix where they have it.

    Args:
        weights: tensors by name.
        prefix: beginning of the backbone's names.
    """
    return {name.removeprefix(prefix): value for name, value in weights.items()}


BN = r"(weight|bias|running_mean|running_var|num_batches_tracked)"
"""Ends of the names of a BatchNorm, as part of a regular expression."""

"""DINO: the backbone under ``backbone.``, the head under ``head.``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from exporters.torch.layouts.layout import BN, Weights, renamed, without

EXTRA = re.compile(
    rf"head\.mlp(\.\d+)?\.{BN}|head\.last_layer\.(weight_g|weight_v"
    r"|parametrizations\.weight\.original[01])"
)
"""The head, with either of torch's names for a weight norm."""


class DinoLayout:
    """Full checkpoints of DINO, student or teacher; the released backbones have plain names."""

    name = "DINO"
    source = "facebookresearch/dino 7c446df, main_dino.py and utils.py"

    def recognize(self, keys: Collection[str]) -> bool:
        """As in `Layout`."""
        return any(key.startswith("backbone.") for key in keys)

    def to_torchvision(self, weights: Mapping[str, Any]) -> Weights:
        """As in `Layout`."""
        return renamed(without(weights, EXTRA), "backbone.")

"""Plain names: AiTLAS, torchvision itself, DINO's backbones, SimSiam's linear evaluation, ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from exporters.torch.layouts.layout import Weights


class PlainLayout:
    """Weights under the names that the network itself gives them, with or without a classifier."""

    name = "plain names"
    source = "biasvariancelabs/aitlas; torchvision"

    def recognize(self, keys: Collection[str]) -> bool:
        """As in `Layout`: whatever no other layout recognizes."""
        return True

    def to_torchvision(self, weights: Mapping[str, Any]) -> Weights:
        """As in `Layout`."""
        return dict(weights)

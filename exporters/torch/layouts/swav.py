"""SwAV: torchvision's names, a projection head and prototypes beside them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from exporters.torch.layouts.layout import BN, Weights, without

EXTRA = re.compile(
    rf"projection_head(\.0|\.3)?\.(weight|bias)|projection_head\.1\.{BN}"
    r"|prototypes\.(prototypes\d+\.)?weight"
)


class SwavLayout:
    """Checkpoints of SwAV, released or of a training."""

    name = "SwAV"
    source = "facebookresearch/swav 06b1b7c, src/resnet50.py"

    def recognize(self, keys: Collection[str]) -> bool:
        """As in `Layout`."""
        return any(key.startswith(("projection_head.", "prototypes.")) for key in keys)

    def to_torchvision(self, weights: Mapping[str, Any]) -> Weights:
        """As in `Layout`."""
        return without(weights, EXTRA)

"""SimSiam: the backbone under ``encoder.``, whose ``fc`` is the projection head."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from exporters.torch.layouts.layout import BN, Weights, renamed, without

EXTRA = re.compile(
    rf"encoder\.fc\.[036]\.(weight|bias)|encoder\.fc\.[147]\.{BN}"
    rf"|predictor\.[03]\.(weight|bias)|predictor\.1\.{BN}"
)


class SimsiamLayout:
    """Checkpoints of SimSiam's pretraining; those of its linear evaluation have plain names."""

    name = "SimSiam"
    source = "facebookresearch/simsiam a7bc177, simsiam/builder.py"

    def recognize(self, keys: Collection[str]) -> bool:
        """As in `Layout`."""
        beginnings = {key.partition(".")[0] for key in keys}
        return {"encoder", "predictor"} <= beginnings

    def to_torchvision(self, weights: Mapping[str, Any]) -> Weights:
        """As in `Layout`."""
        return renamed(without(weights, EXTRA), "encoder.")

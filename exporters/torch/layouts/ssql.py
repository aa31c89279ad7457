"""SSQL: BatchNorm lies inside the convolutions, and quantizers beside them."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from exporters.torch.layouts.layout import BN, Weights, without

EXTRA = re.compile(
    rf"encoder_q\.(model\.)?fc\.\d+\.(bn_function\.)?{BN}"
    rf"|predictor\.\d+\.(bn_function\.)?{BN}|.*quantizer.*"
)

RULES = (
    (re.compile(r"^encoder_q\.(model\.)?"), ""),
    (re.compile(r"(^|\.)conv(\d)\.bn_function\."), r"\1bn\2."),
    (re.compile(r"\.downsample\.bn_function\."), ".downsample.1."),
    (re.compile(r"\.downsample\.weight$"), ".downsample.0.weight"),
)
"""Applied to each name in turn; plain names of the SimSiam baseline there match the first alone."""


class SsqlLayout:
    """Checkpoints of SSQL, and of the SimSiam baseline in its repository."""

    name = "SSQL"
    source = "megvii-research/SSQL-ECCV2022 fd36763"

    def recognize(self, keys: Collection[str]) -> bool:
        """As in `Layout`."""
        return any(key.startswith("encoder_q.") for key in keys)

    def to_torchvision(self, weights: Mapping[str, Any]) -> Weights:
        """As in `Layout`."""
        return {plain_name(name): value for name, value in without(weights, EXTRA).items()}


def plain_name(name: str) -> str:
    """The name by which torchvision knows a weight of SSQL.

    >>> plain_name("encoder_q.model.layer1.0.conv2.bn_function.weight")
    'layer1.0.bn2.weight'
    >>> plain_name("encoder_q.model.layer2.0.downsample.weight")
    'layer2.0.downsample.0.weight'
    """
    for pattern, text in RULES:
        name = pattern.sub(text, name)
    return name

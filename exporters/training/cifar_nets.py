"""Two small networks for 32x32 color images in ten classes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from exporters.training.blocks import inverted_residual, residual_block

if TYPE_CHECKING:
    from torch import nn

CLASSES = 10
STAGES = ((16, 1), (32, 2), (64, 2))
"""Stages of ResNet-20: channels, stride of the first of three blocks."""

BOTTLENECKS = (
    (16, 1, 1),
    (24, 2, 3),
    (24, 1, 3),
    (40, 2, 4),
    (40, 1, 4),
    (64, 1, 4),
    (64, 1, 4),
    (96, 2, 4),
)
"""Blocks of the MobileNet-like network: channels, stride, expansion."""

WIDEST = 192
"""Channels before the classifier of the MobileNet-like network."""


def resnet20() -> nn.Module:
    """ResNet-20 of He et al. 2016 (arXiv:1512.03385, section 4.2), with projection shortcuts."""
    from torch import nn

    parts: list[tuple[str, nn.Module]] = [
        ("stem", nn.Conv2d(3, 16, 3, 1, 1, bias=False)),
        ("stem_bn", nn.BatchNorm2d(16)),
        ("stem_relu", nn.ReLU()),
    ]
    width = 16
    for number, (channels, stride) in enumerate(STAGES, 1):
        blocks = OrderedDict[str, nn.Module]()
        for index in range(3):
            blocks[f"block{index}"] = residual_block(width, channels, 1 if index else stride)
            width = channels
        parts.append((f"stage{number}", nn.Sequential(blocks)))
    return nn.Sequential(OrderedDict([*parts, *_classifier(width)]))


def mobilenet() -> nn.Module:
    """Inverted residuals with ReLU6, after MobileNetV2, narrow and for small images."""
    from torch import nn

    parts: list[tuple[str, nn.Module]] = [
        ("stem", nn.Conv2d(3, 16, 3, 1, 1, bias=False)),
        ("stem_bn", nn.BatchNorm2d(16)),
        ("stem_relu", nn.ReLU6()),
    ]
    width = 16
    for number, (channels, stride, expansion) in enumerate(BOTTLENECKS):
        parts.append((f"block{number}", inverted_residual(width, channels, stride, expansion)))
        width = channels
    parts += [
        ("last", nn.Conv2d(width, WIDEST, 1, bias=False)),
        ("last_bn", nn.BatchNorm2d(WIDEST)),
        ("last_relu", nn.ReLU6()),
    ]
    return nn.Sequential(OrderedDict([*parts, *_classifier(WIDEST)]))


def _classifier(width: int) -> list[tuple[str, nn.Module]]:
    from torch import nn

    return [
        ("pool", nn.AdaptiveAvgPool2d(1)),
        ("flatten", nn.Flatten()),
        ("head", nn.Linear(width, CLASSES)),
    ]

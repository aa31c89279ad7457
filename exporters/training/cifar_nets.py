"""Small networks for 32x32 color images: residual ones of several depths, and a MobileNet."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from exporters.training.blocks import inverted_residual, residual_block

if TYPE_CHECKING:
    from torch import nn

CLASSES = 10
STAGES = ((16, 1), (32, 2), (64, 2))
"""Stages of the residual networks: channels, stride of the first block."""

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
    """ResNet-20 for ten classes."""
    return resnet(20)


def resnet(depth: int, classes: int = CLASSES) -> nn.Module:
    """A ResNet of He et al. 2016 (arXiv:1512.03385, section 4.2), with projection shortcuts.

    Args:
        depth: 6n + 2: three stages of n blocks, two convolutions each.
        classes: size of the last layer.
    """
    from torch import nn

    parts: list[tuple[str, nn.Module]] = [
        ("stem", nn.Conv2d(3, 16, 3, 1, 1, bias=False)),
        ("stem_bn", nn.BatchNorm2d(16)),
        ("stem_relu", nn.ReLU()),
    ]
    width = 16
    for number, (channels, stride) in enumerate(STAGES, 1):
        blocks = OrderedDict[str, nn.Module]()
        for index in range((depth - 2) // 6):
            blocks[f"block{index}"] = residual_block(width, channels, 1 if index else stride)
            width = channels
        parts.append((f"stage{number}", nn.Sequential(blocks)))
    return nn.Sequential(OrderedDict([*parts, *_classifier(width, classes)]))


def mobilenet(classes: int = CLASSES) -> nn.Module:
    """Inverted residuals with ReLU6, after MobileNetV2, narrow and for small images.

    Args:
        classes: size of the last layer.
    """
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
    return nn.Sequential(OrderedDict([*parts, *_classifier(WIDEST, classes)]))


def _classifier(width: int, classes: int) -> list[tuple[str, nn.Module]]:
    from torch import nn

    return [
        ("pool", nn.AdaptiveAvgPool2d(1)),
        ("flatten", nn.Flatten()),
        ("head", nn.Linear(width, classes)),
    ]

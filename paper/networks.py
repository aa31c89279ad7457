"""The networks of the study: small ones of five families, for color images of 32x32 pixels.

Each is a factory for ``relcheck train paper/networks.py:NAME``. All begin with a convolution of
stride 2, so that they calculate on 16x16 values and a training on CIFAR-10 takes minutes on one
core. None is the published network of its family: depth and width are a fraction of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from exporters.training.blocks import inverted_residual, residual_block

if TYPE_CHECKING:
    from collections.abc import Iterable

WIDTH = 8
"""Channels of the first stage; the others have two and four times as many."""


def conv(cin: int, cout: int, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    """A convolution, BatchNorm and ReLU.

    Args:
        cin: channels of the input.
        cout: channels of the output.
        kernel: pixels of a side, odd.
        stride: pixels from one output to the next.
    """
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(cout),
        nn.ReLU(),
    )


def _classified(parts: Iterable[nn.Module], width: int, classes: int) -> nn.Module:
    """Average over places, and a last layer."""
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def resnet20(num_classes: int = 10) -> nn.Module:
    """Three stages of three residual blocks (He et al. 2016, arXiv:1512.03385)."""
    return _resnet(20, num_classes)


def resnet32(num_classes: int = 10) -> nn.Module:
    """Three stages of five residual blocks."""
    return _resnet(32, num_classes)


def resnet56(num_classes: int = 10) -> nn.Module:
    """Three stages of nine residual blocks."""
    return _resnet(56, num_classes)


def _resnet(depth: int, classes: int) -> nn.Module:
    parts: list[nn.Module] = [conv(3, WIDTH, stride=2)]
    width = WIDTH
    for stage in range(3):
        wide = WIDTH << stage
        for block in range((depth - 2) // 6):
            parts.append(residual_block(width, wide, 2 if stage and not block else 1))
            width = wide
    return _classified(parts, width, classes)


def vgg(num_classes: int = 10) -> nn.Module:
    """Six convolutions and two matrix products, no shortcuts (after arXiv:1409.1556)."""
    return nn.Sequential(
        conv(3, WIDTH),
        nn.MaxPool2d(2),
        conv(WIDTH, 2 * WIDTH),
        nn.MaxPool2d(2),
        conv(2 * WIDTH, 4 * WIDTH),
        conv(4 * WIDTH, 4 * WIDTH),
        nn.MaxPool2d(2),
        conv(4 * WIDTH, 8 * WIDTH),
        conv(8 * WIDTH, 8 * WIDTH),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * WIDTH * 4, 64),
        nn.ReLU(),
        nn.Linear(64, num_classes),
    )


class DenseLayer(nn.Module):  # type: ignore[misc, unused-ignore]
    """Features, and new ones that were calculated from all of them."""

    def __init__(self, cin: int, growth: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(cin)
        self.relu = nn.ReLU()
        self.conv = nn.Conv2d(cin, growth, 3, 1, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The input with the new channels behind it."""
        return torch.cat([x, self.conv(self.relu(self.norm(x)))], 1)


def densenet(num_classes: int = 10) -> nn.Module:
    """Three blocks of four layers that add eight channels each (after arXiv:1608.06993)."""
    width = 2 * WIDTH
    parts: list[nn.Module] = [nn.Conv2d(3, width, 3, 2, 1, bias=False)]
    for block in range(3):
        for _ in range(4):
            parts.append(DenseLayer(width, WIDTH))
            width += WIDTH
        if block < 2:
            narrow = nn.Conv2d(width, width // 2, 1, bias=False)
            parts += [nn.BatchNorm2d(width), nn.ReLU(), narrow, nn.AvgPool2d(2)]
            width //= 2
    return _classified([*parts, nn.BatchNorm2d(width), nn.ReLU()], width, num_classes)


class InceptionBlock(nn.Module):  # type: ignore[misc, unused-ignore]
    """Four branches side by side (Szegedy et al. 2016, arXiv:1512.00567, figure 5)."""

    def __init__(self, cin: int, branch: int) -> None:
        super().__init__()
        self.one = conv(cin, branch, 1)
        self.three = nn.Sequential(conv(cin, branch, 1), conv(branch, branch))
        self.five = nn.Sequential(conv(cin, branch, 1), conv(branch, branch), conv(branch, branch))
        self.pooled = nn.Sequential(nn.AvgPool2d(3, 1, 1), conv(cin, branch, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Four times ``branch`` channels."""
        return torch.cat([self.one(x), self.three(x), self.five(x), self.pooled(x)], 1)


def inception(num_classes: int = 10) -> nn.Module:
    """Four Inception blocks."""
    parts = [
        conv(3, 2 * WIDTH, stride=2),
        InceptionBlock(16, WIDTH),
        nn.MaxPool2d(2),
        InceptionBlock(32, 2 * WIDTH),
        nn.MaxPool2d(2),
        InceptionBlock(64, 2 * WIDTH),
        InceptionBlock(64, 3 * WIDTH),
    ]
    return _classified(parts, 96, num_classes)


def mobilenet(num_classes: int = 10) -> nn.Module:
    """Seven inverted residuals with ReLU6 (after arXiv:1801.04381)."""
    stem = nn.Sequential(
        nn.Conv2d(3, WIDTH, 3, 2, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU6()
    )
    parts: list[nn.Module] = [stem]
    width = WIDTH
    for channels, stride in ((8, 1), (16, 1), (16, 1), (24, 2), (24, 1), (48, 2), (48, 1)):
        parts.append(inverted_residual(width, channels, stride, 3))
        width = channels
    last = nn.Sequential(nn.Conv2d(width, 96, 1, bias=False), nn.BatchNorm2d(96), nn.ReLU6())
    return _classified([*parts, last], 96, num_classes)

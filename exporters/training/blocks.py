"""The building blocks of the project's own networks.

One naming rule holds in all of them: the BatchNorm that follows the convolution ``X`` is called
``X_bn``; `exporters.training.digits.fold_batchnorm` relies on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


def residual_block(cin: int, cout: int, stride: int) -> nn.Module:
    """Two 3x3 convolutions and a shortcut (He et al. 2016, arXiv:1512.03385, with projection).

    Args:
        cin: channels of the input.
        cout: channels of the output.
        stride: of the first convolution and of the shortcut.

    Returns:
        A module from float32 (N, cin, H, W) to float32 (N, cout, H/stride, W/stride).
    """
    from torch import nn

    class Residual(nn.Module):  # type: ignore[misc, unused-ignore]
        """The sum of two convolutions and of the input."""

        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
            self.conv1_bn = nn.BatchNorm2d(cout)
            self.relu1 = nn.ReLU()
            self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
            self.conv2_bn = nn.BatchNorm2d(cout)
            same = cin == cout and stride == 1
            self.shortcut = nn.Identity() if same else nn.Conv2d(cin, cout, 1, stride, bias=False)
            self.shortcut_bn = nn.Identity() if same else nn.BatchNorm2d(cout)
            self.relu2 = nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.relu1(self.conv1_bn(self.conv1(x)))
            y = self.conv2_bn(self.conv2(y)) + self.shortcut_bn(self.shortcut(x))
            result: torch.Tensor = self.relu2(y)
            return result

    return Residual()


def inverted_residual(cin: int, cout: int, stride: int, expansion: int) -> nn.Module:
    """Widen, filter each channel, narrow (Sandler et al. 2018, arXiv:1801.04381, figure 4).

    Args:
        cin: channels of the input.
        cout: channels of the output.
        stride: of the convolution that filters each channel.
        expansion: channels in the middle, as a multiple of ``cin``.

    Returns:
        A module from float32 (N, cin, H, W) to float32 (N, cout, H/stride, W/stride).
    """
    from torch import nn

    wide = cin * expansion

    class InvertedResidual(nn.Module):  # type: ignore[misc, unused-ignore]
        """A linear bottleneck; the input is added where it has the output's shape."""

        def __init__(self) -> None:
            super().__init__()
            self.expand = nn.Conv2d(cin, wide, 1, bias=False)
            self.expand_bn = nn.BatchNorm2d(wide)
            self.expand_relu = nn.ReLU6()
            self.depthwise = nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False)
            self.depthwise_bn = nn.BatchNorm2d(wide)
            self.depthwise_relu = nn.ReLU6()
            self.project = nn.Conv2d(wide, cout, 1, bias=False)
            self.project_bn = nn.BatchNorm2d(cout)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = self.expand_relu(self.expand_bn(self.expand(x)))
            y = self.depthwise_relu(self.depthwise_bn(self.depthwise(y)))
            y = self.project_bn(self.project(y))
            result: torch.Tensor = y + x if cin == cout and stride == 1 else y
            return result

    return InvertedResidual()

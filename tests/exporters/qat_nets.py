"""Small networks for tests of quantization-aware training, and their forms side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn import functional

from analyzer.runtime.ort.session import open_session, run_session, session_options
from exporters.qat.network import make_network
from exporters.qat.prepare import Prepared, prepare
from exporters.qat.written import written

SHAPE = (3, 12, 12)


class Sum(nn.Module):  # type: ignore[misc, unused-ignore]
    """Two convolutions, added; `after` works on the sum."""

    def __init__(self, after: nn.Module | None = None, join: Any = None) -> None:
        super().__init__()
        self.a = nn.Sequential(nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8))
        self.b = nn.Sequential(nn.Conv2d(3, 8, 1, bias=False), nn.BatchNorm2d(8))
        self.after = after or nn.Identity()
        self.join = join or torch.add

    def forward(self, x: Any) -> Any:
        return self.after(self.join(self.a(x), self.b(x)))


def concatenate(a: Any, b: Any) -> Any:
    return torch.cat([functional.relu(a), 3.0 * b], 1)


def conv(*after: nn.Module, groups: int = 1, bias: bool = False) -> nn.Module:
    """A convolution to 12 channels, BatchNorm, and what is behind them."""
    return nn.Sequential(
        nn.Conv2d(3, 12, 3, 1, 1, groups=groups, bias=bias), nn.BatchNorm2d(12), *after
    )


LAYERS: dict[str, Callable[[], nn.Module]] = {
    "conv": lambda: nn.Conv2d(3, 12, 3, 2, 1),
    "conv_norm": conv,
    "conv_bias_norm_relu": lambda: conv(nn.ReLU(), bias=True),
    "conv_norm_relu6": lambda: conv(nn.ReLU6()),
    "depthwise": lambda: conv(nn.ReLU(), groups=3),
    "residual": Sum,
    "residual_relu": lambda: Sum(nn.ReLU()),
    "product": lambda: Sum(join=torch.mul),
    "concat": lambda: Sum(join=concatenate),
    "max_pool": lambda: conv(nn.ReLU(), nn.MaxPool2d(3, 2, 1)),
    "average_pool": lambda: conv(nn.ReLU(), nn.AvgPool2d(2)),
    "average_pool_padded": lambda: conv(nn.ReLU(), nn.AvgPool2d(3, 1, 1)),
    "global_average": lambda: conv(nn.ReLU(), nn.AdaptiveAvgPool2d(1)),
    "linear": lambda: nn.Sequential(nn.Flatten(), nn.Linear(432, 7)),
    "linear_relu": lambda: nn.Sequential(nn.Flatten(), nn.Linear(432, 7), nn.ReLU()),
}
"""Single layers that ONNX Runtime runs on integers, by name."""


@dataclass(frozen=True)
class Twin:
    """A network in its three forms."""

    network: nn.Module
    prepared: Prepared
    quantized: Any

    @property
    def model(self) -> onnx.ModelProto:
        return written(self.quantized, self.prepared)

    def deployed(self, x: torch.Tensor) -> np.ndarray[Any, Any]:
        """Answers of ONNX Runtime, on the written file."""
        result = run_session(
            open_session(self.model, session_options()), {self.prepared.ends[0]: x.numpy()}
        )
        return np.asarray(result.outputs[0])  # type: ignore[union-attr]


def twin(network: nn.Module, shape: tuple[int, int, int] = SHAPE, **settings: Any) -> Twin:
    """A network with some life in its BatchNorms, ready to train."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.weight.copy_(0.5 + torch.rand(module.weight.shape, generator=generator))
                module.bias.copy_(torch.randn(module.bias.shape, generator=generator))
                module.running_mean.normal_(generator=generator)
                module.running_var.uniform_(0.5, 2.0, generator=generator)
    prepared = prepare(network.eval(), shape, {}, **settings)
    quantized = make_network(prepared)
    quantized.calibrate([images(16, shape)])
    return Twin(network, prepared, quantized)


def images(count: int, shape: tuple[int, int, int] = SHAPE, seed: int = 0) -> torch.Tensor:
    """Random inputs, standard normal."""
    return torch.randn((count, *shape), generator=torch.Generator().manual_seed(seed))

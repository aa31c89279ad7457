"""Operators of all families of networks, in quantization-aware training."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchao")

import torch
from torch import nn
from torch.nn import functional

from exporters.qat.values import Values
from tests.exporters.qat_nets import images, twin


class Every(nn.Module):  # type: ignore[misc, unused-ignore]
    """Parts of DenseNet, ShuffleNet, MobileNetV3, EfficientNet and a Vision Transformer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8)
        self.grow = nn.Conv2d(8, 8, 3, 1, 1, bias=False)
        self.squeeze, self.excite = nn.Conv2d(16, 4, 1), nn.Conv2d(4, 16, 1)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.before, self.after = nn.LayerNorm(16), nn.LayerNorm(16)
        self.first, self.second = nn.Linear(16, 24), nn.Linear(24, 16)
        self.head = nn.Linear(16, 5)

    def forward(self, x: Any) -> Any:
        x = self.stem(x)
        x = torch.cat([x, self.grow(functional.relu(self.norm(x)))], 1)  # DenseNet
        n, c, h, w = x.shape
        x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)  # ShuffleNet
        left, right = x.chunk(2, 1)
        x = torch.cat([functional.hardswish(left), functional.silu(right)], 1)
        gate = self.excite(functional.relu(self.squeeze(x.mean((2, 3), keepdim=True))))
        x = x * functional.hardsigmoid(gate)  # MobileNetV3
        x = x.flatten(2).transpose(1, 2)
        y = self.before(x)
        x = x + self.attention(y, y, y, need_weights=False)[0]  # ViT
        x = x + self.second(functional.gelu(self.first(self.after(x))))
        return self.head(x.mean(1))


def test_operators_of_all_families() -> None:
    torch.manual_seed(0)
    made = twin(Every())
    x = images(24, seed=4)
    step = float(Values(made.quantized).rounding_of(made.prepared.ends[1]).scale)
    answers = made.quantized.eval()(x).numpy()
    with torch.no_grad():
        floats = made.network(x).numpy()
    assert np.abs(answers - floats).max() < 24 * step
    assert np.abs(made.deployed(x) - answers).max() < 4 * step  # floats on the way: next codes
    assert np.abs(made.quantized.simulate(x).numpy() - answers).max() < 4 * step
    network = made.quantized.train()
    functional.cross_entropy(network(x), torch.arange(24) % 5).backward()
    missing = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert missing == []
    names = {name.rpartition(":")[2] for name, _ in network.named_parameters()}
    assert {"head/weight", "head/bias", "stem/weight", "before/weight"} <= names


def test_batchnorm_that_no_convolution_takes_in_is_frozen_too() -> None:
    torch.manual_seed(0)
    made = twin(nn.Sequential(nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 4, 3)))
    network = made.quantized.train()
    mean = next(v for n, v in network.named_buffers() if n.endswith("running_mean"))
    before = mean.clone()
    network(images(8, seed=2) + 3)
    assert not torch.equal(mean, before)
    network.freeze_batchnorm()
    before = mean.clone()
    network(images(8, seed=3) - 3)
    assert torch.equal(mean, before)
    x = images(24, seed=4)
    assert np.array_equal(made.quantized.eval()(x).numpy(), made.deployed(x))

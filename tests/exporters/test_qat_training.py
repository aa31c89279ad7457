"""Quantization-aware training: observers, gradients, BatchNorm, and the engine."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchao")

import torch
from torch import nn

from analyzer.errors import CannotQuantize
from exporters.qat.objective import quantization_aware
from exporters.qat.prepare import prepare
from exporters.qat.rounding import AVERAGING, SIGNED, UNSIGNED, make_rounding
from exporters.qat.settings import QatSettings
from exporters.training.loop import fit
from exporters.training.settings import FitSettings
from tests.exporters import fit_nets
from tests.exporters.qat_nets import LAYERS, SHAPE, Twin, images, twin

Floats = npt.NDArray[np.float64]


def moving(tensors: list[npt.NDArray[Any]], axes: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Moving averages of minimum and maximum, by the formula."""
    low, high = tensors[0].min(axes), tensors[0].max(axes)
    for tensor in tensors[1:]:
        low = low + AVERAGING * (tensor.min(axes) - low)
        high = high + AVERAGING * (tensor.max(axes) - high)
    return low, high


def test_ranges_of_activations_are_moving_averages() -> None:
    rng = np.random.default_rng(0)
    tensors = [rng.normal(1.0, 2.0, (4, 5)).astype(np.float32) for _ in range(9)]
    rounding = make_rounding(UNSIGNED, symmetric=False)
    for tensor in tensors:
        rounding.observe(torch.from_numpy(tensor))
    low, high = moving(tensors, (0, 1))
    scale = (max(float(high), 0.0) - min(float(low), 0.0)) / 255
    zero = -np.rint(low / scale)
    assert float(rounding.scale) == pytest.approx(scale, rel=1e-5)
    assert int(rounding.zero_point) == zero
    x = np.linspace(-20, 20, 101, dtype=np.float32)
    codes = np.clip(np.rint(x / np.float32(rounding.scale)), -zero, 255 - zero)
    assert np.array_equal(rounding.codes(torch.from_numpy(x)).numpy(), codes)
    assert np.allclose(rounding(torch.from_numpy(x)).numpy(), codes * scale, atol=1e-4)


def test_ranges_of_weights_are_moving_averages_of_each_channel_and_symmetric() -> None:
    rng = np.random.default_rng(1)
    tensors = [rng.normal(size=(3, 4, 2, 2)).astype(np.float32) for _ in range(5)]
    rounding = make_rounding(SIGNED, symmetric=True, axis=0, channels=3)
    for tensor in tensors:
        rounding.observe(torch.from_numpy(tensor))
    low, high = moving(tensors, (1, 2, 3))
    assert np.allclose(rounding.scale.numpy(), np.maximum(-low, high) / 127, rtol=1e-5)
    assert not rounding.zero_point.any()


def test_gradients_pass_where_values_are_within_the_range() -> None:
    rounding = make_rounding(UNSIGNED, symmetric=False)
    rounding.observe(torch.tensor([-1.0, 3.0]))
    x = torch.tensor([-2.0, -0.5, 0.3, 2.9, 3.5], requires_grad=True)
    rounding(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0, 1.0, 0.0]


def steps(made: Twin, count: int, rate: float = 0.002) -> list[float]:
    network = made.quantized.train()
    optimizer = torch.optim.SGD(network.parameters(), rate)
    x = images(24, seed=1)
    labels = torch.arange(24) % 3
    losses = []
    for _ in range(count):
        loss = nn.functional.cross_entropy(network(x), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


def classifier() -> nn.Module:
    return nn.Sequential(LAYERS["residual_relu"](), nn.Flatten(), nn.Linear(1152, 3))


def test_every_weight_gets_a_gradient_and_the_loss_falls() -> None:
    torch.manual_seed(0)
    network = classifier()
    nn.init.zeros_(network[2].bias)  # a fresh classifier: the exporter would drop its bias
    made = twin(network)
    losses = steps(made, 24)
    assert losses[-1] < losses[0] / 2
    named = dict(made.quantized.named_parameters())
    assert len(named) == 2 * 3 + 2
    for name, value in named.items():
        assert value.grad is not None, name
        assert value.grad.abs().sum() > 0, name
    made.quantized.freeze_batchnorm()
    made.quantized.freeze_ranges()
    assert steps(made, 6)[-1] < losses[-1]
    x = images(64, seed=7)
    assert np.array_equal(made.quantized.eval()(x).numpy(), made.deployed(x))


def test_batchnorm_learns_as_torchs_own_until_it_is_frozen() -> None:
    torch.manual_seed(0)
    made = twin(LAYERS["conv_norm"]())
    own, x = copy.deepcopy(made.network).train(), images(24, seed=1)
    wanted = own(x)
    found = made.quantized.train()(x)
    (folded,) = made.quantized.folded.values()
    norm: Any = own[1]
    assert torch.allclose(folded.mean, norm.running_mean, atol=5e-3)
    assert torch.allclose(folded.variance, norm.running_var, rtol=2e-2)
    assert (found - wanted).abs().mean() < 0.02
    made.quantized.freeze_batchnorm()
    before = folded.mean.clone()
    made.quantized(images(24, seed=2) + 5)
    assert torch.equal(folded.mean, before)


def test_a_channel_that_batchnorm_switches_off_can_learn() -> None:
    torch.manual_seed(0)
    network = LAYERS["conv_norm"]()
    made = twin(network)
    (folded,) = made.quantized.folded.values()
    with torch.no_grad():
        folded.scale[0] = 0.0
    made.quantized.train()(images(24, seed=1)).square().sum().backward()
    assert folded.scale.grad.isfinite().all()
    assert folded.weight.grad.isfinite().all()
    assert folded.scale.grad[0] != 0


def test_frozen_ranges_stay() -> None:
    made = twin(LAYERS["residual"]())
    made.quantized.freeze_ranges()
    before = copy.deepcopy(made.quantized.state_dict())
    made.quantized.freeze_batchnorm()
    made.quantized.train()(5 * images(8, seed=3))
    after = made.quantized.state_dict()
    activations = [r.scale for r in made.prepared.placement.values.values()]
    for name in activations:
        key = f"roundings.tensor:{name.replace('.', '/')}.scale"
        assert torch.equal(before[key], after[key]), name


class Plain(fit_nets.Tiny):
    """The tests' classification objective, on one view and one network."""

    def __init__(self) -> None:
        super().__init__()
        self.network = self.network["student"]

    def parameters(self) -> list[Any]:
        return list(self.network.parameters())

    def loss(self, batch: Any, step: Any) -> Any:
        return torch.nn.functional.cross_entropy(self.network(batch.views[0]), batch.labels)

    def after_step(self, step: Any) -> None: ...

    def evaluate(self, source: Any) -> dict[str, float]:
        stack = np.stack([source.image(i) for i in range(len(source))])
        answers = self.network(
            torch.from_numpy(stack.astype(np.float32).transpose(0, 3, 1, 2) / 255)
        )
        right = answers.argmax(1).cpu().numpy() == source.labels
        return {"top1": float(right.mean()), "loss": 0.0}


def wishes(epochs: int) -> FitSettings:
    return FitSettings(epochs=epochs, keep="last", batch=8, learning_rate=0.01, threads=0)


def aware(settings: QatSettings) -> Any:
    shape = (fit_nets.CLASSES, fit_nets.SIDE, fit_nets.SIDE)
    return quantization_aware(Plain(), shape, {}, settings, fit_nets.images())


def test_the_engine_trains_resumes_and_writes(tmp_path: Path) -> None:
    settings = QatSettings(batchnorm_epochs=1, range_epochs=2)
    source, others = fit_nets.images(), fit_nets.images(16, seed=1)
    whole = aware(settings)
    fit(whole, source, others, wishes(4), None)
    part = aware(settings)
    fit(part, source, others, wishes(2), tmp_path)
    again = aware(settings)
    fit(again, source, others, wishes(4), tmp_path)
    assert not again.network.learning_batchnorm
    assert not again.network.observing
    model = whole.model()
    assert model.SerializeToString() == again.model().SerializeToString()
    notes = {entry.key: entry.value for entry in model.metadata_props}
    assert "quantization-aware" in notes["relcheck.quantization"]
    found = whole.agreement(model, others)
    assert (found.images, found.differing) == (16, 0)
    assert whole.identity["range epochs"] == "2"
    assert whole.identity["averaging"] == "0.01"


def test_an_operator_that_training_cannot_run_is_named() -> None:
    class Sine(nn.Module):  # type: ignore[misc, unused-ignore]
        def forward(self, x: Any) -> Any:
            return torch.sin(x.flatten(1)[:, :4]) @ torch.ones(4, 3)

    with pytest.raises(CannotQuantize, match="Sin, which quantization-aware training cannot run"):
        prepare(Sine().eval(), SHAPE, {})

"""Fake quantization beside torch's own, and the bit widths that SSQL draws."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")

from exporters.pretraining.encoder import without_classifier  # noqa: E402
from exporters.pretraining.fake_quantization import (  # noqa: E402
    Bits,
    quantizable,
    quantized,
    quantized_input,
    quantized_weight,
)
from exporters.pretraining.methods import method_named  # noqa: E402
from exporters.training.objective import StepInfo  # noqa: E402
from tests.exporters.ssl_nets import SIDE, network  # noqa: E402


def values(seed: int, *shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 500), st.integers(2, 8))
@settings(max_examples=40, deadline=None)
def test_weights_are_rounded_as_torch_does_it(seed: int, bits: int) -> None:
    weight = values(seed, 5, 3, 3, 3)
    most = 2 ** (bits - 1) - 1
    scale = weight.abs().flatten(1).amax(1) / most
    zeros = torch.zeros(5, dtype=torch.int32)
    wanted = torch.fake_quantize_per_channel_affine(weight, scale, zeros, 0, -most - 1, most)
    torch.testing.assert_close(quantized_weight(weight, bits), wanted, rtol=1e-5, atol=1e-6)


@given(st.integers(0, 500), st.integers(2, 8), st.booleans())
@settings(max_examples=40, deadline=None)
def test_inputs_are_rounded_as_torch_does_it(seed: int, bits: int, rectified: bool) -> None:
    given_values = values(seed, 4, 3, 5, 5).relu() if rectified else values(seed, 4, 3, 5, 5)
    low, high = min(0.0, float(given_values.min())), max(0.0, float(given_values.max()))
    scale = (high - low) / (2**bits - 1)
    wanted = torch.fake_quantize_per_tensor_affine(
        given_values, scale, round(-low / scale), 0, 2**bits - 1
    )
    found = quantized_input(given_values, bits)
    near = (found - wanted).abs() < 1e-5
    assert near.double().mean() > 0.98  # ties of float32 may fall to either side
    assert (found - wanted).abs().max() <= 1.01 * scale
    assert len(found.unique()) <= 2**bits


def test_gradients_pass_as_if_nothing_were_rounded() -> None:
    weight = values(0, 4, 3).requires_grad_()
    given_values = values(1, 2, 3).requires_grad_()
    slopes = values(2, 4, 3)
    (quantized_weight(weight, 2) * slopes).sum().backward()
    torch.testing.assert_close(weight.grad, slopes)
    quantized_input(given_values, 4).sum().backward()
    torch.testing.assert_close(given_values.grad, torch.ones(2, 3))


def test_layers_run_quantized_within_the_context_and_as_before_behind_it() -> None:
    net = network().train()
    given_values = torch.rand(6, 3, SIDE, SIDE)
    layers = {layer: Bits(2, 4) for layer in quantizable(net)}
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with quantized(layers, net):
        rounded = net(given_values)
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    plain = net(given_values)
    assert not torch.allclose(rounded, plain, atol=1e-3)
    assert not torch.equal(before["1.running_mean"], net.state_dict()["1.running_mean"])
    with pytest.raises(ZeroDivisionError), quantized(layers, net):
        _ = 1 / 0
    again = network().train()
    torch.testing.assert_close(again(given_values), net(given_values), rtol=0, atol=0)


def test_ssql_draws_every_width_and_leaves_both_ends_at_eight_bits() -> None:
    encoder = without_classifier(network(), (3, SIDE, SIDE))
    learner: Any = method_named("ssql:dim=16").learner(encoder, 5)
    steps = [StepInfo(0, number, 400, 1) for number in range(400)]
    drawn = [learner.draw(step) for step in steps]
    assert drawn == [learner.draw(step) for step in steps]
    assert set(Counter(w for w, _ in drawn)) == set(range(2, 9))
    assert set(Counter(a for _, a in drawn)) == set(range(4, 9))
    weights, activations = drawn[7]
    bits = learner.bits(steps[7])
    first, second = quantizable(learner.backbone)
    assert bits[first] == Bits(8, 8)
    assert bits[second] == Bits(weights, activations)
    assert {bits[layer] for layer in quantizable(learner.projector)} == {Bits(8, None)}
    assert not any(layer in bits for layer in quantizable(learner.predictor))
    other: Any = method_named("ssql:dim=16").learner(
        without_classifier(network(), (3, SIDE, SIDE)), 6
    )
    assert [other.draw(step) for step in steps] != drawn


def test_the_loss_of_ssql_is_simsiams_if_nothing_is_rounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from contextlib import nullcontext

    views = (torch.rand(8, 3, SIDE, SIDE), torch.rand(8, 3, SIDE, SIDE))
    losses = []
    for name in ("simsiam", "ssql"):
        torch.manual_seed(0)
        encoder = without_classifier(network(), (3, SIDE, SIDE))
        torch.manual_seed(1)
        learner: Any = method_named(f"{name}:dim=16").learner(encoder, 0)
        learner.network.train()
        if name == "ssql":
            losses.append(learner.loss(views, StepInfo(0, 0, 1, 1)))
            monkeypatch.setattr(
                "exporters.pretraining.methods.ssql.quantized", lambda *_: nullcontext()
            )
        losses.append(learner.loss(views, StepInfo(0, 0, 1, 1)))
    plain, rounded, unrounded = losses
    torch.testing.assert_close(plain, unrounded)
    assert not torch.isclose(plain, rounded, atol=1e-4)

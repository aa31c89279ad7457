"""The integer arithmetic of quantization-aware training: ONNX Runtime's, to the bit."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchao")

import onnx
import torch
from torch import nn

from analyzer.runtime.ort.device import CPU
from analyzer.runtime.ort.int8_sums import Int8Sums, int8_sums
from exporters.qat.agreement import compare
from exporters.qat.rounding import bias_codes, round_bias, wide_enough
from exporters.qat.values import Values
from exporters.quantize.ptq import quantize_proto
from exporters.training import cifar_nets
from tests.exporters.qat_nets import LAYERS, Twin, conv, images, twin

exact_sums = pytest.mark.skipif(
    int8_sums(CPU) is Int8Sums.SATURATING, reason="this processor's int8 kernels saturate"
)


def last_scale(made: Twin) -> float:
    return float(Values(made.quantized).rounding_of(made.prepared.ends[1]).scale)


@exact_sums
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_gives_the_codes_of_onnx_runtime(name: str) -> None:
    torch.manual_seed(3)
    made = twin(LAYERS[name]())
    x = images(32, seed=9)
    answers = made.quantized.eval()(x).numpy()
    deployed = made.deployed(x)
    assert len(np.unique(deployed)) > 10
    assert np.array_equal(answers, deployed)
    simulated = made.quantized.simulate(x).numpy()  # on floats: next to a tie, one code aside
    apart = np.rint(np.abs(simulated - deployed) / last_scale(made))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.1


@exact_sums
def test_a_pooling_of_the_whole_image_is_summed_as_a_global_one() -> None:
    torch.manual_seed(0)
    made = twin(conv(nn.ReLU(), nn.AvgPool2d(8)), (3, 8, 8))
    x = images(256, (3, 8, 8), seed=9)
    assert np.array_equal(made.quantized.eval()(x).numpy(), made.deployed(x))


@exact_sums
def test_a_network_and_its_file_agree_to_the_image() -> None:
    torch.manual_seed(0)
    made = twin(cifar_nets.mobilenet(), (3, 32, 32))
    made.quantized.eval()
    x = images(48, (3, 32, 32), seed=4)
    found = compare(made.quantized, made.model, lambda: [made.quantized(b) for b in x.split(16)])
    assert (found.images, found.differing, found.scores_differing) == (48, 0, 0)
    assert found.float_operators == ()
    assert found.sentence == "ONNX Runtime decides 48 of 48 images as torch does"


def test_images_that_differ_are_counted_with_the_cause() -> None:
    torch.manual_seed(0)
    made = twin(nn.Sequential(conv(nn.Sigmoid(), nn.AdaptiveAvgPool2d(1)), nn.Flatten()))
    other = made.model
    made.quantized.eval()
    codes = next(t for t in other.graph.initializer if t.name.endswith("bias_quantized"))
    moved = np.roll(onnx.numpy_helper.to_array(codes), 1)
    codes.CopyFrom(onnx.numpy_helper.from_array(moved, codes.name))
    found = compare(made.quantized, other, lambda: made.quantized(images(32, seed=2)))
    assert found.images == 32
    assert 0 < found.differing <= found.scores_differing
    assert found.float_operators == ("Sigmoid",)
    assert "the other" in found.sentence
    assert "Sigmoid compute on floats" in found.sentence


def test_the_file_is_what_the_quantizer_writes_but_for_its_numbers() -> None:
    made = twin(LAYERS["residual_relu"]())
    feed = {made.prepared.ends[0]: images(16).numpy()}
    plain, trained = quantize_proto(made.prepared.model, [feed]), made.model
    assert [n.SerializeToString() for n in plain.graph.node] == [
        n.SerializeToString() for n in trained.graph.node
    ]
    for old, new in zip(plain.graph.initializer, trained.graph.initializer, strict=True):
        assert (old.name, old.data_type, old.dims) == (new.name, new.data_type, new.dims)
        values, trained_values = map(onnx.numpy_helper.to_array, (old, new))
        # Both saw the same images, so that only the rounding of the ranges may differ.
        assert np.allclose(values.astype(float), trained_values, rtol=1e-3, atol=1.01), old.name


def test_weights_of_seven_bits() -> None:
    made = twin(LAYERS["conv_norm"](), reduce_range=True)
    codes = next(t for t in made.model.graph.initializer if t.name.endswith("weight_quantized"))
    values = onnx.numpy_helper.to_array(codes)
    assert np.abs(values.reshape(12, -1).astype(int)).max(1).tolist() == [64] * 12


def test_a_bias_is_rounded_to_whole_multiples_and_passes_its_gradient() -> None:
    bias = torch.tensor([0.26, -1.0], requires_grad=True)
    rounded = round_bias(bias, torch.tensor([0.1, 0.3]))
    assert rounded.tolist() == pytest.approx([0.3, -0.9])
    rounded.sum().backward()
    assert bias.grad is not None
    assert bias.grad.tolist() == [1.0, 1.0]


def test_a_bias_beside_vanishing_weights_stays_within_int32() -> None:
    bias, scale, x = torch.tensor([3.0, 3.0]), torch.tensor([1e-7, 0.1]), torch.tensor(0.01)
    wide = wide_enough(scale, bias, x)
    assert wide[1] == scale[1]
    codes = bias_codes(bias.double(), (wide * x).double())
    assert codes.abs().max() <= 2**30
    assert (codes * wide * x).tolist() == pytest.approx([3.0, 3.0], rel=1e-6)

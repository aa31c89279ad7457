"""Which tensors belong to which site, and where thresholds are stored."""

import numpy as np
import onnx
import pytest

from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.bounds.find import find_bounds
from exporters.hardening.bounds.insert import insert_bounds, open_thresholds
from exporters.hardening.clipact.layers import find_layers
from tests.exporters.nets import network

W = np.ones((3, 3), np.float32)

RESIDUAL = (
    "s = MatMul (image, stem) a = Relu (s) "
    "short = MatMul (a, down) "  # before the block's first Relu, and part of its last layer
    "p = MatMul (a, first) q = Add (p, bias) b = Relu (q) "
    "r = MatMul (b, second) t = Add (r, short) c = Relu (t) d = Relu (c) "
    "u = Mul (d, gain) e = LeakyRelu (u) scores = MatMul (e, last)"
)
NAMES = ("last", "down", "first", "bias", "stem", "second", "gain")


def residual() -> onnx.ModelProto:
    return network(RESIDUAL, {name: W if name != "bias" else W[0] for name in NAMES})


def test_layers_of_a_residual_graph() -> None:
    proto = residual()
    sites = survey(proto).sites
    assert [s.value for s in sites] == ["a", "b", "c", "d", "e"]
    assert find_layers(proto.graph, sites, NAMES) == {
        "a": ("stem",),
        "b": ("first", "bias"),
        "c": ("down", "second"),
        "d": (),
        "e": ("gain",),
    }


def test_tensors_that_are_not_at_risk_belong_nowhere() -> None:
    proto = residual()
    layers = find_layers(proto.graph, survey(proto).sites, {"stem", "second"})
    assert layers == {"a": ("stem",), "b": (), "c": ("second",), "d": (), "e": ()}


def test_a_tensor_that_two_layers_read_belongs_to_the_first() -> None:
    body = "p = MatMul (image, w) a = Relu (p) q = MatMul (a, w) b = Relu (q) scores = Neg (b)"
    proto = network(body, {"w": W})
    assert find_layers(proto.graph, survey(proto).sites, {"w"}) == {"a": ("w",), "b": ()}


@pytest.mark.parametrize("opset", [11, 17])
def test_thresholds_are_found_in_the_graph(opset: int) -> None:
    body = "p = MatMul (image, w) a = Relu (p) b = LeakyRelu (a) scores = Neg (b)"
    proto = network(body, {"w": W}, opset=opset)
    sites = survey(proto).sites
    insert_bounds(proto, sites, open_thresholds(sites), CLIPPING)
    found = [bound.limits for bound in find_bounds(proto)]
    assert found == [(None, "a_threshold"), ("b_low_threshold", "b_threshold")]

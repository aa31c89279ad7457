"""Messages of ONNX Runtime lose what only its own developers can use."""

import pytest

from analyzer.errors import UnsupportedModel
from analyzer.runtime.ort.load_advice import load_advice
from analyzer.runtime.ort.session import open_session, session_options, short_reason
from tests.support import parse_model

PLACES = {
    "function": "/onnxruntime_src/onnxruntime/core/graph.cc:7 onnxruntime::Graph::Resolve(int) ",
    "const": "/onnxruntime_src/a.h:1 virtual void F::G(A<B(int)>*, int) const ",
    "template": (
        "/onnxruntime_src/onnxruntime/core/element_wise_ops.cc:2444 void onnxruntime::CallMod<T, "
        "typename std::enable_if<std::is_floating_point<_Tp>::value, void>::type>::operator()("
        "bool, onnxruntime::OpKernelContext*) const [with T = float; typename X = void] "
    ),
    "bare": "/onnxruntime_src/a.cc:12 ",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_places_in_source_are_left_out(place: str) -> None:
    error = ValueError(f"[ONNXRuntimeError] : 1 : FAIL : While running Mod: {place}it must be true")
    assert short_reason(error) == "While running Mod: it must be true"


def test_long_messages_are_cut() -> None:
    assert short_reason(ValueError("a" * 400)) == "a" * 299 + "…"


IDENTITY = '<ir_version: 8, opset_import: ["" : {}, "my" : 1]> g (float[N] x) => (float[N] y) {{'


@pytest.mark.parametrize(
    ("opset", "node", "advice"),
    [
        (6, "y = Add (x, x)", "export with a newer opset"),
        (17, "c = Cast <to = 16> (x) e = Erf (c) y = Cast <to = 1> (e)", "export in float32, or"),
        (17, "y = my.Act (x)", "my:Act is a custom operator"),
    ],
)
def test_models_that_cannot_be_loaded_get_advice(opset: int, node: str, advice: str) -> None:
    proto = parse_model(f"{IDENTITY.format(opset)} {node} }}")
    with pytest.raises(UnsupportedModel, match="cannot load the model") as caught:
        open_session(proto, session_options())
    assert advice in str(caught.value)


def test_kernels_that_are_missed_late_get_the_same_advice() -> None:
    assert "older opset" in load_advice("Failed to find kernel for Swish(24) (node:'' ep:'CPU')")
    assert load_advice("Graph is not a DAG") == ""

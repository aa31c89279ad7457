"""Messages of ONNX Runtime lose what only its own developers can use."""

import pytest

from analyzer.runtime.ort.session import short_reason

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

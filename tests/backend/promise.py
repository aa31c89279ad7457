"""What must hold of every model of the suite: it is analyzed, or refused with one sentence."""

import re
from collections.abc import Iterator

import onnx

from tests.backend.suite import BackendModel
from tests.backend.walk import End, Step

REFUSAL = re.compile(r"(?P<sentence>[^\n]{20,700}) \[(?P<slug>[a-z]+(-[a-z]+)*)\]")

NOISE = (
    *("Traceback", "onnxruntime_src", "<class", "ONNXRuntimeError", "Error("),
    *("object has no attribute", "could not be broadcast", "cannot reshape array", "argument"),
)
"""Words of a program's insides, which help nobody who has a model at hand."""

DIVIDING = frozenset({"Div", "Mod"})
"""Operators whose integer kernels end the process when a stored divisor becomes zero."""


def broken(model: BackendModel, step: Step) -> list[str]:
    """Everything that one step shows to be wrong; empty if the promise is kept.

    Args:
        model: the model.
        step: its walk.
    """
    return [*_ending(model, step), *_sentences(step)]


def _ending(model: BackendModel, step: Step) -> Iterator[str]:
    if step.end in (End.BROKEN, End.DIFFERS):
        yield f"{step.end}: {step.text}"
    if step.end == End.CRASHED and not divides_by_stored_integers(model.proto):
        yield f"it crashes, and divides by no stored integer: {step.text}"
    if step.end == End.REFUSED and not step.refusals:
        yield "it is refused without a sentence"


def _sentences(step: Step) -> Iterator[str]:
    for refusal in step.refusals:
        found = REFUSAL.fullmatch(refusal)
        if not found:
            yield f"it prints something else than one sentence: {refusal!r}"
        for noise in NOISE:
            if noise in refusal:
                yield f"it says {noise!r}: {refusal!r}"


def divides_by_stored_integers(proto: onnx.ModelProto) -> bool:
    """True if a stored integer is a divisor: of zero, ONNX Runtime's kernels make SIGFPE."""
    whole = {
        t.name
        for t in proto.graph.initializer
        if t.data_type not in (t.FLOAT, t.DOUBLE, t.FLOAT16, t.BFLOAT16)
    }
    return any(n.op_type in DIVIDING and n.input[1] in whole for n in proto.graph.node)

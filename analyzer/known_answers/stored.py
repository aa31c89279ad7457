"""Upsets in one stored tensor: which bits change, and what the model then reads.

All tensors of one element type stand in one tiny model that gives their values back, so that an
upset that strays into another tensor shows as well.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import onnx
from onnx import TensorProto, helper

from analyzer.answers import Feeds
from analyzer.faults.elements import Codes
from analyzer.faults.models import FaultPattern
from analyzer.known_answers.records import Finding, KnownAnswer, guarded, listed, show
from analyzer.known_answers.tiny import (
    FORMATS,
    IR_VERSION,
    OPSET,
    Pair,
    StoredTensor,
    opened,
    pack,
    pattern_of,
)

Code = tuple[int, float]
"""The bits of one element, and the value that they stand for."""

FIXED_POINT_BITS = 32


@dataclass(frozen=True, slots=True)
class StoredFault(KnownAnswer):
    """One or more upsets in one tensor.

    Attributes:
        element: Its element type.
        upsets: The fault model, then (element, bit) of each upset.
        before: Its elements without faults, as the memory at risk holds them.
        after: The same under the fault.
        file: Its codes in the file, where the encoding holds other bits in memory.
        encodings: The encodings under which this is the answer.
    """

    element: str
    upsets: tuple[str, *tuple[tuple[int, int], ...]]
    before: tuple[Code, ...]
    after: tuple[Code, ...]
    file: tuple[int, ...] = ()
    encodings: tuple[str, ...] = ("stored",)

    @property
    def fault(self) -> str:
        """The fault model, as ``--fault`` takes it."""
        return self.upsets[0]

    @property
    def hits(self) -> tuple[tuple[int, int], ...]:
        """(element, bit) of each upset."""
        return self.upsets[1:]

    @property
    def bits(self) -> int:
        """Bits of one element of the memory at risk."""
        return FIXED_POINT_BITS if self.file else FORMATS[self.element][0]

    @property
    def given(self) -> str:
        """The question in words."""
        held = ""
        if self.file:
            codes = ", ".join(_hex(code, FORMATS[self.element][0]) for code in self.file)
            held = f" {codes} held as {self.encodings[0]}"
        elif self.encodings != ("stored",):
            held = f", {' or '.join(self.encodings)}"
        places = ", ".join(f"bit {bit} of element {element}" for element, bit in self.hits)
        return f"{self.element}{held}: {self._words(self.before)}; {self.fault} at {places}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return self._words(self.after)

    def stored(self) -> StoredTensor:
        """The tensor as the file holds it."""
        codes = self.file or tuple(code for code, _ in self.before)
        return StoredTensor(self.id, self.element, (len(codes),), codes)

    def _words(self, codes: Sequence[Code]) -> str:
        return ", ".join(f"{_hex(code, self.bits)} = {show(value)}" for code, value in codes)


def check_stored(answers: Sequence[StoredFault]) -> Iterator[Finding]:
    """Ask through file, ONNX Runtime and both executors, one model per type and encoding."""
    worlds = [(a.element, encoding, a) for a in answers for encoding in a.encodings]
    differences: dict[str, list[str]] = {a.id: [] for a in answers}
    for (_, encoding), group in groupby(sorted(worlds, key=_world), lambda w: w[:2]):
        members = [answer for _, _, answer in group]
        for finding in _ask_together(members, encoding):
            if not finding.agrees:
                differences[finding.answer.id].append(f"{encoding}: {finding.found}")
    for answer in answers:
        found = "; ".join(differences[answer.id])
        yield Finding(answer, found or answer.expected, not found)


def _world(member: tuple[str, str, StoredFault]) -> tuple[str, str, str]:
    element, encoding, answer = member
    return element, encoding, answer.id


def _ask_together(answers: Sequence[StoredFault], encoding: str) -> list[Finding]:
    try:
        with opened(*reading_model([a.stored() for a in answers]), "KA-*", encoding) as pair:
            return [guarded(a, lambda a: _differences(pair, answers, a, encoding)) for a in answers]
    except Exception as error:  # as in `guarded`, for all of them
        return [Finding(a, f"{type(error).__name__}: {error}", False) for a in answers]


def _differences(
    pair: Pair, answers: Sequence[StoredFault], asked: StoredFault, encoding: str
) -> tuple[str, bool]:
    """All that is not as it should be, in words, and whether it is nothing."""
    pattern = pattern_of(
        asked.fault, [_first_bit(answers, asked) + e * asked.bits + b for e, b in asked.hits]
    )
    golden = [value for a in answers for _, value in a.before]
    faulty = [value for a in answers for _, value in (a.after if a is asked else a.before)]
    found = list(_bits_differ(pair, asked, pattern, encoding))
    for when, wanted, answer in (
        ("without faults", golden, pair.golden()),
        ("under the fault", faulty, pair.under(pattern)),
        ("after the trial", golden, pair.golden()),
    ):
        found += [
            f"{when} {name} read {_apart(answers, values, wanted, asked)}"
            for name, values in answer.items()
            if listed(values) != listed(wanted)
        ]
    for executor in pair.executors.values():
        executor.check_golden()
    return "; ".join(found), not found


def _first_bit(answers: Sequence[StoredFault], asked: StoredFault) -> int:
    """Number of the first bit of a tensor: the bits of all tensors before it."""
    return sum(len(a.before) * a.bits for a in answers[: answers.index(asked)])


def _bits_differ(
    pair: Pair, asked: StoredFault, pattern: FaultPattern, encoding: str
) -> Iterator[str]:
    """Differences in the memory at risk, and in the edited file, in words."""
    index = pair.space.tensor_index(asked.id)
    codes = pair.space.tensors[index].codec.encode(pair.model.values()[asked.id]).copy()
    for when, wanted in (("before", asked.before), ("after", asked.after)):
        if when == "after":
            _hit(codes, pair, pattern, index)
        if codes.tolist() != [code for code, _ in wanted]:
            held = ", ".join(_hex(code, asked.bits) for code in codes.tolist())
            yield f"{when} the fault the memory holds {held}"
    if encoding == "stored":
        raw = _raw(pair.oracle.faulty_proto(pattern), asked.id)
        if raw != pack([code for code, _ in asked.after], asked.bits):
            yield f"the edited file holds the bytes {raw.hex()}"


def _hit(codes: Codes, pair: Pair, pattern: FaultPattern, index: int) -> None:
    """Apply the part of ``pattern`` that hits one tensor to its codes."""
    for hit in pair.space.masks(pattern):
        if hit.tensor == index:
            masks = hit.codes(codes.dtype)
            codes[hit.elements] = pattern.fault.apply(codes[hit.elements], masks)


def _raw(proto: onnx.ModelProto, name: str) -> bytes:
    return next(bytes(t.raw_data) for t in proto.graph.initializer if t.name == name)


def _apart(
    answers: Sequence[StoredFault],
    values: Sequence[float],
    wanted: Sequence[float],
    asked: StoredFault,
) -> str:
    """Values that should not be read: those of the tensor asked about, or the number of others."""
    start, others = 0, 0
    for answer in answers:
        part = slice(start, start + len(answer.before))
        start = part.stop
        if listed(values[part]) != listed(wanted[part]):
            if answer is asked:
                return listed(values[part])
            others += 1
    return f"other values in {others} other tensors"


def _hex(code: int, bits: int) -> str:
    return f"0x{code:0{bits // 4}X}"


WIDE = {"float64": TensorProto.DOUBLE, "int32": TensorProto.INT32}
"""Element types whose every value only they themselves can express; the others fit in float32."""


def reading_model(tensors: Sequence[StoredTensor]) -> tuple[onnx.ModelProto, Feeds]:
    """A model that answers the values of ``tensors``, all of one element type, and its input.

    The values are added to an input of -0, which leaves every value as it is, zeros of either
    sign, infinities and NaN included, and which no optimizer can compute beforehand.
    """
    element = tensors[0].element
    kind = WIDE.get(element, TensorProto.FLOAT)
    fed = TensorProto.DOUBLE if element == "float64" else TensorProto.FLOAT
    nodes = [helper.make_node("Cast", ["x"], ["zero"], to=kind)]
    outputs = []
    for tensor in tensors:
        value = f"value of {tensor.name}"
        nodes.append(_reader(tensor, value))
        nodes.append(helper.make_node("Add", ["zero", value], [f"read of {tensor.name}"]))
        outputs.append(helper.make_tensor_value_info(f"read of {tensor.name}", kind, tensor.shape))
    one = StoredTensor("one", "float32", (), (0x3F800000,))
    graph = helper.make_graph(
        nodes,
        "reads",
        [helper.make_tensor_value_info("x", fed, [1])],
        outputs,
        [t.tensor() for t in (*tensors, one)],
    )
    opset = helper.make_opsetid("", OPSET)
    proto = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION)
    return proto, {"x": np.full(1, -0.0, np.float64 if element == "float64" else np.float32)}


def _reader(tensor: StoredTensor, value: str) -> onnx.NodeProto:
    """The node that turns the stored elements into numbers that can be added."""
    if tensor.element in ("float16", "bfloat16"):
        return helper.make_node("Cast", [tensor.name], [value], to=TensorProto.FLOAT)
    if tensor.element in ("int8", "uint8", "int4", "uint4"):
        return helper.make_node("DequantizeLinear", [tensor.name, "one"], [value])
    return helper.make_node("Identity", [tensor.name], [value])

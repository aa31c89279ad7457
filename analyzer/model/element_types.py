"""The table of ONNX element types: what each is called, how wide it is, and what ONNX does with it.

The number format of a type (width, exponent, sign, largest number) is that of its `ElementType`, in
`analyzer.faults.elements`. Everything that ONNX adds stands here, once. From this table derive
which stored tensors are at risk, how long external data must be, in which other types the
optimizer may hold values, and where bounds on activations can be written.
"""

from dataclasses import dataclass

import onnx

from analyzer.faults.elements import (
    BFLOAT16,
    FLOAT16,
    FLOAT32,
    FLOAT64,
    INT4,
    INT8,
    INT32,
    UINT4,
    UINT8,
    ElementType,
)


@dataclass(frozen=True, slots=True)
class StoredType:
    """One ONNX element type that stored tensors have.

    Attributes:
        number: Of `onnx.TensorProto.DataType`.
        name: In reports.
        bits: Width of one element, in bits.
        element: Its number format; None: its tensors are never at risk.
        held_as: Other types in which ONNX Runtime may hold its values once it has optimized a
            graph: wider floats, or unsigned integers with the zero point moved.
        bound_opset: First opset in which every operator that a bound on activations is made of
            takes it; None: activations have another type.
    """

    number: int
    name: str
    bits: int
    element: ElementType | None
    held_as: tuple[ElementType, ...] = ()
    bound_opset: int | None = None


def _at_risk(
    number: int,
    element: ElementType,
    held_as: tuple[ElementType, ...] = (),
    bound_opset: int | None = None,
) -> StoredType:
    return StoredType(number, element.name, element.bits, element, held_as, bound_opset)


STORED_TYPES: tuple[StoredType, ...] = (
    _at_risk(onnx.TensorProto.DOUBLE, FLOAT64, bound_opset=12),
    _at_risk(onnx.TensorProto.FLOAT, FLOAT32, bound_opset=11),
    _at_risk(onnx.TensorProto.FLOAT16, FLOAT16, held_as=(FLOAT32,), bound_opset=11),
    _at_risk(onnx.TensorProto.BFLOAT16, BFLOAT16, held_as=(FLOAT32,), bound_opset=16),
    _at_risk(onnx.TensorProto.INT32, INT32),
    _at_risk(onnx.TensorProto.INT8, INT8, held_as=(UINT8,)),
    _at_risk(onnx.TensorProto.UINT8, UINT8),
    _at_risk(onnx.TensorProto.INT4, INT4),
    _at_risk(onnx.TensorProto.UINT4, UINT4),
    StoredType(onnx.TensorProto.INT64, "int64", 64, None),
)
"""Every element type that this tool knows more about than its name."""

ELEMENT_OF: dict[int, ElementType] = {
    t.number: t.element for t in STORED_TYPES if t.element is not None
}
"""ONNX data type -> number format of the elements whose bits can flip."""

NAME_OF: dict[int, str] = {t.number: t.name for t in STORED_TYPES}
"""ONNX data type -> its name in reports."""

_OTHER_BITS = {
    128: ("COMPLEX128",),
    64: ("UINT64", "COMPLEX64"),
    32: ("UINT32",),
    16: ("INT16", "UINT16"),
    8: (
        *("BOOL", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ"),
        "FLOAT8E8M0",
    ),
    6: ("FLOAT6E2M3", "FLOAT6E3M2"),
    4: ("FLOAT4E2M1",),
    2: ("INT2", "UINT2"),
}
"""Bits of one element -> types of which nothing else needs to be known."""

BITS_OF: dict[int, int] = {t.number: t.bits for t in STORED_TYPES} | {
    onnx.TensorProto.DataType.Value(name): bits
    for bits, names in _OTHER_BITS.items()
    for name in names
    if name in onnx.TensorProto.DataType.keys()  # noqa: SIM118  # older packages know fewer
}
"""ONNX data type -> bits of one element as it is stored, of every type but strings."""

BOUND_OPSETS: dict[int, int] = {
    t.number: t.bound_opset for t in STORED_TYPES if t.bound_opset is not None
}
"""ONNX data type -> first opset in which bounds on activations of that type can be written."""


def may_be_held_as(source: ElementType, target: ElementType) -> bool:
    """Say whether ONNX Runtime may hold values of one type in another.

    Args:
        source: the type in the file.
        target: another type, in the optimized graph.

    >>> may_be_held_as(FLOAT16, FLOAT32), may_be_held_as(FLOAT32, FLOAT16)
    (True, False)
    """
    return any(t.element == source and target in t.held_as for t in STORED_TYPES)

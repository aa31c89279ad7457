"""The models of ONNX's own backend suite: one or more per operator, as the package ships them."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

ON_DISK = Path(onnx.__file__).parent / "backend/test/data"

HUGE = "light"
"""Folder of whole networks whose weights are random: nothing that their operators do not show."""

FIRST_WITHOUT_LISTED = 4
"""IR version from which initializers need not be listed as inputs."""


@dataclass(frozen=True)
class BackendModel:
    """One model of the suite, in one variant.

    Attributes:
        name: Its name in the suite; "NAME baked": all inputs but the first are stored.
        proto: The model.
    """

    name: str
    proto: onnx.ModelProto

    @property
    def operators(self) -> frozenset[tuple[str, str]]:
        """Domain and name of every operator of its main graph."""
        return frozenset((n.domain, n.op_type) for n in self.proto.graph.node)


@cache
def every_model() -> tuple[BackendModel, ...]:
    """All models of the suite, each as it is and, where it has several inputs, baked."""
    found = []
    for name, proto, inputs in (*_on_disk(), *_generated()):
        found.append(BackendModel(name, proto))
        baked = bake(proto, inputs)
        if baked is not None:
            found.append(BackendModel(f"{name} baked", baked))
    return tuple(found)


@cache
def every_operator_once() -> tuple[BackendModel, ...]:
    """Models of the suite, in order, that have an operator which none before them has.

    As they are and baked counts apart: only the baked ones store what the operator reads.
    """
    seen: set[tuple[bool, tuple[str, str]]] = set()
    found = []
    for model in every_model():
        new = {(model.name.endswith("baked"), op) for op in model.operators} - seen
        if new:
            seen |= new
            found.append(model)
    return tuple(found)


def bake(proto: onnx.ModelProto, inputs: list[Any]) -> onnx.ModelProto | None:
    """The model with all inputs but its first stored in it, so that bits are at risk.

    Args:
        proto: the model.
        inputs: a value for each of its inputs, in order; None where there is none.

    Returns:
        None if no input can be stored.
    """
    baked = onnx.ModelProto()
    baked.CopyFrom(proto)
    stored = {t.name for t in proto.graph.initializer}
    names = [i.name for i in proto.graph.input if i.name not in stored]
    tensors = [_tensor(n, v) for n, v in zip(names[1:], inputs[1:], strict=False) if _is_tensor(v)]
    if not tensors:
        return None
    baked.graph.initializer.extend(tensors)
    if baked.ir_version >= FIRST_WITHOUT_LISTED:
        kept = [i for i in proto.graph.input if i.name not in {t.name for t in tensors}]
        del baked.graph.input[:]
        baked.graph.input.extend(kept)
    return baked


def _is_tensor(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | onnx.TensorProto)


def _tensor(name: str, value: Any) -> onnx.TensorProto:
    tensor = onnx.TensorProto()
    given = isinstance(value, onnx.TensorProto)
    tensor.CopyFrom(value if given else numpy_helper.from_array(np.asarray(value), name))
    tensor.name = name
    return tensor


def _on_disk() -> Iterator[tuple[str, onnx.ModelProto, list[Any]]]:
    for file in sorted(ON_DISK.glob("*/*/model.onnx")):
        if file.parts[-3] != HUGE:
            folder = file.parent / "test_data_set_0"
            count = len(list(folder.glob("input_*.pb")))
            inputs = [_read(folder / f"input_{i}.pb") for i in range(count)]
            yield file.parent.name, onnx.load(file), inputs


def _read(file: Path) -> onnx.TensorProto | None:
    """A tensor; None: the file holds a sequence or an optional value."""
    tensor = onnx.TensorProto()
    try:
        tensor.ParseFromString(file.read_bytes())
        numpy_helper.to_array(tensor)
    except (DecodeError, TypeError, ValueError):
        return None
    return tensor


def _generated() -> Iterator[tuple[str, onnx.ModelProto, list[Any]]]:
    with warnings.catch_warnings():  # expected values of extreme inputs overflow
        warnings.simplefilter("ignore")
        from onnx.backend.test.case.node import collect_testcases

        cases = collect_testcases(None)
    for case in cases:
        if case.model is not None:
            yield case.name, case.model, list(case.data_sets[0][0]) if case.data_sets else []

"""Small models of each kind of answer, with what a changed decision is, in plain numpy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

Outputs = list[Any]
Marks = npt.NDArray[np.bool_]
Decide = Callable[[Outputs, Outputs, Outputs], Marks]
"""(golden of the batch, faulty, golden of the data set) -> bool (images,): SDC, if not DUE."""

FEATURES, IMAGES = 3, 8
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64


@dataclass(frozen=True)
class Kind:
    """One kind of answer.

    Attributes:
        nodes: Make the outputs from ``x`` and the weight ``w``.
        outputs: Of the graph.
        width: Columns of the weight.
        decide: The right value.
        flags: What the user says.
        batch: Images per run.
        fixed: True if the file fixes the batch.
        rule: Name of the rule that is to be found.
    """

    nodes: tuple[onnx.NodeProto, ...]
    outputs: tuple[onnx.ValueInfoProto, ...]
    width: int
    decide: Decide
    rule: str
    flags: tuple[str, ...] = ()
    batch: int = IMAGES
    fixed: bool = False
    constants: tuple[onnx.TensorProto, ...] = ()

    def model(self) -> onnx.ModelProto:
        """The model."""
        rng = np.random.default_rng(3)
        weight = rng.normal(0, 1, (FEATURES, self.width)).astype(np.float32)
        rows = self.batch if self.fixed else "N"
        graph = helper.make_graph(
            list(self.nodes),
            "kind",
            [helper.make_tensor_value_info("x", FLOAT, [rows, FEATURES])],
            list(self.outputs),
            [numpy_helper.from_array(weight, "w"), *self.constants],
        )
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def node(op: str, inputs: str, outputs: str, domain: str = "", **attributes: Any) -> Any:
    """A node; names are separated by blanks."""
    return helper.make_node(op, inputs.split(), outputs.split(), domain=domain, **attributes)


def value(name: str, kind: int, *shape: int | str) -> onnx.ValueInfoProto:
    """An output."""
    return helper.make_tensor_value_info(name, kind, shape)


def shape_of(name: str, *dims: int) -> onnx.TensorProto:
    """A shape for a Reshape, or axes."""
    return numpy_helper.from_array(np.array(dims, np.int64), name)


MATMUL = node("MatMul", "x w", "y")


def classes(golden: Outputs, faulty: Outputs, _whole: Outputs) -> Marks:
    """Another highest score."""
    images = len(golden[0])
    a, b = (o[0].reshape(images, -1).argmax(axis=1) for o in (golden, faulty))
    return np.asarray(a != b)


def squeezed(golden: Outputs, faulty: Outputs, _whole: Outputs) -> Marks:
    """Another highest score of the only image."""
    return np.array([golden[0].argmax() != faulty[0].argmax()])


def second(golden: Outputs, faulty: Outputs, whole: Outputs) -> Marks:
    """Another highest score in the second output."""
    return classes(golden[1:], faulty[1:], whole)


def either(golden: Outputs, faulty: Outputs, whole: Outputs) -> Marks:
    """Another highest score in any output."""
    return classes(golden, faulty, whole) | second(golden, faulty, whole)


def numbers(golden: Outputs, faulty: Outputs, _whole: Outputs) -> Marks:
    """Any integer differs."""
    return np.asarray((golden[0] != faulty[0]).reshape(len(golden[0]), -1).any(axis=1))


def one_number(golden: Outputs, faulty: Outputs, whole: Outputs) -> Marks:
    """Moved by more than 1 % of the range of the whole data set."""
    span = float(whole[0].astype(float).max() - whole[0].astype(float).min())
    moved = np.abs(faulty[0].astype(float) - golden[0].astype(float))
    return np.asarray(moved[:, 0] > 0.01 * span)


def boxes(golden: Outputs, faulty: Outputs, whole: Outputs) -> Marks:
    """Boxes and scores, (images, 2, 5): each measured by its own range."""
    found = np.zeros(len(golden[0]), bool)
    for channel in range(2):
        a, b, every = (o[0][:, channel].astype(float) for o in (golden, faulty, whole))
        found |= (np.abs(a - b) > 0.01 * (every.max() - every.min())).any(axis=1)
    return found


def time_major(golden: Outputs, faulty: Outputs, whole: Outputs) -> Marks:
    """(time, images, 2): by image, not by time."""
    turned = ([np.moveaxis(o[0], 1, 0).transpose(0, 2, 1)] for o in (golden, faulty, whole))
    return boxes(*turned)


def above_half(golden: Outputs, faulty: Outputs, _whole: Outputs) -> Marks:
    """A probability crosses one half."""
    return np.asarray(((golden[0] > 0.5) != (faulty[0] > 0.5)).any(axis=1))


def keys(golden: Outputs, faulty: Outputs, _whole: Outputs) -> Marks:
    """Another label, or another key of the highest probability."""
    best = [[max(row, key=row.__getitem__) for row in o[1]] for o in (golden, faulty)]
    moved = np.array([a != b for a, b in zip(*best, strict=True)])
    return np.asarray((golden[0] != faulty[0]) | moved)


def texts(golden: Outputs, faulty: Outputs, _whole: Outputs) -> Marks:
    """Another text."""
    return np.asarray((golden[0] != faulty[0]).any(axis=1))


SCALE = numpy_helper.from_array(np.array([[100.0] * 5 + [1.0] * 5], np.float32), "scale")
PROBS = helper.make_value_info(
    "probs",
    helper.make_sequence_type_proto(
        helper.make_map_type_proto(INT64, helper.make_tensor_type_proto(FLOAT, None))
    ),
)

KINDS = {
    "class scores": Kind((MATMUL,), (value("y", FLOAT, "N", 4),), 4, classes, "classification"),
    "argmax in the graph": Kind(
        (MATMUL, node("ArgMax", "y", "z", axis=1, keepdims=0)),
        (value("z", INT64, "N"),),
        4,
        numbers,
        "integers",
    ),
    "squeezed scores": Kind(
        (MATMUL, node("Squeeze", "y axes", "z")),
        (value("z", FLOAT, 4),),
        4,
        squeezed,
        "classification",
        batch=1,
        fixed=True,
        constants=(shape_of("axes", 0),),
    ),
    "scores in one pixel": Kind(
        (MATMUL, node("Reshape", "y to", "z")),
        (value("z", FLOAT, "N", 4, 1, 1),),
        4,
        classes,
        "classification",
        constants=(shape_of("to", -1, 4, 1, 1),),
    ),
    "one number": Kind((MATMUL,), (value("y", FLOAT, "N", 1),), 1, one_number, "regression"),
    "one number at a time": Kind(
        (MATMUL,), (value("y", FLOAT, "N", 1),), 1, one_number, "regression", batch=1
    ),
    "boxes beside scores": Kind(
        (
            MATMUL,
            node("Sigmoid", "y", "s"),
            node("Mul", "s scale", "m"),
            node("Reshape", "m to", "z"),
        ),
        (value("z", FLOAT, "N", 2, 5),),
        10,
        boxes,
        "regression",
        constants=(SCALE, shape_of("to", -1, 2, 5)),
    ),
    "time first": Kind(
        (
            MATMUL,
            node("Reshape", "y to", "r"),
            node("Transpose", "r", "z", perm=[1, 0, 2]),
        ),
        (value("z", FLOAT, "T", "N", 2),),
        10,
        time_major,
        "regression",
        constants=(shape_of("to", -1, 5, 2),),
    ),
    "two heads": Kind(
        (node("Split", "w", "a b", axis=1), node("MatMul", "x a", "y"), node("MatMul", "x b", "z")),
        (value("y", FLOAT, "N", 3), value("z", FLOAT, "N", 3)),
        6,
        either,
        "several",
    ),
    "the second head": Kind(
        (node("Split", "w", "a b", axis=1), node("MatMul", "x a", "y"), node("MatMul", "x b", "z")),
        (value("y", FLOAT, "N", 3), value("z", FLOAT, "N", 3)),
        6,
        second,
        "classification",
        ("--output", "z"),
    ),
    "tags": Kind(
        (MATMUL, node("Reshape", "y to", "r"), node("ArgMax", "r", "z", axis=2, keepdims=0)),
        (value("z", INT64, "N", 3),),
        9,
        numbers,
        "integers",
        constants=(shape_of("to", -1, 3, 3),),
    ),
    "a loss beside": Kind(
        (MATMUL, node("ReduceMax", "y", "loss", keepdims=0)),
        (value("y", FLOAT, "N", 4), value("loss", FLOAT)),
        4,
        classes,
        "classification",
    ),
    "maps": Kind(
        (
            MATMUL,
            node("Softmax", "y", "p", axis=1),
            node("ArgMax", "p", "label", axis=1, keepdims=0),
            node("ZipMap", "p", "probs", "ai.onnx.ml", classlabels_int64s=[5, 6, 7, 8]),
        ),
        (value("label", INT64, "N"), PROBS),
        4,
        keys,
        "several",
    ),
    "yes or no": Kind(
        (MATMUL, node("Sigmoid", "y", "z")), (value("z", FLOAT, "N", 1),), 1, above_half, "binary"
    ),
    "labels": Kind(
        (MATMUL, node("Sigmoid", "y", "z")),
        (value("z", FLOAT, "N", 3),),
        3,
        above_half,
        "multi-label",
    ),
    "texts": Kind(
        (MATMUL, node("Round", "y", "r"), node("Cast", "r", "z", to=TensorProto.STRING)),
        (value("z", TensorProto.STRING, "N", 2),),
        2,
        texts,
        "by-value",
    ),
}

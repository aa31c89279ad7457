"""Networks and images: those of models/, and small ones that are built here with a fixed seed."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
from onnx import TensorProto, helper

FLOAT = TensorProto.FLOAT
HIDDEN = 64
BLOCK = 16

Floats = npt.NDArray[np.float32]


def digits(models: Path) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Images float32 (600, 1, 8, 8) as the digits networks take them, and labels int64 (600,)."""
    with np.load(models / "digits_test.npz") as arrays:
        pixels, labels = arrays["images"], arrays["labels"]
    images = (pixels.astype(np.float32) * np.float32(1 / 16) - np.float32(0.305)) / np.float32(
        0.376
    )
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)), labels.astype(np.int64)


def write_digits(models: Path, folder: Path) -> Path:
    """The digits with their labels, as the networks of digits take them.

    Args:
        models: the folder of networks and of the digits.
        folder: where to write.
    """
    images, labels = digits(models)
    return _write(folder / "digits.npz", images, labels)


def write_colours(models: Path, folder: Path) -> Path:
    """400 images float32 (3, 32, 32): digits enlarged, coloured, on noise. They mean nothing.

    Labels are what ``cifar_resnet20.onnx`` answers, each seventh another class.

    Args:
        models: the folder of networks and of the digits.
        folder: where to write.
    """
    rng = np.random.default_rng(1)
    shapes = np.kron(digits(models)[0][:400], np.ones((1, 1, 4, 4), np.float32))
    noise = rng.normal(0, 0.5, (400, 3, 32, 32))
    images = (shapes * rng.normal(0, 1, (400, 3, 1, 1)) + noise).astype(np.float32)
    model = (models / "cifar_resnet20.onnx").read_bytes()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    labels = session.run(None, {session.get_inputs()[0].name: images})[0].argmax(axis=1)
    labels[::7] = (labels[::7] + 1) % 10
    return _write(folder / "colours.npz", images, labels)


def write_rows(models: Path, folder: Path) -> Path:
    """The digits as rows of 64 values.

    Args:
        models: the folder of networks and of the digits.
        folder: where to write.
    """
    images, labels = digits(models)
    return _write(folder / "rows.npz", images.reshape(len(images), 64), labels)


def write_int4(models: Path, folder: Path) -> Path:
    """Two MatMul whose weights DequantizeLinear makes of 4-bit integers in blocks.

    ONNX Runtime runs them as MatMulNBits where it fuses the two operators.

    Args:
        models: the folder of networks and of the digits.
        folder: where to write.
    """
    nodes, tensors = [], []
    for i, weights in enumerate(_layers(models)):
        codes, scales = _quantize(weights)
        tensors += [_int4(f"q{i}", codes), _tensor(f"s{i}", scales)]
        nodes.append(
            helper.make_node(
                "DequantizeLinear", [f"q{i}", f"s{i}"], [f"w{i}"], axis=0, block_size=BLOCK
            )
        )
        nodes.append(helper.make_node("MatMul", [("x", "r")[i], f"w{i}"], [("h", "y")[i]]))
    nodes.insert(2, helper.make_node("Relu", ["h"], ["r"]))
    return _save(folder / "int4_blockwise.onnx", nodes, tensors)


def write_matmulnbits(models: Path, folder: Path) -> Path:
    """The same two layers as MatMulNBits, with packed 4-bit weights around the middle code 8.

    Args:
        models: the folder of networks and of the digits.
        folder: where to write.
    """
    nodes, tensors = [], []
    for i, weights in enumerate(_layers(models)):
        codes, scales = _quantize(weights)
        rows, columns = codes.shape
        unsigned = (codes.T + 8).astype(np.uint8).reshape(columns, rows // BLOCK, BLOCK)
        packed = unsigned[..., 0::2] | (unsigned[..., 1::2] << 4)
        tensors += [_tensor(f"q{i}", packed), _tensor(f"s{i}", scales.T.ravel().copy())]
        sizes = {"K": rows, "N": columns, "bits": 4, "block_size": BLOCK}
        nodes.append(
            helper.make_node(
                "MatMulNBits",
                [("x", "r")[i], f"q{i}", f"s{i}"],
                [("h", "y")[i]],
                domain="com.microsoft",
                **sizes,
            )
        )
    nodes.insert(1, helper.make_node("Relu", ["h"], ["r"]))
    return _save(folder / "int4_matmulnbits.onnx", nodes, tensors)


def write_float16(models: Path, folder: Path) -> Path:
    """The same two layers with weights in float16; input and output are float32.

    Args:
        models: the folder of networks and of the digits.
        folder: where to write.
    """
    first, second = (weights.astype(np.float16) for weights in _layers(models))
    nodes = [
        helper.make_node("Cast", ["x"], ["x16"], to=TensorProto.FLOAT16),
        helper.make_node("MatMul", ["x16", "w0"], ["h"]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("MatMul", ["r", "w1"], ["y16"]),
        helper.make_node("Cast", ["y16"], ["y"], to=FLOAT),
    ]
    return _save(folder / "float16.onnx", nodes, [_tensor("w0", first), _tensor("w1", second)])


def _layers(models: Path) -> tuple[Floats, Floats]:
    """Random features (64, 64) and a last layer (64, 10), fitted by ridge regression."""
    images, labels = digits(models)
    rows = images.reshape(len(images), 64).astype(np.float64)
    first = np.random.default_rng(2).normal(0, 1 / 8, (64, HIDDEN))
    features = np.maximum(rows @ first, 0)
    targets = np.eye(10)[labels] - 0.1
    gram = features.T @ features + 10 * np.eye(HIDDEN)
    second = np.linalg.solve(gram, features.T @ targets)
    return first.astype(np.float32), second.astype(np.float32)


def _quantize(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Codes int8 -7..7 (rows, columns) and scales float32 (blocks, columns)."""
    rows, columns = weights.shape
    blocks = weights.reshape(rows // BLOCK, BLOCK, columns)
    scales = (np.abs(blocks).max(axis=1) / 7).astype(np.float32)
    codes = np.rint(blocks / scales[:, np.newaxis]).astype(np.int8)
    return codes.reshape(rows, columns), scales


def _int4(name: str, codes: npt.NDArray[np.int8]) -> onnx.TensorProto:
    """Two codes to a byte, the first in the low half."""
    halves = codes.ravel().view(np.uint8) & 15
    packed = (halves[0::2] | (halves[1::2] << 4)).tobytes()
    return helper.make_tensor(name, TensorProto.INT4, codes.shape, packed, raw=True)


def _tensor(name: str, values: npt.NDArray[Any]) -> onnx.TensorProto:
    kind = helper.np_dtype_to_tensor_dtype(values.dtype)
    return helper.make_tensor(name, kind, values.shape, values.tobytes(), raw=True)


def _save(path: Path, nodes: list[onnx.NodeProto], tensors: list[onnx.TensorProto]) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info("x", FLOAT, ["N", 64])],
        [helper.make_tensor_value_info("y", FLOAT, ["N", 10])],
        tensors,
    )
    domains = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    onnx.save(helper.make_model(graph, opset_imports=domains, ir_version=10), path)
    return path


def _write(path: Path, images: Floats, labels: npt.NDArray[np.int64]) -> Path:
    np.savez(path, images=images, labels=labels)
    return path

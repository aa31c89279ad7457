"""What many tests need: models from ONNX text, tiny data sets, the command line."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from unittest import mock

import numpy as np
import numpy.typing as npt
import onnx
import onnx.parser
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from analyzer.cli.main import main
from analyzer.errors import DeviceUnavailable
from analyzer.runtime.ort.device_selection import select_device

TINY_CNN = """
<ir_version: 8, opset_import: ["" : 17]>
tiny (float[{batch}, 1, {size}, {size}] image) => (float[{batch}, {classes}] scores) {{
    c = Conv <pads = [1, 1, 1, 1]> (image, conv_w, conv_b)
    r = Relu (c)
    p = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (r)
    f = Flatten (p)
    scores = Gemm (f, fc_w, fc_b)
}}
"""
"""Conv, Relu, MaxPool, Gemm on one channel; its weights are added by `tiny_cnn`."""

CHANNELS = 3

Arrays = Mapping[str, npt.NDArray[Any]]


def parse_model(text: str) -> onnx.ModelProto:
    """A model from ONNX text; not checked, so that tests can write bad ones."""
    return onnx.parser.parse_model(text)


def with_initializers(proto: onnx.ModelProto, values: Arrays) -> onnx.ModelProto:
    """The same proto, with these initializers appended."""
    proto.graph.initializer.extend(numpy_helper.from_array(a, n) for n, a in values.items())
    return proto


def with_metadata(proto: onnx.ModelProto, **entries: str) -> onnx.ModelProto:
    """The same proto, with ``relcheck.*`` metadata entries."""
    for key, value in entries.items():
        proto.metadata_props.add(key=f"relcheck.{key}", value=value)
    return proto


def save(proto: onnx.ModelProto, path: Path) -> Path:
    """Write ``proto`` as it is, unchecked."""
    path.write_bytes(proto.SerializeToString())
    return path


def tiny_cnn_proto(
    seed: int = 0, batch: str | int = "N", classes: int = 4, size: int = 6
) -> onnx.ModelProto:
    """A conv-relu-pool-gemm classifier of ``size`` x ``size`` grey images."""
    rng = np.random.default_rng(seed)
    features = CHANNELS * (size // 2) ** 2
    shapes: dict[str, tuple[int, ...]] = {
        "conv_w": (CHANNELS, 1, 3, 3),
        "conv_b": (CHANNELS,),
        "fc_w": (features, classes),
        "fc_b": (classes,),
    }
    values = {n: rng.standard_normal(s).astype(np.float32) for n, s in shapes.items()}
    values["fc_b"] *= np.float32(0.1)
    by_channel = values["fc_w"].reshape(CHANNELS, -1, classes)
    by_channel -= by_channel.mean(axis=1, keepdims=True)  # in place: no class wins everywhere
    return with_initializers(
        parse_model(TINY_CNN.format(batch=batch, classes=classes, size=size)), values
    )


def tiny_cnn(
    path: Path, seed: int = 0, batch: str | int = "N", classes: int = 4, size: int = 6
) -> Path:
    """Write `tiny_cnn_proto` to ``path``."""
    return save(tiny_cnn_proto(seed, batch, classes, size), path)


def tiny_images(count: int, size: int = 6, seed: int = 0) -> npt.NDArray[np.uint8]:
    """uint8 images (count, size, size, 1), three quarters of the pixels dark."""
    rng = np.random.default_rng(seed)
    shape = (count, size, size, 1)
    return rng.integers(256, size=shape, dtype=np.uint8) * (rng.random(shape) < 0.25)


def golden_labels(
    proto: onnx.ModelProto, images: npt.NDArray[np.uint8], classes: int = 4, wrong_every: int = 8
) -> npt.NDArray[np.int64]:
    """What ``proto`` answers for NHWC images / 255, every eighth label made wrong."""
    feed = {proto.graph.input[0].name: np.float32(images.transpose(0, 3, 1, 2)) / 255}
    scores = next(iter(cast(list[Any], ReferenceEvaluator(proto).run(None, feed))))
    labels = np.asarray(scores.argmax(axis=1), np.int64)
    labels[::wrong_every] = (labels[::wrong_every] + 1) % classes
    return labels


def tiny_data(path: Path, count: int = 24, seed: int = 0) -> Path:
    """Write an ``.npz`` for ``tiny_cnn`` with the same seed: 7 of 8 labels are what it answers."""
    images = tiny_images(count, seed=seed)
    np.savez(path, images=images, labels=golden_labels(tiny_cnn_proto(seed), images))
    return path


@dataclass(frozen=True)
class Run:
    """What one call of the command line did."""

    code: int
    out: str
    err: str


@contextlib.contextmanager
def soon(seconds: int = 10) -> Iterator[None]:
    """Fails, instead of waiting for ever, where the context does not end in time."""

    def fail(_number: int, _frame: object) -> None:
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1", "RELCHECK_JOBS": "0"}


@contextlib.contextmanager
def environment() -> Iterator[dict[str, str]]:
    """Variables of one call: 80 columns, no worker processes, and no journals of earlier calls."""
    with tempfile.TemporaryDirectory() as cache:
        yield {**ENVIRONMENT, "XDG_CACHE_HOME": cache}


def run_cli(*args: str | Path, cwd: Path | None = None) -> Run:
    """``python -m analyzer ARGS`` in a process of its own."""
    with environment() as variables:
        done = subprocess.run(
            [sys.executable, "-m", "analyzer", *map(str, args)],
            env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
            cwd=cwd,
            capture_output=True,
            text=True,
            check=False,
        )
    return Run(done.returncode, done.stdout, done.stderr)


def invoke(*args: str | Path) -> Run:
    """The same in this process: much faster, and no different but for the process."""
    out, err = io.StringIO(), io.StringIO()
    code: object = 0
    with (
        environment() as variables,
        mock.patch.object(sys, "argv", ["relcheck", *map(str, args)]),
        mock.patch.dict(os.environ, variables),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.environ.pop("RELCHECK_DEBUG", None)
        try:
            main()
        except SystemExit as stopped:
            code = stopped.code
    return Run(int(code) if isinstance(code, int) else 0, out.getvalue(), err.getvalue())


def why_no_gpu() -> str | None:
    """Why tests of the CUDA provider cannot run here; None: they can."""
    try:
        select_device("cuda")
    except DeviceUnavailable as reason:
        return str(reason)
    return None

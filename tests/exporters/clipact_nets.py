"""Small networks and data for the threshold search, one for each way in which it can run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.model import Model, load_model
from exporters.hardening.activations.survey import survey
from exporters.hardening.bounds.calibrate import calibrate
from exporters.hardening.bounds.clipping import CLIPPING
from exporters.hardening.clipact.search import Search, SearchRequest
from tests.exporters.nets import run
from tests.support import parse_model, save, with_initializers

Array = npt.NDArray[Any]
Shapes = Mapping[str, tuple[int, ...]]

IMAGES = 41
CLASSES = 4


@dataclass(frozen=True)
class Net:
    """One network.

    Attributes:
        body: Its nodes, from ``image`` to ``scores``.
        shapes: Of its weights.
        batch: Dimension of the batch.
        outputs: After ``scores``.
        optimized: Whether the graph that ONNX Runtime makes serves.
        image: Shape of an image.
    """

    body: str
    shapes: Shapes
    batch: str = "N"
    outputs: str = ""
    optimized: bool = True
    image: tuple[int, ...] = (1, 6, 6)


CONV = {"w1": (4, 1, 3, 3), "b1": (4,), "w2": (4, 4, 3, 3), "b2": (4,)}
HEAD = {"fc": (144, CLASSES), "fb": (CLASSES,)}
PAD = "Conv <pads = [1, 1, 1, 1]>"
END = "f = Flatten (d) scores = Gemm (f, fc, fb)"

NETS: dict[str, Net] = {
    "plain": Net(
        f"a = {PAD} (image, w1, b1) b = Relu (a) c = {PAD} (b, w2, b2) d = Relu (c) {END}",
        {**CONV, **HEAD},
    ),
    "residual": Net(
        f"a = {PAD} (image, w1, b1) b = Relu (a) c = {PAD} (b, w2, b2) e = Relu (c) "
        f"g = {PAD} (e, w3, b3) h = Add (g, b) d = Relu (h) {END}",
        {**CONV, **HEAD, "w3": (4, 4, 3, 3), "b3": (4,)},
    ),
    "two-sided": Net(
        f"a = {PAD} (image, w1, b1) b = LeakyRelu <alpha = 0.2> (a) c = {PAD} (b, w2, b2) "
        f"s = Sigmoid (c) d = Mul (c, s) {END}",
        {**CONV, **HEAD},
    ),
    "dense": Net(  # a weight of the layer goes past its bound as well
        "f = Flatten (image) a = MatMul (f, m1) b = Relu (a) g = Concat <axis = 1> (a, b) "
        "c = MatMul (g, m2) d = Relu (c) scores = Gemm (d, fc, fb)",
        {"m1": (36, 8), "m2": (16, 8), "fc": (8, CLASSES), "fb": (CLASSES,)},
    ),
    "shared": Net(  # a weight of the first layer is read again behind its bound
        f"a = {PAD} (image, w1, b1) b = Relu (a) c = {PAD} (b, w2, b1) d = Relu (c) {END}",
        {"w1": (4, 1, 3, 3), "b1": (4,), "w2": (4, 4, 3, 3), **HEAD},
    ),
    "two outputs": Net(
        f"a = {PAD} (image, w1, b1) b = Relu (a) c = {PAD} (b, w2, b2) d = Relu (c) {END} ",
        {**CONV, **HEAD},
        outputs=", float[N, 4, 6, 6] a",
    ),
    "fixed batch": Net(
        f"a = {PAD} (image, w1, b1) b = Relu (a) c = {PAD} (b, w2, b2) d = Relu (c) {END}",
        {**CONV, **HEAD},
        batch="5",
    ),
    "batch of one": Net(
        f"a = {PAD} (image, w1, b1) b = Relu (a) c = {PAD} (b, w2, b2) d = Relu (c) {END}",
        {**CONV, **HEAD},
        batch="1",
    ),
    "transposed": Net(  # the first axis of a value that passes the cut does not count the images
        "f = Flatten (image) a = MatMul (f, m1) t = Transpose <perm = [1, 0]> (a) b = Relu (t) "
        "u = Transpose <perm = [1, 0]> (b) c = MatMul (u, m2) d = Relu (c) "
        "scores = Gemm (d, fc, fb)",
        {"m1": (36, 8), "m2": (8, 8), "fc": (8, CLASSES), "fb": (CLASSES,)},
    ),
    "folded": Net(  # ONNX Runtime folds the scale into the weights; folds are followed
        f"a = {PAD} (image, w1, b1) n = BatchNormalization (a, g1, h1, m1, v1) b = Relu (n) "
        f"c = {PAD} (b, w2, b2) d = Relu (c) {END}",
        {**CONV, **HEAD, "g1": (4,), "h1": (4,), "m1": (4,), "v1": (4,)},
    ),
}


def weights(shapes: Shapes, seed: int = 0) -> dict[str, Array]:
    """Random weights; what is called v... is positive."""
    rng = np.random.default_rng(seed)
    made = {
        n: rng.standard_normal(s).astype(np.float32) * np.float32(0.4) for n, s in shapes.items()
    }
    return {n: np.abs(v) + np.float32(0.5) if n.startswith("v") else v for n, v in made.items()}


def proto_of(net: Net) -> onnx.ModelProto:
    """A checked model."""
    shape = ", ".join(map(str, net.image))
    scores = f"float[{net.batch}, {CLASSES}] scores{net.outputs}"
    text = (
        f'<ir_version: 8, opset_import: ["" : 17]> net (float[{net.batch}, {shape}] image) '
        f"=> ({scores}) {{ {net.body} }}"
    )
    proto = with_initializers(parse_model(text), weights(net.shapes))
    onnx.checker.check_model(proto)
    return proto


def data_of(net: Net, labelled: bool = True) -> Dataset:
    """Random images; labels are what the network answers, every eighth made wrong."""
    inputs = np.random.default_rng(1).random((IMAGES, *net.image)).astype(np.float32)
    scores = run(proto_of(replace(net, batch="N")), inputs)[0]
    right = np.asarray(scores.argmax(axis=1), np.int64)
    wrong = (right + 1) % CLASSES
    labels = np.where(np.arange(IMAGES) % 8 == 0, wrong, right) if labelled else None
    return Dataset(DataKind.NPZ, "random", inputs, labels, "0" * 64)


def search_on(
    net: Net,
    folder: Path,
    request: SearchRequest,
    labelled: bool = True,
    alive: Callable[[], object] = lambda: None,
) -> tuple[Model, Search]:
    """A search, opened."""
    model = load_model(save(proto_of(net), folder / "net.onnx"))
    data = data_of(net, labelled)
    sites = survey(model.proto).sites
    size = model.signature.fixed_batch or IMAGES
    fed = [
        {"image": np.resize(data.inputs[i : i + size], (size, *net.image))}
        for i in range(0, IMAGES, size)
    ]
    maxima = calibrate(model.proto, sites, CLIPPING, fed)
    search = Search(model, model.proto, sites, maxima, data, request, alive)
    return model, search

"""Draw pictures of shapes, train a small network to name them, and write both.

It stands for your own training script. It writes ``model.onnx``, ``data/train.npz`` and
``data/test.npz``, and needs nothing that relcheck does not bring.
"""

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnx.parser
from onnx import numpy_helper

SHAPES = ("circle", "cross", "square", "triangle")
SIDE = 16
HIDDEN = 48

GRAPH = """
<ir_version: 8, opset_import: ["" : 17]>
shapes (float[N, 1, 16, 16] image) => (float[N, 4] scores) {
    pixels = Flatten (image)
    sums = Gemm (pixels, hidden_w, hidden_b)
    features = Relu (sums)
    scores = Gemm (features, out_w, out_b)
}
"""

Floats = npt.NDArray[np.float64]
Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]


def draw(shape: str, rng: np.random.Generator) -> Bytes:
    """One noisy picture of a shape.

    Args:
        shape: one of `SHAPES`.
        rng: decides size, place and noise.
    """
    size, (row, column) = rng.uniform(4.0, 6.0), rng.uniform(6.0, 9.0, 2)
    y, x = np.mgrid[:SIDE, :SIDE]
    y, x = (y - row) / size, (x - column) / size
    wide, narrow = np.maximum(abs(x), abs(y)), np.minimum(abs(x), abs(y))
    inside = {
        "circle": x**2 + y**2 <= 1,
        "cross": (narrow <= 0.3) & (wide <= 1),
        "square": wide <= 0.85,
        "triangle": (abs(x) <= (y + 1) / 2) & (y <= 1),
    }[shape]
    bright = 40 + 150 * inside + rng.normal(0, 25, (SIDE, SIDE))
    return np.clip(bright, 0, 255).astype(np.uint8)


def draw_all(count: int, seed: int) -> tuple[Bytes, Labels]:
    """Pictures, uint8 (n, 16, 16, 1), and their classes, int64 (n,).

    Args:
        count: pictures of each shape.
        seed: of every random number.
    """
    rng = np.random.default_rng(seed)
    images = [draw(shape, rng) for shape in SHAPES for _ in range(count)]
    return np.stack(images)[..., None], np.repeat(np.arange(len(SHAPES)), count)


def prepared(images: Bytes) -> Floats:
    """What the network is fed: pixels from -1 to 1, float64 (n, 256)."""
    return images.reshape(len(images), -1) / 127.5 - 1


def train(images: Bytes, labels: Labels, steps: int) -> dict[str, Floats]:
    """Weights by gradient descent with momentum, by name.

    Args:
        images: uint8 (n, 16, 16, 1).
        labels: int64 (n,).
        steps: how long; few steps give a bad network.
    """
    rng = np.random.default_rng(0)
    x, classes = prepared(images), len(SHAPES)
    weights = {
        "hidden_w": rng.normal(0, SIDE**-1, (SIDE * SIDE, HIDDEN)),
        "hidden_b": np.zeros(HIDDEN),
        "out_w": rng.normal(0, HIDDEN**-0.5, (HIDDEN, classes)),
        "out_b": np.zeros(classes),
    }
    momentum = {name: np.zeros_like(value) for name, value in weights.items()}
    for _ in range(steps):
        features = np.maximum(x @ weights["hidden_w"] + weights["hidden_b"], 0)
        scores = features @ weights["out_w"] + weights["out_b"]
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        slope = (chances - np.eye(classes)[labels]) / len(x)
        back = (slope @ weights["out_w"].T) * (features > 0)
        slopes = {
            "hidden_w": x.T @ back,
            "hidden_b": back.sum(axis=0),
            "out_w": features.T @ slope,
            "out_b": slope.sum(axis=0),
        }
        for name, value in weights.items():
            momentum[name] = 0.9 * momentum[name] + slopes[name] + 0.001 * value
            value -= 0.1 * momentum[name]
    return weights


def main() -> None:
    """Write the model and both data sets."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--steps", type=int, default=60, help="few steps give a bad network")
    parser.add_argument("-o", "--out", type=Path, default=Path("model.onnx"))
    given = parser.parse_args()
    train_set, test_set = draw_all(300, seed=1), draw_all(100, seed=2)
    weights = train(*train_set, given.steps)
    model = onnx.parser.parse_model(GRAPH)
    for name, value in weights.items():
        model.graph.initializer.append(numpy_helper.from_array(value.astype(np.float32), name))
    onnx.save(model, given.out)
    Path("data").mkdir(exist_ok=True)
    for name, (images, labels) in (("train", train_set), ("test", test_set)):
        np.savez_compressed(f"data/{name}.npz", images=images, labels=labels)
    print(f"{given.out}: written, with data/train.npz and data/test.npz")


if __name__ == "__main__":
    main()

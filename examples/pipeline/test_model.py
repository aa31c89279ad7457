"""Checks of the model: without faults, and with faults. Run by `pytest`."""

from pathlib import Path

import numpy as np
import onnxruntime

HERE = Path(__file__).parent
MODEL = HERE / "model.onnx"


def test_accuracy():
    """Without faults. A test like this one cannot tell a hardened model from any other."""
    with np.load(HERE / "data" / "test.npz") as archive:
        images, labels = archive["images"], archive["labels"]
    session = onnxruntime.InferenceSession(MODEL)
    fed = (images / 127.5 - 1).astype(np.float32).reshape(-1, 1, 16, 16)
    (scores,) = session.run(None, {"image": fed})
    assert (scores.argmax(axis=1) == labels).mean() >= 0.97


def test_reliability(relcheck):
    """With three bits in 100,000 flipped, 92 % of the answers must still be right."""
    relcheck.gate(MODEL, "top1 >= 0.92 @ 3e-5", data=HERE / "data" / "test.npz")

"""The paper's six architectures: exported, hardened, quantized and analyzed.

Random weights and small inputs: what is tested is that every step takes these graphs.
"""

from pathlib import Path

import numpy as np
import pytest

from analyzer.model import load_model
from tests.support import invoke

pytest.importorskip("torch")

SIX = {
    "resnet18": (64, 20, 17),
    "resnet34": (64, 36, 33),
    "resnet50": (64, 53, 49),
    "vgg13_bn": (32, 10, 12),
    "densenet161": (32, 160, 161),
    "inception_v3": (75, 94, 94),
}
"""Architecture -> side of the input, convolutions, activations, by the papers' tables."""

IMAGES = 4


def data(folder: Path) -> Path:
    """A few images without meaning, and labels."""
    rng = np.random.default_rng(0)
    path = folder / "images.npz"
    pixels = rng.integers(256, size=(IMAGES, 90, 90, 3), dtype=np.uint8)
    np.savez(path, images=pixels, labels=rng.integers(10, size=IMAGES))
    return path


def done(*arguments: str | Path) -> str:
    """The output of a command that succeeds."""
    run = invoke(*arguments)
    assert run.code == 0, run.err
    return run.out


@pytest.mark.parametrize("name", SIX)
def test_from_torch_to_an_analysis(name: str, tmp_path: Path) -> None:
    side, convolutions, activations = SIX[name]
    plain, bounded, small = (tmp_path / f"{word}.onnx" for word in ("plain", "bounded", "small"))
    images = data(tmp_path)
    done("export", f"torchvision:{name}", "--input", f"{side}", "--classes", "10", "-o", plain)
    model = load_model(plain)
    operators = [node.op_type for node in model.proto.graph.node]
    assert operators.count("Conv") == convolutions
    assert operators.count("Relu") == activations
    assert model.signature.shape == (None, 3, side, side)
    hardened = done("harden", plain, "--method", "actmax", "--data", images, "-o", bounded)
    assert f"{activations} activations bounded" in hardened
    plain.unlink()  # half a gigabyte of VGG
    done("quantize", bounded, "--data", images, "--calibration", "minmax", "-o", small)
    quick = ("--rates", "1e-8", "--precision", "0.45", "--data", images)
    analysis = done("run", small, *quick)
    assert f"images.npz: {IMAGES} images" in analysis
    assert " 1e-8 " in analysis

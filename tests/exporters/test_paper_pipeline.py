"""The paper by its commands, on tiny data: from images without classes to figures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from tests.support import Run, invoke

pytest.importorskip("torch")

COLORS = {"forest": (30, 120, 40), "sea": (20, 50, 160), "town": (150, 140, 130)}
NETWORK = "cifar:resnet20"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of noisy squares, for training and for validation."""
    rng, root = np.random.default_rng(0), tmp_path_factory.mktemp("paper")
    for part, count in (("train", 40), ("val", 12)):
        for name, color in COLORS.items():
            place = root / part / name
            place.mkdir(parents=True)
            for number in range(count):
                noise = rng.normal(0.0, 35.0, (32, 32, 3)) + rng.normal(0.0, 25.0, 3)
                pixels = np.clip(np.array(color) + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{number}.png")
    return root


def done(*words: object) -> Run:
    """One command that succeeds."""
    run = invoke(*(word if isinstance(word, Path) else str(word) for word in words))
    assert run.code == 0, run.err
    return run


def record(path: Path) -> Any:
    """A report of JSON."""
    return json.loads(path.read_text("utf-8"))


def test_from_images_without_classes_to_figures(folder: Path) -> None:
    """Each command takes what the one before wrote; nothing is said twice."""
    train, val = ("--data", folder / "train"), ("--validation", folder / "val")
    pretrained, float_model, int8_model = (folder / n for n in ("p.pt", "m.onnx", "qat.onnx"))
    done("pretrain", NETWORK, "--method", "simsiam", *train, "--epochs", 2, "-o", pretrained)
    done(
        *("train", NETWORK, "--init", pretrained, *train, *val, "--epochs", 8, "--lr", 0.05),
        *("-o", folder / "m.pt", "--onnx", float_model, "--json", folder / "m.json"),
    )
    done(
        *("train", NETWORK, "--weights", folder / "m.pt", "--qat", "--epochs", 2, "--lr", 0.005),
        *(*train, *val, "-o", int8_model),
    )
    done("export", NETWORK, "--weights", folder / "m.pt", "--classes", 3, "-o", folder / "e.onnx")
    done("harden", float_model, "--method", "actmax", *train, "-o", folder / "hard.onnx")
    done("quantize", folder / "hard.onnx", *train, "-o", folder / "int8.onnx")
    test = ("--data", folder / "val")
    done("activations", float_model, folder / "hard.onnx", *test, "--rates", "1e-4")
    models = [float_model, folder / "hard.onnx", folder / "int8.onnx", int8_model]
    quick = ("--rates", "1e-6,1e-4", "--precision", 0.2, "--journal", "none")
    forms = ("--json", folder / "c.json", "--html", folder / "c.html")
    done("compare", *models, *test, *quick, *forms)

    compared = record(folder / "c.json")["models"]
    assert [entry["golden"] >= 0.8 for entry in compared] == [True] * 4, "every model has learned"
    operators = {node.op_type for node in onnx.load(int8_model).graph.node}
    assert "QuantizeLinear" in operators
    exported, trained = (onnx.load(folder / name) for name in ("e.onnx", "m.onnx"))
    assert [t.raw_data for t in exported.graph.initializer] == [
        t.raw_data for t in trained.graph.initializer
    ]
    last = {entry["model"]["path"]: entry["rates"][-1]["metric"]["estimate"] for entry in compared}
    assert last["hard.onnx"] > last["m.onnx"], "bounds hold where the plain model is gone"

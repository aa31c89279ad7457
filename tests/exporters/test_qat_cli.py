"""``relcheck train --qat``: from images to an int8 file that the rest of the tool takes."""

import json
from pathlib import Path

import onnx
import pytest

pytest.importorskip("torch")
pytest.importorskip("torchao")

from analyzer.model import load_model
from exporters.quantize.kernels import kernel_counts
from tests.exporters.test_export_refusals import assert_refused
from tests.exporters.test_train import PARTS
from tests.exporters.train_trees import write_nets, write_tree
from tests.support import Run, invoke

QUICK = ("--input", "8", "--resize", "9", "--crop", "8", "--batch", "8", "--lr", "0.05")

NETS = '''

def six(num_classes=3):
    """A residual network with ReLU6."""
    class Six(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Conv2d(3, 8, 3, padding=1, bias=False)
            self.first_bn = nn.BatchNorm2d(8)
            self.second = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
            self.second_bn = nn.BatchNorm2d(8)
            self.relu = nn.ReLU6()
            self.last = nn.Linear(8, num_classes)

        def forward(self, x):
            x = self.relu(self.first_bn(self.first(x)))
            x = self.relu(x + self.second_bn(self.second(x)))
            return self.last(x.mean((2, 3)))

    return Six()
'''


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("qat")
    write_tree(place / "data")
    path = write_nets(place)
    path.write_text(path.read_text() + NETS)
    return place


def train(folder: Path, out: Path, *words: object, network: str = "six") -> Run:
    given = ("--data", folder / "data", *PARTS, *QUICK, *words, "-o", out)
    return invoke("train", f"{folder / 'nets.py'}:{network}", *map(str, given))


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    place = tmp_path_factory.mktemp("trained")
    words = ("--qat", "--epochs", "12", "--range-epochs", "11", "--json", place / "report.json")
    return place, train(folder, place / "int8.onnx", *words)


def test_the_report_counts_images_that_differ(trained: tuple[Path, Run]) -> None:
    place, run = trained
    assert run.code == 0
    assert "ONNX Runtime decides 36 of 36 images as torch does" in run.out.replace("\n  ", " ")
    assert "BatchNorm learned for 6 epochs, ranges for 11" in run.out.replace("\n  ", " ")
    assert all(len(line) <= 80 for line in run.out.splitlines())
    record = json.loads((place / "report.json").read_text())
    found = record["quantization"]
    assert (found["images"], found["differing"], found["scores_differing"]) == (36, 0, 0)
    assert found["weight_bits"] == 8
    assert [Path(file["path"]).name for file in record["files"]] == ["int8.onnx"]


def test_the_file_runs_on_integers_and_learned_something(
    trained: tuple[Path, Run], folder: Path
) -> None:
    model = onnx.load(str(trained[0] / "int8.onnx"))
    integer, _ = kernel_counts(model)
    assert integer["QLinearConv"] == 2
    assert integer["QLinearAdd"] == 1
    record = json.loads((trained[0] / "report.json").read_text())
    kept = record["epochs"][record["kept"] - 1]["validation"]["top1"]
    assert kept > 0.6
    answer = invoke(
        *("run", str(trained[0] / "int8.onnx"), "--data", str(folder / "data" / "val")),
        *("--rates", "1e-3", "--json", str(trained[0] / "run.json"), "--budget", "5s"),
    )
    assert answer.code == 0, answer.err
    run = json.loads((trained[0] / "run.json").read_text())
    assert run["golden"]["value"] == pytest.approx(kept)


def test_the_file_has_the_fault_space_of_a_quantized_one(trained: tuple[Path, Run]) -> None:
    model = load_model(trained[0] / "int8.onnx")
    kinds = {(str(t.kind), t.element.name) for t in model.inventory.at_risk}
    assert kinds >= {("weight", "int8"), ("bias", "int32"), ("scale", "float32")}
    assert kinds >= {("zero-point", "int8"), ("zero-point", "uint8")}
    assert not any(kind == "weight" and element == "float32" for kind, element in kinds)


def test_its_activations_can_be_bounded_on_codes(trained: tuple[Path, Run], folder: Path) -> None:
    out = trained[0] / "hard.onnx"
    data = ("--data", str(folder / "data" / "train"), "--task", "classification")
    words = ("--method", "actmax", *data, "-o", str(out))
    hardened = invoke("harden", str(trained[0] / "int8.onnx"), *words)
    assert hardened.code == 0, hardened.err
    assert "2 activations bounded" in hardened.out


def test_what_does_not_go_together(folder: Path, tmp_path: Path) -> None:
    refused = {
        ("--qat",): "with --qat the result is an ONNX model",
        ("--reduce-range",): "--reduce-range belongs to --qat",
        ("--range-epochs", "0"): "--range-epochs belongs to --qat",
    }
    for words, sentence in refused.items():
        run = train(folder, tmp_path / "model.pt", *words)
        assert_refused(run, "bad-option", sentence, tmp_path)
    both = ("--qat", "--onnx", tmp_path / "other.onnx")
    run = train(folder, tmp_path / "m.onnx", *both)
    assert_refused(run, "bad-option", "leave --onnx out", tmp_path)

"""``relcheck train``: from a folder of images to an ONNX model that needs no further options."""

import json
from pathlib import Path
from typing import Any

import onnx
import pytest

from tests.exporters.test_export_refusals import assert_refused
from tests.exporters.train_trees import CLASSES, write_nets, write_tree
from tests.support import Run, invoke

torch = pytest.importorskip("torch")

QUICK = ("--input", "8", "--resize", "9", "--crop", "8", "--batch", "8", "--lr", "0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images and networks, which no test changes."""
    place = tmp_path_factory.mktemp("train")
    write_tree(place / "data")
    write_nets(place)
    return place


def train(folder: Path, out: Path, *words: object, network: str = "small") -> Run:
    part = () if "--part" in words else ("--part", "train")
    given = ("--data", folder / "data", *part, *QUICK, *words, "-o", out / "model.pt")
    return invoke("train", f"{folder / 'nets.py'}:{network}", *map(str, given))


PARTS = ("--part", "train", "--validation-part", "val")


@pytest.fixture(scope="module")
def trained(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    out = tmp_path_factory.mktemp("trained")
    files = ("--onnx", out / "model.onnx", "--json", out / "report.json")
    return out, train(folder, out, *PARTS, *files, "--epochs", "6")


def test_what_is_printed(trained: tuple[Path, Run]) -> None:
    _, run = trained
    assert run.code == 0
    assert all(len(line) <= 80 for line in run.out.splitlines())
    assert "training images: 36 of " in run.out
    assert "done: 6 epochs" in run.out
    assert run.err.count(" of 6: loss ") == 6
    assert "recipe small: nesterov, batch 8, rate 0.1, one-cycle, 6 epochs" in run.err


def test_the_record_tells_all(trained: tuple[Path, Run], folder: Path) -> None:
    record = json.loads((trained[0] / "report.json").read_text())
    assert record["task"] == "classification"
    assert record["network"]["classes"] == 3
    assert (record["training"]["images"], record["validation"]["images"]) == (36, 36)
    assert len(record["epochs"]) == 6
    assert [file["bytes"] for file in record["files"]] == [
        (trained[0] / name).stat().st_size for name in ("model.pt", "model.onnx")
    ]
    best = max(epoch["validation"]["top1"] for epoch in record["epochs"])
    assert record["epochs"][record["kept"] - 1]["validation"]["top1"] == best
    assert best > 0.5  # chance is a third
    assert record["settings"]["optimizer"] == "nesterov"
    assert record["seconds"] >= 0


def test_the_model_measures_what_the_training_measured(
    trained: tuple[Path, Run], folder: Path, tmp_path: Path
) -> None:
    """On all validation images, with nothing said about labels or preprocessing."""
    report = tmp_path / "run.json"
    words = ("--data", folder / "data" / "val", "--rates", "1e-3", "--precision", "0.3")
    run = invoke("run", trained[0] / "model.onnx", *words, "--journal", "none", "--json", report)
    assert run.code == 0
    record = json.loads((trained[0] / "report.json").read_text())
    measured = json.loads(report.read_text())
    kept = record["epochs"][record["kept"] - 1]["validation"]["top1"]
    assert 0.5 < kept < 0.9  # a quarter of the images has the color of another class
    assert f"fault-free top-1 {100 * kept:.2f} %" in run.out
    assert measured["data"]["images"] == 36


def test_the_model_knows_its_classes(trained: tuple[Path, Run]) -> None:
    model = onnx.load(trained[0] / "model.onnx")
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert entries["relcheck.labels"] == ",".join(CLASSES)
    assert entries["relcheck.crop"] == "8"


def test_the_weights_are_exported_without_further_options(
    trained: tuple[Path, Run], folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "again.onnx"
    source = f"{folder / 'nets.py'}:small"
    run = invoke("export", source, "--weights", trained[0] / "model.pt", "-o", out)
    assert (run.code, run.err) == (0, "")
    assert out.read_bytes() == (trained[0] / "model.onnx").read_bytes()


def weights(path: Path) -> Any:
    return torch.load(path, weights_only=True)["state_dict"]


def test_the_same_command_twice_trains_once_and_writes_the_same(
    folder: Path, tmp_path: Path
) -> None:
    assert train(folder, tmp_path, "--epochs", "2").code == 0
    first = (tmp_path / "model.pt").read_bytes()
    run = train(folder, tmp_path, "--epochs", "2")
    assert "epoch 1 of 2" not in run.err
    assert "2 of them before this call" in run.out
    assert (tmp_path / "model.pt").read_bytes() == first


def test_fine_tuning_begins_where_another_training_ended(
    trained: tuple[Path, Run], folder: Path, tmp_path: Path
) -> None:
    kept = trained[0] / "model.pt"
    run = train(folder, tmp_path, "--weights", kept, "--epochs", "1", "--lr", "1e-12")
    assert run.code == 0
    assert "weights at the start: model.pt (plain names), sha256" in run.out.replace("\n  ", " ")
    name = "5.weight"
    assert torch.allclose(weights(tmp_path / "model.pt")[name], weights(kept)[name], atol=1e-6)


def test_until_convergence(folder: Path, tmp_path: Path) -> None:
    words = ("--recipe", "paper", "--patience", "0", "--min-lr", "0.05")
    run = train(folder, tmp_path, *words)
    assert run.code == 0
    assert "converged after" in run.out


def test_our_own_small_networks_are_trained_and_exported(folder: Path, tmp_path: Path) -> None:
    words = ("--data", folder / "data", "--part", "val", "--held-out", "25%", "--epochs", "1")
    out = (tmp_path / "m.pt", "--onnx", tmp_path / "m.onnx", "--batch", "9")
    run = invoke("train", "cifar:resnet20", *words, "-o", *out)
    assert run.code == 0
    assert "cifar:resnet20: 272 k parameters, 3 classes, input 3x32x32" in run.out


@pytest.mark.parametrize(
    ("words", "slug", "says"),
    [
        (("--device", "cuda:7"), "device-unavailable", "--device cuda:7: torch finds"),
        (("--optimizer", "radm"), "bad-option", "did you mean radam"),
        (("--schedule", "cosin"), "bad-option", "did you mean cosine"),
        (("--recipe", "large"), "bad-option", "use paper or small"),
        (("--weights", "nowhere.pt"), "file-missing", "no checkpoint nowhere.pt"),
        (("--init", "nets.py"), "bad-checkpoint", "checkpoint nets.py cannot be loaded"),
        (("--held-out", "0.001"), "bad-option", "leaves none"),
        (("--validation-part", "train"), "bad-option", "are the training images"),
        (("--part", "night"), "bad-option", "night"),
        (("--lr", "0"), "bad-option", "--lr 0"),
        (("--mean", "0.1,0.2", "--resize", "9"), "data-mismatch", "2 values for 3 channels"),
        (("--lr", "1e30"), "training-diverged", "in epoch 1"),
    ],
)
def test_bad_input_is_a_sentence(
    words: tuple[str, ...],
    slug: str,
    says: str,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(folder)
    run = train(folder, tmp_path, *words)
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith(f" [{slug}]\n")
    assert says in run.err
    assert not (tmp_path / "model.pt").exists()


@pytest.mark.parametrize(
    ("network", "slug", "says"),
    [
        ("fixed", "bad-option", "answers 7 numbers for each image, and the data have 3 classes"),
        ("pixels", "bad-network", "does not answer one row of numbers for each image"),
        ("large", "bad-network", "has no large"),
    ],
)
def test_a_network_that_does_not_suit_is_a_sentence(
    network: str, slug: str, says: str, folder: Path, tmp_path: Path
) -> None:
    run = train(folder, tmp_path, network=network)
    assert_refused(run, slug, says, tmp_path)


def test_another_training_in_the_folder_is_a_sentence(folder: Path, tmp_path: Path) -> None:
    train(folder, tmp_path, "--epochs", "1")
    run = train(folder, tmp_path, "--epochs", "1", "--seed", "3")
    assert run.code == 2
    assert "belongs to another training" in run.err
    assert run.err.endswith("[bad-training-state]\n")


def test_a_segmentation_network_needs_masks(folder: Path, tmp_path: Path) -> None:
    words = ("--data", folder / "data" / "val", "-o", tmp_path / "m.pt")
    run = invoke("train", "segmentation:swin_unet", *words)
    assert_refused(run, "bad-option", "give data with --masks", tmp_path)

"""``relcheck pretrain`` from the command line: what it writes, says and refuses."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import Run, invoke

torch = pytest.importorskip("torch")

from tests.exporters.ssl_nets import images  # noqa: E402

CODE = """
from torch import nn

def tiny(num_classes=4):
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, 1, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, num_classes),
    )

def pixels(num_classes=4):
    return nn.Sequential(nn.Conv2d(3, num_classes, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a network and with images."""
    (tmp_path / "nets.py").write_text(CODE)
    found = images(96)
    np.savez(tmp_path / "data.npz", images=found.images, labels=np.asarray(found.labels))
    np.savez(tmp_path / "unlabelled.npz", images=found.images)
    return tmp_path


def pretrain(place: Path, method: str, *more: str | Path, data: str = "data.npz") -> Run:
    return invoke(
        *("pretrain", f"{place / 'nets.py'}:tiny", "--method", method, "--data", place / data),
        *("--input", "12", "--epochs", "2", "--batch", "32", "--lr", "0.05"),
        *("-o", place / "out.pt", *more),
    )


def assert_refused(run: Run, slug: str, told: str) -> None:
    *_, last = run.err.splitlines()
    assert (run.code, run.out) == (2, "")
    assert last.startswith("relcheck: ")
    assert last.endswith(f" [{slug}]")
    assert told in last


def record(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "out.json").read_text())
    return found


def test_a_pretraining_is_written_and_told(place: Path) -> None:
    run = pretrain(place, "simsiam:dim=16", "--json", place / "out.json")
    assert run.code == 0
    assert all(len(line) <= 80 or str(place) in line for line in run.out.splitlines())
    for told in (
        "SimSiam, Chen and He 2021, arXiv:2011.10566; dim 16, hidden 4",
        "epochs 2 (paper: 100)",
        "batch 32 (paper: 512)",
        "learning rate 0.05 (paper: 0.1)",
        "fewer than 30 steps",
        "training images vote; top-1",
    ):
        assert told in " ".join(run.out.split()), told
    assert run.err.count("k-NN top-1") == 2
    found = record(place)
    assert found["command"].startswith("relcheck pretrain ")
    assert "--method simsiam:dim=16" in found["command"]
    assert found["method"]["settings"]["dim"] == 16
    assert set(found["before"]) == {"knn", "spread", "feature_spread"}
    assert [e["epoch"] for e in found["epochs"]] == [1, 2]
    assert set(found["epochs"][0]["validation"]) == {"knn", "spread", "feature_spread"}
    assert found["monitor"]["neighbours"] == found["monitor"]["bank"] // 10
    assert (found["collapsed"], found["collapsed_epochs"]) == (None, [])
    assert found["network"]["classifier"] == "8"
    assert found["views"][0]["count"] == 2


def test_the_command_again_goes_on_and_ends_the_same(place: Path) -> None:
    pretrain(place, "dino:out=24,local=1", "--json", place / "out.json")
    first = (place / "out.pt").read_bytes()
    again = pretrain(place, "dino:out=24,local=1", "--json", place / "out.json")
    assert "2 of them before this call" in " ".join(again.out.split())
    assert (place / "out.pt").read_bytes() == first


@pytest.mark.parametrize("method", ["swav:local=1,prototypes=8", "ssql:dim=16"])
def test_training_goes_on_from_it(place: Path, method: str) -> None:
    assert pretrain(place, method).code == 0
    run = invoke(
        *("train", f"{place / 'nets.py'}:tiny", "--init", place / "out.pt", "--input", "12"),
        *("--data", place / "data.npz", "--epochs", "1", "--schedule", "constant"),
        *("-o", place / "trained.pt"),
    )
    assert run.code == 0, run.err
    assert f"relcheck pretrain, {method.partition(':')[0]}" in " ".join(run.out.split())


def test_a_collapse_is_said_while_it_happens_and_in_the_end(place: Path) -> None:
    found = images(256)
    np.savez(place / "data.npz", images=found.images, labels=np.asarray(found.labels))
    more = ("--epochs", "5", "--lr", "0.3", "--batch", "16", "--json", place / "out.json")
    run = pretrain(place, "simsiam:dim=32,stop_gradient=false", *more)
    assert run.code == 0
    assert "WARNING: the embeddings have collapsed" in run.out
    assert run.err.count("warning: after epoch") == 1
    assert record(place)["collapsed"] is True
    assert record(place)["collapsed_epochs"][-1] == 5


def test_a_class_for_each_image_will_do(place: Path) -> None:
    found = images(40)
    np.savez(place / "data.npz", images=found.images, labels=np.arange(40))
    run = pretrain(place, "simsiam:dim=16", "--json", place / "out.json", "--batch", "16")
    assert run.code == 0, run.err
    assert (record(place)["training"]["images"], record(place)["left_out"]["images"]) == (36, 4)


def test_images_without_classes_will_do(place: Path) -> None:
    more = ("--json", place / "out.json")
    run = pretrain(place, "simsiam:dim=16", *more, data="unlabelled.npz")
    assert (run.code, "k-NN" in run.out + run.err) == (0, False)
    assert record(place)["monitor"]["neighbours"] is None


@pytest.mark.parametrize(
    ("more", "slug", "told"),
    [
        (["--method", "simclr"], "bad-option", "--method 'simclr' is unknown"),
        (["--method", "swav:prototype=3"], "bad-option", "swav takes dim, hidden, prototypes"),
        (["--data", "nowhere.npz"], "file-missing", "there is no data set nowhere.npz"),
        (["--init", "nowhere.pt"], "file-missing", "there is no checkpoint nowhere.pt"),
        (["--input", "12x16"], "bad-option", "views are squares"),
        (["--device", "cuda"], "device-unavailable", "torch finds no GPU"),
        (["--optimizer", "lars"], "bad-option", "there is no optimizer lars"),
        (["--batch", "1"], "bad-option", "--batch"),
        (["--held-out", "1.5"], "bad-option", "--held-out"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    place: Path, more: list[str], slug: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    run = pretrain(place, "simsiam:dim=16", *more)
    assert_refused(run, slug, told)
    assert not (place / "out.pt").exists()


def test_bad_files_are_one_sentence(place: Path) -> None:
    (place / "broken.pt").write_bytes(b"no checkpoint")
    assert_refused(
        pretrain(place, "simsiam", "--init", place / "broken.pt"), "bad-checkpoint", "broken.pt"
    )
    run = invoke(
        *("pretrain", f"{place / 'nets.py'}:pixels", "--method", "simsiam", "--input", "12"),
        *("--data", place / "data.npz", "-o", place / "out.pt"),
    )
    assert_refused(run, "bad-network", "ends in no linear layer")
    tiny = images(3)
    np.savez(place / "data.npz", images=tiny.images)
    assert_refused(pretrain(place, "simsiam"), "bad-data", "3 images; pretraining needs 4")


def test_the_state_of_another_pretraining_is_refused(place: Path) -> None:
    assert pretrain(place, "simsiam:dim=16").code == 0
    run = pretrain(place, "simsiam:dim=8")
    assert_refused(run, "bad-training-state", "belongs to another training")

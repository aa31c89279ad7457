"""Collected results are whole, compact, and say nothing of the machine's owner."""

import json
from pathlib import Path

import pytest

from paper.collect import NotPublic, collect
from paper.stage import ROOT

RUN: dict[str, object] = {
    "host": "workstation",
    "journal": "/home/someone/.cache/journal.db",
    "accelerations": [{"name": "live_weights"}],
    "processor": "a processor",
    "command": "__main__.py compare build/paper/models/vgg-1/float.onnx",
}


def folder_with(tmp_path: Path, run: dict[str, object]) -> Path:
    """A study's folder with one report of each kind, and one record."""
    folder = tmp_path / "study"
    report = {"run": run, "models": [{"rates": [1e-7, 0.25], "note": "3 § 4"}]}
    files = {
        "results/fp32/vgg-1.json": report,
        "models/vgg-1/train.json": {"command": "/x/y/__main__.py train net.py:vgg"},
        "models/vgg-1/clipact.onnx.search.json": {"unfinished": True},
        "records/train/vgg-1.json": {"stage": "train/vgg-1", "command": f"relcheck {folder}/a"},
        "records/images.json": {"stage": "images", "command": "python -m paper.images"},
    }
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1))
    return folder


def test_reports_and_records_are_collected(tmp_path: Path) -> None:
    folder, out = folder_with(tmp_path, RUN), tmp_path / "out"
    assert collect(folder, out) == 3
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert found == {"fp32/vgg-1.json", "models/vgg-1/train.json", "records.json"}
    text = (out / "fp32/vgg-1.json").read_text()
    assert text.count("\n") == 1
    assert ": " not in text
    report = json.loads(text)
    assert report["models"] == [{"rates": [1e-7, 0.25], "note": "3 § 4"}]
    assert report["run"] == {
        "host": "",
        "journal": "",
        "accelerations": [],
        "processor": "a processor",
        "command": "relcheck compare build/paper/models/vgg-1/float.onnx",
    }
    trained = json.loads((out / "models/vgg-1/train.json").read_text())
    assert trained == {"command": "relcheck train net.py:vgg"}


def test_records_are_one_file_with_a_line_each(tmp_path: Path) -> None:
    folder, out = folder_with(tmp_path, RUN), tmp_path / "out"
    collect(folder, out)
    lines = (out / "records.json").read_text().splitlines()
    assert lines[0] == "{"
    assert len(lines) == 4
    records = json.loads("\n".join(lines))
    assert list(records) == ["images", "train/vgg-1"]
    assert records["train/vgg-1"]["command"] == "relcheck build/paper/a"


def test_paths_in_the_checkout_are_relative(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {**RUN, "command": f"relcheck run {ROOT}/models/a.onnx"})
    collect(folder, tmp_path / "out")
    report = json.loads((tmp_path / "out/fp32/vgg-1.json").read_text())
    assert report["run"]["command"] == "relcheck run models/a.onnx"


@pytest.mark.parametrize("place", ["/home/someone/x.onnx", "--data=/mnt/cifar/y.npz"])
def test_a_place_on_this_machine_is_refused(tmp_path: Path, place: str) -> None:
    folder = folder_with(tmp_path, {**RUN, "command": f"relcheck run {place}"})
    with pytest.raises(NotPublic, match="names a place on this machine, /"):
        collect(folder, tmp_path / "out")


def test_a_formula_is_no_place(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, {**RUN, "command": "(x/255 - (0.4914,0.4822))/(0.247,0.2435)"})
    collect(folder, tmp_path / "out")

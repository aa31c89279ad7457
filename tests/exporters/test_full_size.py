"""`make zoo`: its commands are ours, and the images that it makes where none are given."""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from exporters.datasets import noise
from exporters.datasets.archives import read_archive
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

SIX = ("resnet18", "resnet34", "resnet50", "vgg13_bn", "densenet161", "inception_v3")


def recipe(*variables: str) -> list[list[str]]:
    """The commands of ``make zoo``, without their interpreter."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    asked = ("make", "--dry-run", "--silent", "zoo", "TORCH_PYTHON=python", *variables)
    made = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [shlex.split(line) for line in made.stdout.splitlines()]
    return [line[2:] for line in lines if line[0] == "python"]


@pytest.mark.parametrize("name", SIX)
def test_the_documented_command_takes_all_steps(name: str) -> None:
    text = (ROOT / "docs" / "exporting.md").read_text("utf-8")
    assert f"    make zoo NET={name}\n" in text
    made, export, harden, quantize, compare = recipe(f"NET={name}")
    assert made == ["exporters.datasets.noise", f"build/zoo/{name}/images.npz"]
    assert export[:3] == ["analyzer", "export", f"torchvision:{name}"]
    assert "--input" not in export  # full size
    assert [line[1] for line in (harden, quantize, compare)] == ["harden", "quantize", "compare"]


def test_with_data_and_weights_of_one_s_own() -> None:
    export, harden, quantize, compare = recipe("WEIGHTS=w.pth", "DATA=some", "TEST=others")
    assert export[export.index("--weights") + 1] == "w.pth"
    for line, data in ((harden, "some"), (quantize, "some"), (compare, "others")):
        assert line[line.index("--data") + 1] == data
    assert "agreement" not in compare
    assert "agreement" in recipe()[-1]


def test_the_steps_after_the_export_run(tmp_path: Path) -> None:
    """The very commands, on a small model in the place of the exported one."""
    plain = tiny_cnn(tmp_path / "resnet18.onnx")
    images = tiny_data(tmp_path / "images.npz")
    places = {f"build/zoo/resnet18/{p.name}": str(p) for p in (plain, images)}
    for line in recipe()[2:]:
        moved = [places.get(w, w.replace("build/zoo/resnet18", str(tmp_path))) for w in line[1:]]
        done = invoke(*moved)
        assert done.code == 0, done.err
    assert (tmp_path / "report.html").is_file()
    assert (tmp_path / "report.json").is_file()


def test_images_without_meaning_are_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "images.npz"
    monkeypatch.setattr(sys, "argv", ["noise", str(out), "--count", "3", "--classes", "5"])
    noise.main()
    images = read_archive(out)
    assert images.pixels.shape == (3, noise.SIDE, noise.SIDE, 3)
    assert images.pixels.dtype == np.uint8
    assert images.pixels.std() > 20
    steps = np.abs(np.diff(images.pixels.astype(int), axis=2))
    assert steps.max() < 40  # no single pixel stands out
    assert set(images.labels.tolist()) <= set(range(5))
    assert images.sha256 == noise.noise_images(3, 5).sha256 != noise.noise_images(3, 5, 1).sha256

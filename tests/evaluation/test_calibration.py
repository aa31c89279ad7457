"""A model that is judged on the images of its own calibration says so."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import analyzer
from tests.support import tiny_cnn, tiny_data

SAID = "the model was calibrated on images of this data set: on others it may do worse"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_cnn(tmp_path / "m.onnx")


def folder(place: Path) -> Path:
    rng = np.random.default_rng(0)
    for index in range(24):
        (place / str(index % 3)).mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(0, 256, (6, 6), dtype=np.uint8)
        Image.fromarray(pixels).save(place / str(index % 3) / f"{index}.png")
    return place


def remarks(model: Path, data: Path) -> list[str]:
    found = analyzer.run(model, data=data, rates=1e-3, precision=0.4, jobs=0)
    return found.record.data.remarks


def made(kind: str, model: Path, data: Path, out: Path, images: int | None = None) -> Path:
    if kind == "quantize":
        analyzer.quantize(model, data=data, out=out, images=images, calibration="minmax")
    else:
        analyzer.harden(model, kind, data=data, out=out, images=images)
    return out


@pytest.mark.parametrize("kind", ["quantize", "actmax"])
@pytest.mark.parametrize("form", ["npz", "folder"])
@pytest.mark.parametrize("images", [None, 12])
def test_calibration_on_images_that_are_tested_is_said(
    kind: str, form: str, images: int | None, model: Path, tmp_path: Path
) -> None:
    """calibration.py: by the digest of the data, or of the folder of which they are a sample."""
    data = tiny_data(tmp_path / "d.npz") if form == "npz" else folder(tmp_path / "imgs")
    assert SAID not in remarks(model, data)
    twin = made(kind, model, data, tmp_path / "twin.onnx", images)
    assert SAID in remarks(twin, data)


@pytest.mark.parametrize("kind", ["quantize", "actmax"])
def test_calibration_on_other_images_is_not_spoken_of(
    kind: str, model: Path, tmp_path: Path
) -> None:
    twin = made(kind, model, folder(tmp_path / "imgs"), tmp_path / "twin.onnx")
    assert SAID not in remarks(twin, tiny_data(tmp_path / "d.npz"))


@pytest.mark.parametrize("kind", ["quantize", "actmax"])
def test_the_report_of_the_twin_says_so_as_well(kind: str, model: Path, tmp_path: Path) -> None:
    data = tiny_data(tmp_path / "d.npz")
    if kind == "quantize":
        twins = analyzer.quantize(model, data=data, calibration="minmax").record.twins
    else:
        twins = analyzer.harden(model, kind, data=data).record.twins
    assert SAID in twins.effect.remarks
    assert SAID not in analyzer.harden(model, "relu6", data=data).record.twins.effect.remarks

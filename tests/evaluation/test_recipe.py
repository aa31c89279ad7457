"""What was fed is told, with who said so; a flag without effect is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadOption
from analyzer.evaluation.readers import read_data
from analyzer.evaluation.recipe import changes, formula, show_number, show_numbers
from analyzer.model import InputSignature, Origin, Preprocessing, read_preprocessing
from analyzer.model.metadata import READERS, read_number
from tests.evaluation.folders import COLOR, GREY, image_folder
from tests.support import tiny_images

BYTES = InputSignature("x", "uint8", (None, 6, 6, 3))
VECTOR = InputSignature("x", "float32", (None, 4))


def told(folder: Path, signature: InputSignature, how: Preprocessing) -> str:
    return read_data(folder, signature, how).recipe.summary


def by(origin: Origin, **entries: str) -> Preprocessing:
    return read_preprocessing(entries, "entry", origin=origin)


def test_what_nobody_said_is_assumed_aloud(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": [1]})
    assert told(root, COLOR, Preprocessing()) == (
        "x/255, no mean, RGB: ASSUMED, no metadata, no flags"
    )
    assert told(root, GREY, Preprocessing()) == "x/255, no mean: ASSUMED, no metadata, no flags"
    assert told(root, BYTES, Preprocessing()) == (
        "pixels as they are; RGB: ASSUMED, no metadata, no flags"
    )


def test_who_said_what_is_told(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": [1]})
    stated = by(Origin.METADATA, mean="0.485,0.456,0.406", std="0.229,0.224,0.225", resize="8")
    assert told(root, COLOR, stated) == (
        "(x/255 - (0.485,0.456,0.406))/(0.229,0.224,0.225), shorter side to 8: from the metadata; "
        "stretched to 6x6, RGB: ASSUMED"
    )
    flags = read_preprocessing({"scale": "1", "color": "BGR"}, "option", stated)
    found = read_data(root, COLOR, flags).recipe
    origins = {step.name: (step.value, step.origin) for step in found.steps}
    assert origins == {
        "resize": ("8", Origin.METADATA),
        "fit": ("stretched to 6x6", Origin.ASSUMED),
        "color": ("BGR", Origin.FLAG),
        "scale": ("1", Origin.FLAG),
        "mean": ("0.485,0.456,0.406", Origin.METADATA),
        "std": ("0.229,0.224,0.225", Origin.METADATA),
        "layout": ("NHWC", Origin.ASSUMED),
    }


def test_arrays_that_are_fed_as_they_are_have_no_recipe(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 4), np.float32))
    found = read_data(tmp_path / "d.npz", VECTOR, by(Origin.METADATA, mean="9")).recipe
    assert found.summary == "arrays as they are stored, no preprocessing"
    assert not found.steps


VALUES = {
    "layout": "NHWC",
    "color": "BGR",
    "resize": "7",
    "crop": "6",
    "scale": "1/127.5",
    "mean": "1",
    "std": "2",
}


def test_every_entry_has_a_value_here() -> None:
    assert VALUES.keys() == READERS.keys()


@pytest.mark.parametrize("flag", READERS)
def test_no_flag_has_an_effect_on_arrays(flag: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 4), np.float32))
    with pytest.raises(BadOption, match=f"--{flag} has no effect: d.npz holds float32 arrays"):
        read_data(tmp_path / "d.npz", VECTOR, by(Origin.FLAG, **{flag: VALUES[flag]}))


IDLE = [(GREY, "color"), (BYTES, "scale"), (BYTES, "mean"), (BYTES, "std")]


@pytest.mark.parametrize(("signature", "flag"), IDLE)
@pytest.mark.parametrize("form", ["npz", "folder"])
def test_flags_that_a_model_cannot_feel_are_refused(
    signature: InputSignature, flag: str, form: str, tmp_path: Path
) -> None:
    path = image_folder(tmp_path / "d", {"a": [1]})
    if form == "npz":
        path = tmp_path / "d.npz"
        images = tiny_images(3)
        wide = images if signature is GREY else np.repeat(images, 3, axis=3)
        np.savez(path, images=wide)
    with pytest.raises(BadOption, match=f"--{flag} has no effect: the model takes"):
        read_data(path, signature, by(Origin.FLAG, **{flag: VALUES[flag]}))
    read_data(path, signature, by(Origin.METADATA, **{flag: VALUES[flag]}))  # of many models


@pytest.mark.parametrize("flag", READERS)
def test_every_other_flag_changes_what_is_fed(flag: str, tmp_path: Path) -> None:
    """Or is refused: nothing that was said goes unheard."""
    images = np.random.default_rng(0).integers(256, size=(3, 6, 9, 3), dtype=np.uint8)
    np.savez(tmp_path / "d.npz", images=images)
    square = InputSignature("x", "float32", (None, 3, 3, 3))  # of either layout
    plain = read_data(tmp_path / "d.npz", square, Preprocessing())
    found = read_data(tmp_path / "d.npz", square, by(Origin.FLAG, **{flag: VALUES[flag]}))
    assert not np.array_equal(plain.inputs, found.inputs)
    assert plain.recipe.summary != found.recipe.summary


def test_a_uint8_model_is_fed_the_colors_that_were_asked_for(tmp_path: Path) -> None:
    """Whether images have exactly its size, or another (it was obeyed for others alone)."""
    for size in (6, 12):
        images = np.zeros((2, size, size, 3), np.uint8)
        images[..., 0] = 200
        np.savez(tmp_path / "d.npz", images=images)
        found = read_data(tmp_path / "d.npz", BYTES, by(Origin.FLAG, color="BGR"))
        assert found.inputs[0, 0, 0].tolist() == [0, 0, 200]


# Numbers


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_shown_so_that_they_are_read_back(value: float) -> None:
    assert read_number(show_number(value)) == value


@pytest.mark.parametrize("text", ["1/255", "2/255", "0.5", "1", "0.485", "-1"])
def test_usual_numbers_are_shown_as_people_write_them(text: str) -> None:
    assert show_number(read_number(text)) == text


@pytest.mark.parametrize(
    ("how", "shown"),
    [
        (Preprocessing(scale=1.0), "x, no mean"),
        (Preprocessing(scale=2 / 255, mean=(1.0,)), "x*2/255 - 1"),
        (Preprocessing(scale=0.0625), "x/16, no mean"),
        (Preprocessing(scale=0.3), "x*0.3, no mean"),
        (Preprocessing(scale=-1 / 255, mean=(-1.0,)), "-x/255 + 1"),
        (Preprocessing(mean=(0.5,), std=(0.5,)), "(x/255 - 0.5)/0.5"),
    ],
)
def test_formulas(how: Preprocessing, shown: str) -> None:
    assert formula(how) == shown


def test_only_what_a_flag_changed_is_a_change() -> None:
    stated = by(Origin.METADATA, scale="1", mean="0.5")
    same = read_preprocessing({"scale": "1"}, "option", stated)
    assert changes(stated, same) == ()
    other = read_preprocessing({"scale": "1/255", "mean": "0.5"}, "option", stated)
    assert changes(stated, other) == (("scale", "1/255"),)
    assert show_numbers((0.5, 1.0)) == "0.5,1"

"""Masks: told by name, of the size of their image, of known classes; 255 does not count."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from analyzer.errors import BadData, BadOption, FileMissing, RelcheckError
from analyzer.evaluation.preprocess import Target, prepare_mask
from analyzer.evaluation.sources import open_source
from analyzer.evaluation.sources.file_pairs import match_files
from analyzer.model import Preprocessing
from tests.evaluation.sources.trees import masked, noise, picture


def write_mask(path: Path, values: object, mode: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    made = Image.fromarray(np.array(values, np.uint8))
    (made.convert(mode) if mode else made).save(path)


def one(root: Path, mask: object, mode: str | None = None) -> Path:
    picture(root / "images" / "1.png", 0, rows=2, columns=3)
    write_mask(root / "masks" / "1.png", mask, mode)
    return root / "images"


PLAIN = [[0, 1, 2], [255, 3, 0]]
BAD_MASKS = {
    "size": ([[0, 1], [2, 3]], None, (), r"has 2x2 pixels and its image 2x3"),
    "class": (PLAIN, None, ("a", "b", "c"), "holds class 3; there are classes 0 to 2"),
    "colors": (PLAIN, "RGB", (), "picture of mode RGB"),
}


@pytest.mark.parametrize(("mask", "mode", "classes", "says"), BAD_MASKS.values(), ids=BAD_MASKS)
def test_masks_that_do_not_fit(
    mask: object, mode: str | None, classes: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    source = open_source(one(tmp_path, mask, mode), masks=tmp_path / "masks", classes=classes)
    with pytest.raises(BadData, match=rf"mask .*1\.png.* {says}|mask .*1\.png {says}"):
        source.mask(0)


def test_known_classes_and_the_ignored_one(tmp_path: Path) -> None:
    source = open_source(one(tmp_path, PLAIN), masks=tmp_path / "masks", classes=tuple("abcd"))
    assert source.mask(0).tolist() == PLAIN
    assert source.classes == tuple("abcd")


def test_a_mask_of_16_bits_holds_classes(tmp_path: Path) -> None:
    path = one(tmp_path, PLAIN)
    Image.fromarray(np.array(PLAIN, np.uint16)).save(tmp_path / "masks" / "1.png")
    assert open_source(path, masks=tmp_path / "masks").mask(0).tolist() == PLAIN
    Image.fromarray(np.array(PLAIN, np.uint16) + 300).save(tmp_path / "masks" / "1.png")
    with pytest.raises(BadData, match="holds class 300"):
        open_source(path, masks=tmp_path / "masks").mask(0)


def test_missing_masks_are_counted_and_named(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    (tmp_path / "masks" / "0.png").unlink()
    with pytest.raises(FileMissing, match=r"1 of 3 images have no mask of the same name.*0\.jpg"):
        open_source(tree.path, **tree.options)


def test_masks_without_an_image_are_said_to_be_left_out(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    write_mask(tmp_path / "masks" / "more.png", PLAIN)
    note = open_source(tree.path, **tree.options).note
    assert "1 masks have no image and are left out: 'more.png'" in note


def test_a_damaged_mask_is_refused_and_not_left_out(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    (tmp_path / "masks" / "0.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(BadData, match=r"mask .*0\.png cannot be read"):
        open_source(tree.path, **tree.options).mask(1)


@pytest.mark.parametrize(
    ("given_masks", "error", "says"),
    [
        ("nowhere", FileMissing, "no folder of masks"),
        ("images", BadData, "the folder of the images itself"),
    ],
)
def test_folders_that_are_none(
    given_masks: str, error: type[RelcheckError], says: str, tmp_path: Path
) -> None:
    path = one(tmp_path, PLAIN)
    with pytest.raises(error, match=says):
        open_source(path, masks=tmp_path / given_masks)
    (tmp_path / "l.csv").write_text("1.png,0\n")
    with pytest.raises(BadOption, match="leave one of them out"):
        open_source(path, masks=tmp_path / "masks", labels=tmp_path / "l.csv")


NAMES = st.lists(st.text("abc/", min_size=1, max_size=5), min_size=1, max_size=6, unique=True)


@given(NAMES)
def test_every_file_has_the_partner_of_its_path(names: list[str]) -> None:
    clean = sorted({"/".join(filter(None, name.split("/"))) for name in names} - {""}) or ["a"]
    files = [f"{name}.jpg" for name in clean]
    masks = [f"{name}.png" for name in reversed(clean)]
    assert match_files(files, masks, Path("m"), "mask") == tuple(f"{name}.png" for name in clean)


def test_a_stem_of_several_masks_is_refused() -> None:
    with pytest.raises(BadData, match=r"several masks in m: 'x/1\.png', 'y/1\.png'"):
        match_files(["1.jpg"], ["x/1.png", "y/1.png"], Path("m"), "mask")
    with pytest.raises(BadData, match="belongs to several images"):
        match_files(["x/1.jpg", "y/1.jpg"], ["1.png"], Path("m"), "mask")


def test_masks_follow_their_images_and_mix_no_classes() -> None:
    """Resized and cropped as images are; every class in it was in the file."""
    target = Target("NCHW", 3, 4, 4, "float32")
    mask = np.repeat(np.repeat(noise(4, 4, seed=1) % 7, 2, axis=0), 2, axis=1)
    found = prepare_mask(mask, target, Preprocessing())
    np.testing.assert_array_equal(found, mask[::2, ::2])
    square = prepare_mask(mask, Target("NCHW", 3, None, None, "float32"), Preprocessing(crop=4))
    np.testing.assert_array_equal(square, mask[2:6, 2:6])
    larger = prepare_mask(mask, Target("NCHW", 3, 16, 16, "float32"), Preprocessing())
    np.testing.assert_array_equal(larger, np.repeat(np.repeat(mask, 2, axis=0), 2, axis=1))

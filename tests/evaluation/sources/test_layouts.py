"""Layouts of data sets: which form a folder has, its parts, its lists, and what is refused."""

from pathlib import Path

import numpy as np
import pytest

from analyzer.errors import BadData, BadOption, DataMismatch, FileMissing, RelcheckError
from analyzer.evaluation.sources import open_source
from analyzer.evaluation.sources.dfc2020 import CLASSES, IGBP, Dfc2020
from tests.evaluation.sources.trees import (
    TREES,
    bands,
    cifar10_python,
    dfc2020,
    imagenet,
    listed,
    npz,
    picture,
    write_bands,
)

# Lists


def test_labels_are_numbered_as_a_configuration_says(tmp_path: Path) -> None:
    tree = listed(tmp_path)
    source = open_source(tree.path, **tree.options, classes=("forest", "lake", "city"))
    assert source.labels is not None
    assert source.labels.tolist() == [2, 2, 0]
    assert source.classes == ("forest", "lake", "city")
    with pytest.raises(DataMismatch, match=r"'city', which is none of the 2 .*mean cities\?"):
        open_source(tree.path, **tree.options, classes=("forest", "cities"))


def test_without_names_of_classes_their_order_is_said(tmp_path: Path) -> None:
    tree = listed(tmp_path)
    source = open_source(tree.path, **tree.options)
    assert "classes are numbered by sorted name: city = 0 .. forest = 1" in source.note
    assert "1 images are not in it and are left out: 'city/unused.tif'" in source.note


def test_splits_that_name_missing_files_are_refused(tmp_path: Path) -> None:
    tree = listed(tmp_path)
    for name in ("city(1)", "city(2)"):
        (tree.path / "city" / f"{name}.tif").unlink()
    with pytest.raises(FileMissing, match=r"2 of the 3 images .*test\.csv names .*'city/city\(1\)"):
        open_source(tree.path, **tree.options)


def test_splits_of_eurosat_name_files_in_its_folder(tmp_path: Path) -> None:
    tree = TREES["EuroSAT"](tmp_path)
    (tmp_path / "val.csv").write_text("River/River_7.jpg,River\n")
    source = open_source(tree.path, labels=tmp_path / "val.csv", classes=("AnnualCrop", "River"))
    assert source.labels is not None
    assert (len(source), source.labels.tolist()) == (1, [1])
    np.testing.assert_array_equal(source.image(0), tree.images[1])


# Parts


@pytest.mark.parametrize("part", ["train", "val"])
def test_a_part_is_a_folder(part: str, tmp_path: Path) -> None:
    source = open_source(imagenet(tmp_path).path, part=part)
    assert (source.name, len(source)) == (f"d/{part}", 2)
    assert f"{part}_0.JPEG" in str(source.place(0))  # type: ignore[union-attr]


def test_images_in_parts_are_not_two_classes(tmp_path: Path) -> None:
    """Train and val would be the classes of a network that tells them apart."""
    path = imagenet(tmp_path).path
    with pytest.raises(BadOption, match="holds the parts train, val; say which by --part"):
        open_source(path)
    with pytest.raises(BadData, match=r"no part 'test': its sub-folders are 'train', 'val'"):
        open_source(path, part="test")


def test_classes_called_train_and_test_are_classes(tmp_path: Path) -> None:
    for name in ("train", "test"):
        picture(tmp_path / "d" / name / "1.png", 0)
    assert open_source(tmp_path / "d").classes == ("test", "train")


def test_masks_may_be_in_parts_as_well(tmp_path: Path) -> None:
    from tests.evaluation.sources.test_masks import write_mask

    for part in ("train", "val"):
        picture(tmp_path / "images" / part / "1.png", 0, rows=1, columns=2)
        write_mask(tmp_path / "masks" / part / "1.png", [[1, int(part == "val")]])
    source = open_source(tmp_path / "images", masks=tmp_path / "masks", part="val")
    assert source.mask(0).tolist() == [[1, 1]]


def test_cifar_says_which_part(tmp_path: Path) -> None:
    path = cifar10_python(tmp_path).path
    with pytest.raises(BadOption, match="parts train and test; say which by --part"):
        open_source(path)
    with pytest.raises(BadOption, match="keep some apart"):
        open_source(path, part="val")
    with pytest.raises(FileMissing, match="data_batch_1 is missing"):
        open_source(path, part="train")


IDLE = [
    ("npz", {"labels": Path("l.csv")}, "under the key 'labels'"),
    ("npz", {"part": "val"}, "has no parts"),
    ("CIFAR-10, binary", {"labels": Path("l.csv")}, "hold the class of each image"),
    ("EuroSAT", {"masks": Path("m")}, "one class each"),
    ("DFC2020", {"masks": Path("m")}, "lie beside"),
]


@pytest.mark.parametrize(("form", "options", "says"), IDLE)
def test_options_that_change_nothing_are_refused(
    form: str, options: dict[str, object], says: str, tmp_path: Path
) -> None:
    with pytest.raises(BadOption, match=rf"--\w+ has no effect on .*{says}"):
        open_source(TREES[form](tmp_path).path, **options)  # type: ignore[arg-type]


# DFC2020


def test_land_cover_of_igbp_is_mapped_as_published(tmp_path: Path) -> None:
    """Numbers of the land cover product -> the contest's classes, of which eight count."""
    wild = ["", *["Forest"] * 5, *["Shrubland"] * 2, "", "", "Grassland", "Wetlands"]
    named = [*wild, "Croplands", "Urban", "Croplands", "", "Barren", "Water"]
    assert [CLASSES[c] if c != 255 else "" for c in IGBP] == named
    root = dfc2020(tmp_path, "lc").path / "ROIs0000_test"
    cover = np.arange(144, dtype=np.uint8).reshape(12, 12) % 18
    for place in range(3):
        file = root / "lc_0" / f"ROIs0000_test_lc_0_p{place}.tif"
        write_bands(file, np.repeat(cover[..., None], 4, axis=2))
    np.testing.assert_array_equal(
        open_source(root.parent, part="test").mask(2), np.array(IGBP, np.uint8)[cover]
    )


def test_parts_of_the_contest(tmp_path: Path) -> None:
    path = dfc2020(tmp_path).path
    dfc2020(tmp_path, part="ROIs0000_validation")
    with pytest.raises(BadOption, match=r"parts val \(ROIs0000_validation\), test"):
        open_source(path)
    with pytest.raises(BadData, match="no part 'train' of DFC2020, but val"):
        open_source(path, part="train")
    assert open_source(path, part="val").name == "d/ROIs0000_validation"
    assert len(open_source(path / "ROIs0000_test")) == 3


def _without(path: Path, name: str) -> None:
    for file in path.glob(f"*/{name}_0/*_p1.tif"):
        file.unlink()


def _unknown(path: Path, name: str) -> None:
    for file in path.glob(f"*/{name}_0/*_p1.tif"):
        write_bands(file, np.full((12, 12, 4), 11, np.uint8))


def _smaller(path: Path, name: str) -> None:
    for file in path.glob(f"*/{name}_0/*_p1.tif"):
        write_bands(file, np.zeros((4, 12, 2), np.float32))


@pytest.mark.parametrize(
    ("damage", "name", "says"),
    [
        (_without, "s1", r"1 of 3 places .* no file of s1"),
        (_without, "dfc", r"1 of 3 places .* no file of dfc"),
        (_unknown, "dfc", r"holds 11, which is no class of DFC2020 \(0 to 10\)"),
        (_smaller, "s1", r"has 12x12\s+pixels, and .* of the same place has 4x12"),
    ],
)
def test_places_that_do_not_fit_together(
    damage: object, name: str, says: str, tmp_path: Path
) -> None:
    path = dfc2020(tmp_path).path
    damage(path, name)  # type: ignore[operator]
    with pytest.raises(RelcheckError, match=says):
        open_source(path, part="test").mask(1)


def test_other_folders_are_no_dfc2020(tmp_path: Path) -> None:
    from analyzer.evaluation.sources import Asked

    assert Dfc2020().refuses(bands(tmp_path).path, Asked())
    assert Dfc2020().refuses(npz(tmp_path).path, Asked())

"""Folders: which class an image has, which files are left out, and that it is said."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadData, DataMismatch, FileMissing
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.readers import read_data
from analyzer.evaluation.sources.class_names import number_classes
from tests.evaluation.folders import AS_PIXELS, COLOR, image_folder, write_image


def read(folder: Path, **more: object) -> Dataset:
    return read_data(folder, COLOR, AS_PIXELS, **more)  # type: ignore[arg-type]


def labels_of(data: Dataset) -> dict[int, int]:
    """The label of each image by the value of its pixels."""
    assert data.labels is not None
    return dict(
        zip(data.inputs[:, 0, 0, 0].astype(int).tolist(), data.labels.tolist(), strict=True)
    )


# Numbers


def test_folders_called_by_numbers_are_those_classes(tmp_path: Path) -> None:
    """Sorted as text, 10 and 11 would come before 2; folders that are missing shift none."""
    root = image_folder(tmp_path / "d", {"0": [1], "2": [2], "11": [3], "10": [4]})
    found = read(root)
    assert labels_of(found) == {1: 0, 2: 2, 3: 11, 4: 10}
    assert found.classes is None
    assert "folder 10 is class 10, and would be 1 in the order of text" in found.note


def test_numbers_may_have_leading_zeros(tmp_path: Path) -> None:
    assert labels_of(read(image_folder(tmp_path / "d", {"007": [1], "000": [2]}))) == {1: 7, 2: 0}


def test_folders_from_one_on_are_a_count(tmp_path: Path) -> None:
    """1..3 are classes 0..2 of a model of three classes, and of no other."""
    found = read(image_folder(tmp_path / "d", {"1": [1], "2": [2], "3": [3]}))
    assert labels_of(found) == {1: 0, 2: 1, 3: 2}
    assert found.classes == 3


@given(st.sets(st.integers(0, 2000), min_size=1))
def test_numbers_are_what_they_say(numbers: set[int]) -> None:
    found = number_classes([str(n) for n in numbers], [])
    counted = numbers == set(range(1, len(numbers) + 1))
    assert found.labels == {str(n): n - counted for n in numbers}
    assert found.classes == (len(numbers) if counted else None)


def test_two_folders_of_one_number_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataMismatch, match="the same number"):
        read(image_folder(tmp_path / "d", {"1": [1], "01": [2]}))


# Names


def test_the_models_own_names_decide(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"ant": [1], "dog": [2], "Sea_lion": [3], "empty": []})
    found = read(root, names=("dog", "sea lion", "emu", "ant"))
    assert labels_of(found) == {1: 3, 2: 0, 3: 1}
    assert found.classes is None  # emu has no folder, and shifts none


def test_a_folder_that_is_called_otherwise_is_refused(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"ant": [1], "emou": [2]})
    with pytest.raises(DataMismatch, match=r"'emou' is called like none \(did you mean emu\?\)"):
        read(root, names=("dog", "emu", "ant"))


def test_a_name_that_two_classes_have_decides_nothing(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"crane": [1], "dog": [2]})
    with pytest.raises(DataMismatch, match="called like classes 0 and 2"):
        read(root, names=("crane", "dog", "crane"))


def test_names_that_no_folder_has_are_said_to_be_of_no_use(tmp_path: Path) -> None:
    found = read(image_folder(tmp_path / "d", {"n02": [1], "n01": [2]}), names=("dog", "cat"))
    assert labels_of(found) == {1: 1, 2: 0}
    assert found.note.startswith("no folder is called like a class that the model names")


def test_an_order_that_surprises_is_said(tmp_path: Path) -> None:
    found = read(image_folder(tmp_path / "d", {"c2": [1], "c10": [2], "c1": [3]}))
    assert labels_of(found) == {1: 2, 2: 1, 3: 0}
    assert "c1 = 0 .. c2 = 2; in the order of text, where c10 comes before c2" in found.note


# Leftovers, and what else lies about


def test_hidden_files_and_leftovers_are_nothing(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": [1], "b": [2]})
    for name in (".ipynb_checkpoints", "__MACOSX", "@eaDir", ".git"):
        write_image(root / name / "x.png", 9)
    for name in ("a/.ipynb_checkpoints/x.png", "a/._001.png", "b/__MACOSX/x.png", ".x.png"):
        write_image(root / name, 9)
    for name in ("Thumbs.db", ".DS_Store", "a/Thumbs.db", "b/desktop.ini", "b/.DS_Store"):
        (root / name).write_bytes(b"")
    found = read(root)
    assert labels_of(found) == {1: 0, 2: 1}
    assert (found.classes, found.remarks) == (2, ())


def test_files_that_are_not_read_are_counted_and_named(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": [1], "b": [2]})
    (root / "a" / "x.heic").write_bytes(b"")
    (root / "b" / "y.HEIC").write_bytes(b"")
    (root / "about").write_bytes(b"")
    assert read(root).remarks == (
        "3 of 5 files are of types that are not read (.heic, no suffix): 'a/x.heic', 'b/y.HEIC', "
        "'about'",
    )


def test_pictures_that_cannot_be_read_are_counted_and_named(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": [1, 2], "b": [3]})
    whole = (root / "a" / "002.png").read_bytes()
    (root / "a" / "002.png").write_bytes(whole[: len(whole) // 2])
    (root / "a" / "z.png").write_bytes(b"no picture")
    found = read(root)
    assert labels_of(found) == {1: 0, 3: 1}
    assert found.remarks == (
        "2 images cannot be read (it is damaged, or no picture) and are left out: 'a/002.png', "
        "'a/z.png'",
    )


def test_pictures_beside_class_folders_are_named(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": [1], "b": [2]})
    write_image(root / "loose.png", 3)
    found = read(root)
    assert labels_of(found) == {1: 0, 2: 1}
    assert "1 images beside the class folders are left out: 'loose.png'" in found.note


def test_gifs_are_pictures(tmp_path: Path) -> None:
    write_image(tmp_path / "d" / "a" / "x.gif", 77)
    assert labels_of(read(tmp_path / "d")) == {77: 0}


# Flat folders, and lists


def flat(root: Path) -> Path:
    for value in (1, 2, 3):
        write_image(root / f"img_{value}.png", value)
    return root


def test_a_flat_folder_has_no_labels(tmp_path: Path) -> None:
    found = read(flat(tmp_path / "d"))
    assert (len(found), found.labels) == (3, None)
    assert "no labels" in found.note


LISTS = {
    "commas": "img_1.png,5\nimg_2.png,0\nimg_3.png,7\n",
    "spaces": "img_1.png 5\nimg_2.png   0\n img_3.png 7 \n",
    "tabs": "img_1.png\t5\nimg_2.png\t0\nimg_3.png\t7",
    "semicolons": "img_1.png;5\r\nimg_2.png;0\r\nimg_3.png;7\r\n",
    "head": "filename,label\nimg_1.png,5\nimg_2.png,0\nimg_3.png,7\n",
    "swapped": "class,width,file\n5,6,img_1.png\n0,6,img_2.png\n7,6,img_3.png\n",
    "stems": "img_1,5\nimg_2,0\nimg_3,7\n",
    "mark": "\ufeffimg_1.png,5\nimg_2.png,0\nimg_3.png,7\n",
    "quotes": '"img_1.png","5"\n"img_2.png","0"\n"img_3.png","7"\n',
}


@pytest.mark.parametrize("text", LISTS.values(), ids=LISTS)
def test_a_list_says_of_which_class_images_are(text: str, tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text(text)
    found = read(flat(tmp_path / "d"), labels=tmp_path / "l.csv")
    assert labels_of(found) == {1: 5, 2: 0, 3: 7}
    assert found.classes is None
    assert found.note == "classes are those of l.csv"


def test_a_list_may_name_paths_and_classes(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"val": [1], "train": [1, 2]})
    (tmp_path / "l.csv").write_text("val/001.png,cat\ntrain/001.png,dog\n")
    found = read(root, labels=tmp_path / "l.csv", names=("dog", "cat"))
    assert found.labels is not None
    assert found.labels.tolist() == [0, 1]  # train before val
    assert "1 images are not in it and are left out: 'train/002.png'" in found.note


def test_a_list_that_names_missing_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_text("img_1.png,5\nimg_9.png,0\nimg_8.png,1\n")
    with pytest.raises(FileMissing, match=r"^2 of the 3 images .* first is 'img_9\.png'"):
        read(flat(tmp_path / "d"), labels=tmp_path / "l.csv")


BAD_LISTS = {
    "no image": ("other.png,5\n", BadData, "no image of the folder is in"),
    "empty": ("", BadData, "holds no labels"),
    "one column": ("img_1.png\nimg_2.png\n", BadData, "entry 1: there is no class"),
    "two classes": ("img_1.png,5\nimg_1.png,6\n", BadData, "two classes"),
    "bytes": (b"\xff\xfe\x00img", BadData, "cannot be read as a list"),
}


@pytest.mark.parametrize(("content", "error", "says"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_lists_that_do_not_fit(
    content: str | bytes, error: type[Exception], says: str, tmp_path: Path
) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "l.csv").write_bytes(raw)
    with pytest.raises(error, match=says):
        read(flat(tmp_path / "d"), labels=tmp_path / "l.csv")


def test_a_name_in_a_list_means_one_image(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"val": [1], "train": [1]})
    (tmp_path / "l.csv").write_text("001.png,3\n")
    with pytest.raises(BadData, match=r"means 'train/001\.png' and 'val/001\.png'"):
        read(root, labels=tmp_path / "l.csv")
    with pytest.raises(FileMissing, match="no list of labels"):
        read(root, labels=tmp_path / "nowhere.csv")


def test_the_list_is_part_of_the_digest(tmp_path: Path) -> None:
    digests = set()
    for text in ("img_1.png,5\n", "img_1.png,6\n"):
        (tmp_path / "l.csv").write_text(text)
        digests.add(read(flat(tmp_path / "d"), labels=tmp_path / "l.csv").sha256)
    assert len(digests) == 2


# Samples


def test_a_sample_is_of_all_classes_and_says_so(tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d", {"a": range(10), "b": range(10, 20), "c": range(20, 30)})
    found = read(root, most=6, seed=3)
    assert found.labels is not None
    assert np.bincount(found.labels).tolist() == [2, 2, 2]
    assert found.classes == 3
    assert found.remarks == (
        "6 of 30 images, drawn by the seed from 3 of 3 classes by their shares",
    )
    assert read(root, most=6, seed=3).sha256 == found.sha256 != read(root, most=6, seed=4).sha256

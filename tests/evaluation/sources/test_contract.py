"""Every source keeps the contract of `ImageSource`: one suite for all forms of data sets."""

import pickle
import shutil
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import BadData, DataError, FileMissing, RelcheckError
from analyzer.evaluation.sources import ChosenImages, Opened, open_source
from tests.evaluation.sources.trees import TREES, Tree


@pytest.fixture(params=TREES)
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    return TREES[request.param](tmp_path)


OF_FILES = [name for name in TREES if not name.startswith(("CIFAR", "npz"))]
of_files = pytest.mark.parametrize("name", OF_FILES)


def opened(tree: Tree) -> Opened:
    return open_source(tree.path, **tree.options)


def look_at_all(source: Opened) -> None:
    for index in range(len(source)):
        source.image(index)


def is_cifar(tree: Tree) -> bool:
    return "cifar" in str(tree.file)


def test_images_are_those_that_were_written(tree: Tree) -> None:
    """To the pixel, as Pillow and tifffile read the files, or as the layouts are described."""
    source = opened(tree)
    assert len(source) == len(tree.images)
    for index, wanted in enumerate(tree.images):
        found = source.image(index)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_labels_and_classes_are_those_that_were_written(tree: Tree) -> None:
    source = opened(tree)
    if tree.labels is None:
        assert source.labels is None
    else:
        assert source.labels is not None
        assert source.labels.dtype == np.int64
        assert source.labels.tolist() == tree.labels
    assert source.classes == tree.classes


def test_masks_are_those_that_were_written(tree: Tree) -> None:
    source = opened(tree)
    assert source.masked == (tree.masks is not None)
    if tree.masks is None:
        with pytest.raises(ValueError, match="have no masks"):
            source.mask(0)
        return
    for index, wanted in enumerate(tree.masks):  # before any image is looked at
        found = source.mask(index)
        assert found.dtype == np.uint8
        assert found.shape == source.image(index).shape[:2]
        np.testing.assert_array_equal(found, wanted)


def test_the_digest_is_that_of_the_data(tree: Tree, tmp_path: Path) -> None:
    """The same in another folder, and another where a file is."""
    before = opened(tree).sha256
    assert opened(tree).sha256 == before
    assert tree.file is not None
    content = tree.file.read_bytes()
    middle = len(content) // 2
    held = bytes([content[middle] ^ 1])  # CIFAR's batches are digested by what they hold
    other = content[:middle] + held + content[middle + 1 :] if is_cifar(tree) else content + b"\0"
    tree.file.write_bytes(other)
    try:
        after: str | None = opened(tree).sha256
    except RelcheckError:  # some layouts refuse such a file when they are opened
        after = None
    assert after != before
    tree.file.write_bytes(content)
    assert opened(tree).sha256 == before


def test_a_source_travels(tree: Tree) -> None:
    """To the processes that decode images for training."""
    there = pickle.loads(pickle.dumps(opened(tree), protocol=5))
    np.testing.assert_array_equal(there.image(1), tree.images[1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(data=st.data())
def test_any_image_may_be_asked_for_at_any_time(tree: Tree, data: st.DataObject) -> None:
    source = opened(tree)
    places = st.integers(0, len(source) - 1)
    for index in data.draw(st.lists(places, min_size=1, max_size=6)):
        np.testing.assert_array_equal(source.image(index), tree.images[index])
    rows = np.array(data.draw(st.lists(places, min_size=1, max_size=6)), np.int64)
    some = ChosenImages(source, rows)
    np.testing.assert_array_equal(some.image(0), tree.images[rows[0]])
    assert len(some) == len(rows)


def test_damage_is_a_sentence(tree: Tree) -> None:
    """Cut at any place, a file is refused when it is opened or looked at, by a typed error."""
    assert tree.file is not None
    content = tree.file.read_bytes()
    cuts = sorted({0, 1, 4, 9, *range(0, len(content), max(1, len(content) // 40))})
    for cut in cuts:
        tree.file.write_bytes(content[:cut])
        with suppress(DataError):  # either is right, where all that counts is left
            look_at_all(opened(tree))
    tree.file.write_bytes(b"")
    with pytest.raises((BadData, FileMissing)):
        look_at_all(opened(tree))


@of_files
def test_a_data_set_that_goes_away_is_a_sentence(name: str, tmp_path: Path) -> None:
    tree = TREES[name](tmp_path)
    source = opened(tree)
    shutil.rmtree(tree.path)
    with pytest.raises(BadData, match=r"image .* cannot be read: No such file"):
        look_at_all(source)


@of_files
def test_a_file_that_changes_while_it_is_used_is_refused(name: str, tmp_path: Path) -> None:
    tree = TREES[name](tmp_path)
    source = opened(tree)
    look_at_all(source)
    assert tree.file is not None
    tree.file.write_bytes(tree.file.read_bytes() + b"\0")
    with pytest.raises(BadData, match="was changed while it was in use"):
        look_at_all(source)

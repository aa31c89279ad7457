"""Readers: .npz files, image folders, and inputs made up where there are none."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analyzer.errors import BadData, DataMismatch, FileMissing, UnsupportedSignature
from analyzer.evaluation.dataset import DataKind
from analyzer.evaluation.readers import generate_data, read_data
from analyzer.model import InputSignature, Preprocessing
from tests.support import tiny_images

GREY = InputSignature("image", "float32", (None, 1, 6, 6))
COLOR = InputSignature("image", "float32", (None, 6, 6, 3))
VECTOR = InputSignature("x", "float16", (None, 4))
BYTES = InputSignature("x", "uint8", (None, 6, 6, 1))

AS_PIXELS = Preprocessing(scale=1.0)


def write(path: Path, **arrays: object) -> Path:
    np.savez(path, **arrays)  # type: ignore[arg-type]  # any array-like is written
    return path


def test_uint8_images_are_preprocessed(tmp_path: Path) -> None:
    images = tiny_images(5)
    path = write(tmp_path / "d.npz", images=images, labels=np.arange(5, dtype=np.uint8))
    found = read_data(path, GREY, AS_PIXELS)
    np.testing.assert_array_equal(found.inputs, images.transpose(0, 3, 1, 2))
    assert found.inputs.dtype == np.float32
    assert found.labels is not None
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [0, 1, 2, 3, 4]
    assert (found.kind, found.name, found.classes) == (DataKind.NPZ, "d.npz", None)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("shape", [(5, 6, 6, 1), (5, 1, 6, 6), (5, 6, 6)])
def test_images_may_come_in_either_order(tmp_path: Path, shape: tuple[int, ...]) -> None:
    images = tiny_images(5)
    found = read_data(write(tmp_path / "d.npz", images=images.reshape(shape)), GREY, AS_PIXELS)
    np.testing.assert_array_equal(found.inputs[:, 0], images[..., 0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_are_fed_as_they_are(tmp_path: Path, dtype: str) -> None:
    values = np.linspace(-3, 3, 20).reshape(5, 4).astype(dtype)
    found = read_data(write(tmp_path / "d.npz", images=values), VECTOR, Preprocessing(mean=(9.0,)))
    np.testing.assert_array_equal(found.inputs, values.astype(np.float16))
    assert found.inputs.dtype == np.float16
    assert found.labels is None


def test_uint8_models_are_fed_uint8(tmp_path: Path) -> None:
    images = tiny_images(5)
    found = read_data(write(tmp_path / "d.npz", images=images), BYTES, Preprocessing())
    np.testing.assert_array_equal(found.inputs, images)
    assert found.inputs.dtype == np.uint8


def test_labels_may_be_a_column(tmp_path: Path) -> None:
    path = write(tmp_path / "d.npz", images=tiny_images(3), labels=np.array([[2], [0], [1]]))
    labels = read_data(path, GREY, AS_PIXELS).labels
    assert labels is not None
    assert labels.tolist() == [2, 0, 1]


def image_folder(path: Path, **classes: list[int]) -> Path:
    """An image folder whose pixels all have the value listed, one image per value."""
    for name, values in classes.items():
        (path / name).mkdir(parents=True)
        for value in values:
            pixels = np.full((6, 6, 3), value, np.uint8)
            Image.fromarray(pixels).save(path / name / f"{value:03}.png")
    return path


def test_sub_folders_in_sorted_order_are_the_classes(tmp_path: Path) -> None:
    found = read_data(
        image_folder(tmp_path / "birds", wren=[30, 10], crow=[50], owl=[]), COLOR, AS_PIXELS
    )
    assert found.inputs[:, 0, 0, 0].tolist() == [50, 10, 30]
    assert found.labels is not None
    assert found.labels.tolist() == [0, 2, 2]
    assert (found.kind, found.name, found.classes) == (DataKind.FOLDER, "birds", 3)
    assert "crow = 0" in found.note


def test_folder_images_take_the_channels_of_the_model(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "d", a=[7])
    for channels in (1, 3, 4):
        signature = InputSignature("x", "float32", (None, channels, 6, 6))
        assert read_data(folder, signature, AS_PIXELS).inputs.shape == (1, channels, 6, 6)


def test_digest_of_a_folder_covers_names_and_contents(tmp_path: Path) -> None:
    folders = [
        image_folder(tmp_path / "1", a=[1], b=[2]),
        image_folder(tmp_path / "2", a=[1], c=[2]),
        image_folder(tmp_path / "3", a=[1], b=[3]),
        image_folder(tmp_path / "4", a=[1], b=[2]),
    ]
    digests = [read_data(folder, COLOR, AS_PIXELS).sha256 for folder in folders]
    assert len(set(digests)) == 3
    assert digests[0] == digests[3]


def test_other_files_in_a_folder_are_no_images(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "d", a=[1])
    (folder / "a" / "notes.txt").write_text("about this class")
    assert len(read_data(folder, COLOR, AS_PIXELS)) == 1


def test_images_of_several_sizes_need_one_to_become(tmp_path: Path) -> None:
    folder = image_folder(tmp_path / "d", a=[1])
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(folder / "a" / "other.png")
    open_size = InputSignature("x", "float32", (None, 3, None, None))
    with pytest.raises(DataMismatch, match="different sizes"):
        read_data(folder, open_size, AS_PIXELS)
    cropped = read_data(folder, open_size, Preprocessing(resize=5, crop=4))
    assert cropped.inputs.shape == (2, 3, 4, 4)


@pytest.mark.parametrize(
    ("name", "error"), [("nowhere.npz", FileMissing), ("empty", BadData), ("text.npz", BadData)]
)
def test_what_cannot_be_read(tmp_path: Path, name: str, error: type[Exception]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(error, match=name):
        read_data(tmp_path / name, GREY, AS_PIXELS)


def test_generated_inputs_follow_the_signature_and_the_seed() -> None:
    data = generate_data(GREY, 3)
    assert data.inputs.dtype == np.float32
    assert data.inputs.shape == (64, 1, 6, 6)
    assert abs(float(data.inputs.mean())) < 0.1
    assert abs(float(data.inputs.std()) - 1.0) < 0.1
    assert (data.kind, data.labels) == (DataKind.GENERATED, None)
    assert "no data set" in data.note
    assert data.sha256 == generate_data(GREY, 3).sha256 != generate_data(GREY, 4).sha256


def test_generated_bytes_use_their_whole_range() -> None:
    data = generate_data(BYTES, 0)
    assert data.inputs.dtype == np.uint8
    assert (data.inputs.min(), data.inputs.max()) == (0, 255)


def test_nothing_is_generated_for_an_open_shape() -> None:
    with pytest.raises(UnsupportedSignature, match="give --data"):
        generate_data(InputSignature("x", "float32", (None, 3, None, None)), 0)

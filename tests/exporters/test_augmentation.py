"""Inputs of a training are those of the analyzer; augmented ones are parts of them, mirrored."""

import numpy as np
import pytest

from analyzer.errors import DataMismatch
from analyzer.evaluation.preprocess import Target, prepare
from analyzer.model import Preprocessing

torch = pytest.importorskip("torch")

from exporters.training.augmentation import Augmentation, Flips, resized  # noqa: E402

USUAL = Preprocessing("NCHW", mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def picture(rows: int, columns: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(256, size=(rows, columns, channels), dtype=np.uint8)


@pytest.mark.parametrize(("resize", "crop"), [(None, None), (20, 16), (None, 12), (16, None)])
@pytest.mark.parametrize("size", [(16, 16), (21, 33), (40, 19)])
@pytest.mark.parametrize("color", ["RGB", "BGR"])
def test_without_augmentation_inputs_are_the_analyzers(
    resize: int | None, crop: int | None, size: tuple[int, int], color: str
) -> None:
    stated = Preprocessing("NCHW", color, resize, crop, 1 / 255, USUAL.mean, USUAL.std)
    image = picture(*size)
    wanted = prepare(image[None], Target("NCHW", 3, 16, 16, "float32"), stated)[0]
    assert np.array_equal(Augmentation((3, 16, 16), stated).plain(image).numpy(), wanted)


def test_augmented_images_are_shifted_and_mirrored_ones() -> None:
    """Each must be found among the 5 x 5 x 4 that there can be; every kind must come."""
    images = Augmentation((3, 8, 8), USUAL, pad=2, flips=Flips.BOTH)
    image = picture(8, 8)
    padded = np.pad(images.plain(image).numpy(), ((0, 0), (2, 2), (2, 2)))
    offered = {
        part[:, ::down, ::right].tobytes(): (row, column, down, right)
        for row in range(5)
        for column in range(5)
        for part in [padded[:, row : row + 8, column : column + 8]]
        for down in (1, -1)
        for right in (1, -1)
    }
    rng = np.random.default_rng(0)
    found = [offered[images.augmented(image, rng).numpy().tobytes()] for _ in range(200)]
    for place, count in zip(zip(*found, strict=True), (5, 5, 2, 2), strict=True):
        assert len(set(place)) == count


def test_random_crops_of_a_resized_image() -> None:
    stated = Preprocessing("NCHW", resize=12, crop=8)
    images = Augmentation((3, 8, 8), stated, flips=Flips.NONE)
    image = picture(24, 36)
    whole = resized(image, 12, 18).astype(np.float32) * np.float32(1 / 255)
    offered = {
        whole[row : row + 8, column : column + 8].transpose(2, 0, 1).tobytes(): (row, column)
        for row in range(5)
        for column in range(11)
    }
    rng = np.random.default_rng(1)
    found = [offered[images.augmented(image, rng).numpy().tobytes()] for _ in range(300)]
    assert {len(set(place)) for place in zip(*found, strict=True)} == {5, 11}


def test_bands_of_a_sensor_are_resized_one_by_one() -> None:
    bands = picture(9, 9, 5).astype(np.uint16) * 20
    found = resized(bands, 6, 7)
    assert found.shape == (6, 7, 5)
    alone = resized(bands[..., 2:3], 6, 7)
    assert np.array_equal(found[..., 2:3], alone)


def test_other_channels_and_small_images_are_refused() -> None:
    images = Augmentation((3, 8, 8), Preprocessing("NCHW", crop=8))
    with pytest.raises(DataMismatch, match="images of 1 channels; the network takes 3"):
        images.plain(picture(9, 9, 1))
    with pytest.raises(DataMismatch, match="smaller than the crop of 8; set --resize"):
        images.augmented(picture(7, 9), np.random.default_rng(0))


def test_words() -> None:
    stated = Preprocessing("NCHW", resize=256, crop=224)
    assert Augmentation((3, 224, 224), stated).words() == (
        "resize 256, random crop 224, horizontal flips"
    )
    assert Augmentation((3, 8, 8), USUAL, flips=Flips.NONE).words() == "none"

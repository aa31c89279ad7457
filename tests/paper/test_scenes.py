"""Made scenes: the same from the same seed, all classes, and not told by color alone."""

from pathlib import Path

import numpy as np
import pytest

from paper.scenes import CLASSES, SIDE, make_scene, make_scenes, write_scenes


def test_a_scene_depends_on_seed_and_number_alone() -> None:
    few, more = make_scenes(7, 2), make_scenes(7, 3)
    for a, b in zip(few, more, strict=True):
        assert a.tobytes() == b[:2].tobytes()
    assert make_scenes(8, 2)[0].tobytes() != few[0].tobytes()


def test_every_pixel_has_a_class_and_every_class_its_share() -> None:
    pixels, classes = make_scenes(0, 60)
    assert pixels.shape == (60, SIDE, SIDE, 3)
    assert classes.shape == (60, SIDE, SIDE)
    assert pixels.dtype == classes.dtype == np.uint8
    shares = [float((classes == number).mean()) for number in range(len(CLASSES))]
    assert sum(shares) == pytest.approx(1.0)
    assert all(0.15 < share < 0.35 for share in shares[:-1])
    assert 0.03 < shares[-1] < 0.15, "roads are thin"


def test_colors_alone_do_not_tell_the_classes() -> None:
    """Oracle of a trivial answer: the class with the nearest mean color of the training scenes."""
    pixels, classes = make_scenes(1, 100)
    means = np.stack([pixels[classes == number].mean(axis=0) for number in range(len(CLASSES))])
    shown, true = make_scenes(2, 40)
    distances = ((shown[..., None, :].astype(float) - means) ** 2).sum(axis=-1)
    assert 0.4 < (distances.argmin(axis=-1) == true).mean() < 0.65


def test_forest_and_field_have_the_same_colors() -> None:
    pixels, classes = make_scenes(3, 200)
    forest, field = (pixels[classes == CLASSES.index(n)].mean(axis=0) for n in ("forest", "field"))
    assert np.abs(forest - field).max() < 4.0


def test_files_are_as_the_commands_take_them(tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    write_scenes(folder, {"train": (1, 4), "test": (3, 2)})
    with np.load(folder / "train.npz") as train, np.load(folder / "train-images.npz") as images:
        assert sorted(train) == ["images", "labels"]
        assert list(images) == ["images"]
        assert train["images"].tobytes() == images["images"].tobytes()
    first = make_scene(np.random.default_rng([3, 0]))
    with np.load(folder / "test.npz") as test:
        assert test["labels"][0].tobytes() == first[1].tobytes()

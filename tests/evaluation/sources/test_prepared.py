"""Readers stand on the sources: every layout as inputs of a model, and digests that stay."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from analyzer.errors import BadOption, DataMismatch, TooLarge
from analyzer.evaluation.dataset import DataKind, Dataset, make_batches
from analyzer.evaluation.readers import read_data
from analyzer.model import InputSignature, Origin, Preprocessing, limits
from tests.evaluation.sources.trees import (
    TREES,
    Tree,
    bands,
    class_folders,
    dfc2020,
    listed,
    masked,
    write_bands,
)

PLAIN = Preprocessing(scale=1.0)
PICTURES = ["class folders", "AiTLAS list", "ImageNet", "EuroSAT", "masks"]
CIFAR = [name for name in TREES if name.startswith("CIFAR")]


def signature(*item: int | None, others: tuple[InputSignature, ...] = ()) -> InputSignature:
    return InputSignature("x", "float32", (None, *item), others=others)


def read(tree: Tree, wanted: InputSignature, how: Preprocessing = PLAIN, **more: Any) -> Dataset:
    return read_data(tree.path, wanted, how, **{**tree.options, **more})


@pytest.mark.parametrize("name", [*PICTURES, *CIFAR])
def test_every_layout_is_fed_to_a_model(name: str, tmp_path: Path) -> None:
    tree = TREES[name](tmp_path)
    rows, columns = tree.images[0].shape[:2]
    found = read(tree, signature(3, rows, columns))
    assert (found.kind, len(found)) == (DataKind.FOLDER, len(tree.images))
    np.testing.assert_array_equal(found.inputs, np.stack(tree.images).transpose(0, 3, 1, 2))
    wanted = tree.labels if tree.masks is None else np.stack(tree.masks).tolist()
    assert found.labels is not None
    assert found.labels.tolist() == wanted


def test_the_digest_of_class_folders_is_what_journals_name(tmp_path: Path) -> None:
    """Paths and contents in their order, written down once more."""
    tree = class_folders(tmp_path)
    sha, listing = hashlib.sha256(), hashlib.sha256()
    for file in sorted(p for p in tree.path.rglob("*") if p.is_file()):
        name = file.relative_to(tree.path).as_posix()
        sha.update(name.encode() + b"\0" + file.read_bytes())
        listing.update(f"{name}\0{file.stat().st_size}\0".encode())
    found = read(tree, signature(3, 6, 6))
    assert (found.sha256, found.whole) == (sha.hexdigest(), listing.hexdigest())


def test_a_list_is_behind_the_files_in_the_digest(tmp_path: Path) -> None:
    tree = listed(tmp_path)
    sha = hashlib.sha256()
    for name in ("city/city(1).tif", "city/city(2).tif", "forest/forest(917).tif"):
        sha.update(name.encode() + b"\0" + (tree.path / name).read_bytes())
    sha.update(tree.options["labels"].read_bytes())
    assert read(tree, signature(3, 6, 6)).sha256 == sha.hexdigest()


@pytest.mark.parametrize("name", ["bands", "DFC2020", "masks"])
def test_streams_are_what_is_held(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = TREES[name](tmp_path)
    channels = {"bands": 13, "DFC2020": 15}.get(name, 3)
    wanted = signature(channels, *tree.images[0].shape[:2])
    held = read(tree, wanted)
    monkeypatch.setattr(limits, "HELD_BYTES", 0)
    streamed = read(tree, wanted)
    assert (held.streamed, streamed.streamed) == (False, True)
    assert held.sha256 == streamed.sha256
    pairs = zip(make_batches(held, 2, 0, False), make_batches(streamed, 2, 0, False), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one.inputs, other.inputs)
        np.testing.assert_array_equal(one.labels, other.labels)


# Bands


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_bands_are_fed_as_they_are_stored(layout: str, tmp_path: Path) -> None:
    """Nobody said how they are scaled, and 1/255 is for bytes."""
    tree = bands(tmp_path)
    item = (13, 6, 6) if layout == "NCHW" else (6, 6, 13)
    found = read(tree, signature(*item), Preprocessing())
    wanted = np.stack(tree.images).astype(np.float32)
    shown = wanted.transpose(0, 3, 1, 2) if layout == "NCHW" else wanted
    np.testing.assert_array_equal(found.inputs, shown)
    assert found.recipe.summary.startswith("x, no mean")
    assert found.recipe.assumed


def test_scale_mean_and_std_are_of_each_band(tmp_path: Path) -> None:
    tree = bands(tmp_path)
    mean, std = np.arange(13, dtype=np.float32), np.arange(1, 14, dtype=np.float32)
    how = Preprocessing(
        scale=0.5,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        origins={"scale": Origin.FLAG},
    )
    found = read(tree, signature(6, 6, 13), how).inputs
    stored = np.stack(tree.images).astype(np.float32)
    np.testing.assert_array_equal(found, (stored * np.float32(0.5) - mean) / std)
    with pytest.raises(DataMismatch, match="mean has 3 values for 13 channels"):
        read(tree, signature(6, 6, 13), Preprocessing(mean=(1.0, 2.0, 3.0)))


def test_bytes_of_several_bands_are_pixels(tmp_path: Path) -> None:
    tree = bands(tmp_path, np.uint8)
    found = read(tree, signature(13, 6, 6), Preprocessing()).inputs
    assert found.max() <= 1.0
    np.testing.assert_array_equal(
        found, np.stack(tree.images).transpose(0, 3, 1, 2).astype(np.float32) * np.float32(1 / 255)
    )


def test_bands_are_resized_one_by_one(tmp_path: Path) -> None:
    tree = bands(tmp_path)
    found = read(tree, signature(13, 3, 3)).inputs
    for image, made in zip(tree.images, found, strict=True):
        for band in range(13):
            plane = Image.fromarray(image[..., band].astype(np.float32))
            wanted = np.asarray(plane.resize((3, 3), Image.Resampling.BILINEAR))
            np.testing.assert_array_equal(made[band], wanted)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (signature(3, 6, 6), "has 3 channels; images have 13"),
        (
            InputSignature("x", "uint8", (None, 13, 6, 6)),
            "takes uint8, and the bands .* are uint16",
        ),
    ],
)
def test_models_that_bands_do_not_fit(wanted: InputSignature, says: str, tmp_path: Path) -> None:
    with pytest.raises(DataMismatch, match=says):
        read(bands(tmp_path), wanted)


def test_pictures_have_no_13_channels(tmp_path: Path) -> None:
    with pytest.raises(DataMismatch, match="has 13 channels; images have 1 or 3"):
        read(class_folders(tmp_path), signature(13, 6, 6))


# DFC2020


@pytest.mark.parametrize(("channels", "first", "last"), [(2, 0, 2), (13, 2, 15), (15, 0, 15)])
def test_a_model_of_one_sensor_is_fed_that_sensor(
    channels: int, first: int, last: int, tmp_path: Path
) -> None:
    tree = dfc2020(tmp_path)
    found = read(tree, signature(channels, 12, 12))
    wanted = np.stack(tree.images)[..., first:last].transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(found.inputs, wanted)
    assert found.labels is not None
    np.testing.assert_array_equal(found.labels, np.stack(tree.masks or []))


@pytest.mark.parametrize("turned", [False, True])
def test_a_model_of_two_inputs_is_fed_both(turned: bool, tmp_path: Path) -> None:
    """Whichever comes first, each sensor goes where its channels are, with its own deviations."""
    tree = dfc2020(tmp_path)
    sizes = {"radar": 2, "optical": 13}
    names = list(sizes)[::-1] if turned else list(sizes)
    first, second = (InputSignature(n, "float32", (None, sizes[n], 12, 12)) for n in names)
    wanted = InputSignature(first.name, first.dtype, first.shape, others=(second,))
    how = Preprocessing(
        mean=(*[-25.0] * 2, *[0.0] * 13), std=(*[25.0] * 2, *[10000.0] * 13), scale=1.0
    )
    found = read(tree, wanted, how)
    every = {first.name: found.inputs, **found.more}
    stored = np.stack(tree.images).transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(every["radar"], (stored[:, :2] + np.float32(25)) / np.float32(25))
    np.testing.assert_array_equal(every["optical"], stored[:, 2:] / np.float32(10000))


def test_models_that_sensors_do_not_fit(tmp_path: Path) -> None:
    tree = dfc2020(tmp_path)
    with pytest.raises(DataMismatch, match="has 3 channels; images have 2 or 13 or 15"):
        read(tree, signature(3, 12, 12))
    twice = InputSignature("y", "float32", (None, 2, 12, 12))
    with pytest.raises(DataMismatch, match="inputs 'x' and 'y' take the same"):
        read(tree, signature(2, 8, 8, others=(twice,)))


# What is refused


def test_masks_of_many_images_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = masked(tmp_path)
    monkeypatch.setattr(limits, "DATA_BYTES", 3 * 6 * 9 - 1)
    with pytest.raises(TooLarge, match="use fewer --images"):
        read(tree, signature(3, 6, 9))


@pytest.mark.parametrize("option", ["masks", "part", "labels"])
def test_arrays_take_no_options_of_folders(option: str, tmp_path: Path) -> None:
    from analyzer.evaluation.in_memory import Arrays

    arrays = Arrays({"images": np.zeros((2, 3, 6, 6), np.float32)})
    with pytest.raises(BadOption, match="arrays"):
        read_data(arrays, signature(3, 6, 6), PLAIN, **{option: "val"})  # type: ignore[arg-type]


def test_sizes_of_bands_that_differ_need_one_to_become(tmp_path: Path) -> None:
    tree = bands(tmp_path)
    write_bands(tree.path / "River" / "River_2.tif", np.zeros((9, 9, 13), np.uint16))
    with pytest.raises(DataMismatch, match="different sizes"):
        read(tree, signature(13, None, None))
    assert len(read(tree, signature(13, 6, 6))) == 3

"""Readers: an .npz file, an image folder, or inputs generated from the model's signature."""

import hashlib
import math
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analyzer.errors import BadData, DataMismatch, FileMissing, TooLarge, UnsupportedSignature
from analyzer.evaluation.archive import read_arrays
from analyzer.evaluation.dataset import DataKind, Dataset, Labels, digest
from analyzer.evaluation.preprocess import (
    Target,
    as_nhwc,
    check_pixels,
    check_total,
    prepare,
    target_of,
)
from analyzer.model import InputSignature, Preprocessing, limits
from analyzer.sampling import generator

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})
GENERATED_IMAGES = 64
PIECE = 2**20
"""Bytes of a file that are read and digested at a time."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Channels of a model -> Pillow's name for such images."""

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM")
"""What `IMAGE_SUFFIXES` stand for. Pillow goes by content, and would run Ghostscript on a page
description that is called ``.png``."""

UNREADABLE_IMAGE = (OSError, ValueError, SyntaxError, RuntimeError, EOFError, TypeError)
"""What Pillow raises for damaged images; its "cannot identify" is an OSError."""

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def read_data(
    path: Path,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
) -> Dataset:
    """Read an ``.npz`` file or an image folder with one sub-folder per class.

    Args:
        path: of the file or folder.
        signature: the model's input.
        preprocessing: how images become inputs.
        most: prepare only so many images, the first.

    Raises:
        FileMissing: it is not there.
        BadData: it cannot be read.
        TooLarge: it is more than a data set may be.
        DataMismatch: it does not fit the model's input.
    """
    if path.is_dir():
        return read_folder(path, signature, preprocessing, most)
    if not path.exists():
        raise FileMissing(f"there is no data set {path}")
    if not path.is_file():
        raise FileMissing(f"{path} is a device or a pipe; relcheck reads data sets from files")
    return read_npz(path, signature, preprocessing, most)


def read_npz(
    path: Path,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
) -> Dataset:
    """Read keys ``images`` and, where present, ``labels`` from an ``.npz`` file.

    uint8 images are preprocessed; floats already in the model's input shape are fed as they are.

    Raises:
        BadData: no such keys, empty, or damaged.
        TooLarge: it unpacks to more than a data set may be.
        DataMismatch: shape or labels do not fit.
    """
    images, labels = _load_npz(path)
    if images.size == 0:
        raise BadData(f"{path} holds no images")
    if labels is not None and len(labels) != len(images):
        raise DataMismatch(f"{path} holds {len(images)} images but {len(labels)} labels")
    images, labels = images[:most], None if labels is None else labels[:most]
    if images.dtype == np.uint8 and not _fits_as_is(images, signature):
        target = target_of(signature, preprocessing)
        inputs = prepare(as_nhwc(images, target.channels), target, preprocessing)
    else:
        inputs = _as_floats(images, signature, path)
    sha = hashlib.sha256()
    _add_file(sha, path)
    return Dataset(DataKind.NPZ, path.name, inputs, labels, sha.hexdigest())


def _load_npz(path: Path) -> tuple[npt.NDArray[Any], Labels | None]:
    images, labels = read_arrays(path, "images", "labels")
    if images.ndim == 0:
        raise BadData(f"key 'images' of {path} is no array of images")
    return images, None if labels is None else _as_labels(labels, path)


def _as_labels(labels: npt.NDArray[Any], path: Path) -> Labels:
    flat = labels.reshape(-1) if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.ndim != 1 or flat.dtype.kind not in "iu":
        raise DataMismatch(f"labels in {path} must be one integer per image")
    return flat.astype(np.int64)


def _fits_as_is(images: npt.NDArray[Any], signature: InputSignature) -> bool:
    """Whether arrays of the model's own uint8 input need no preprocessing."""
    wanted = signature.shape
    return (
        signature.dtype == "uint8"
        and images.ndim == len(wanted)
        and all(w in (None, h) for w, h in zip(wanted[1:], images.shape[1:], strict=True))
    )


def _as_floats(images: npt.NDArray[Any], signature: InputSignature, path: Path) -> npt.NDArray[Any]:
    wanted = signature.item
    got = images.shape[1:]
    fits = images.dtype == np.uint8 if signature.dtype == "uint8" else images.dtype.kind == "f"
    if not fits:
        other = "" if signature.dtype == "uint8" else " or float"
        raise DataMismatch(f"images in {path} are {images.dtype}; they must be uint8{other}")
    if len(got) != len(wanted) or any(w not in (None, g) for w, g in zip(wanted, got, strict=True)):
        raise DataMismatch(f"images in {path} have shape {got}, the model's input is {signature}")
    check_total(images.size * np.dtype(signature.dtype).itemsize)
    with np.errstate(over="ignore"):  # infinity, as the model would make of it
        return images.astype(signature.dtype)


def read_folder(
    path: Path,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
) -> Dataset:
    """Read an image folder; sub-folders in sorted order are the classes 0, 1, ...

    Raises:
        BadData: no images, or one that cannot be read.
        TooLarge: an image, or all of them, are more than a data set may be.
        DataMismatch: the images do not fit the model.
    """
    classes = sorted(p for p in path.iterdir() if p.is_dir())
    found = [
        (file, label)
        for label, folder in enumerate(classes)
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in IMAGE_SUFFIXES and file.is_file()
    ]
    if not found:
        raise BadData(
            f"folder {path} holds no images in class sub-folders ({path.name}/CLASS/IMAGE.png)"
        )
    target = target_of(signature, preprocessing)
    inputs = _all_images([file for file, _ in found[:most]], target, preprocessing)
    sha = hashlib.sha256()
    for file, _ in found:
        sha.update(str(file.relative_to(path)).encode("utf-8", "surrogateescape") + b"\0")
        _add_file(sha, file)
    labels = np.array([label for _, label in found[:most]], np.int64)
    note = f"classes are numbered by sorted folder name: {classes[0].name} = 0"
    return Dataset(DataKind.FOLDER, path.name, inputs, labels, sha.hexdigest(), note, len(classes))


def _all_images(
    files: Iterable[Path], target: Target, preprocessing: Preprocessing
) -> npt.NDArray[Any]:
    inputs: list[npt.NDArray[Any]] = []
    total = 0
    for file in files:
        inputs.append(_one_image(file, target, preprocessing))
        total += inputs[-1].nbytes
        check_total(total)
        if inputs[-1].shape != inputs[0].shape:
            raise DataMismatch(
                f"images up to {file} end up in different sizes and the model fixes none; set "
                "--resize and --crop"
            )
    return np.concatenate(inputs)


def _one_image(file: Path, target: Target, preprocessing: Preprocessing) -> npt.NDArray[Any]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities that do no harm to pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=FORMATS) as picture:
                check_pixels(picture.height, picture.width, str(file))
                pixels = np.asarray(picture.convert(MODES[target.channels]))
    except BOMBS as error:
        raise TooLarge(f"image {file} has more pixels than relcheck decodes") from error
    except UNREADABLE_IMAGE as error:
        raise BadData(f"image {file} cannot be read") from error
    return prepare(pixels.reshape(1, *pixels.shape[:2], target.channels), target, preprocessing)


def _add_file(sha: "hashlib._Hash", file: Path) -> None:
    """Take in the bytes of one file, which may be larger than memory."""
    try:
        with file.open("rb") as stream:
            while piece := stream.read(PIECE):
                sha.update(piece)
    except OSError as error:
        raise BadData(f"{file} cannot be read: {error.strerror}") from error


def generate_data(signature: InputSignature, seed: int, count: int = GENERATED_IMAGES) -> Dataset:
    """Standard normal inputs (uniform bytes for uint8) of the model's own input shape.

    Of very large inputs there are fewer than ``count``, but one at least.

    Raises:
        UnsupportedSignature: a dimension beside the batch is open: nothing says how large.
    """
    if None in signature.item:
        raise UnsupportedSignature(
            f"input {signature} leaves dimensions open that nothing resolves; give --data"
        )
    item = tuple(d for d in signature.item if d is not None)
    count = max(1, min(count, limits.GENERATED_ELEMENTS // math.prod(item)))
    shape = (count, *item)
    rng = generator(f"seed={seed}", "generated inputs", 0)
    values = (
        rng.integers(256, size=shape, dtype=np.uint8)
        if signature.dtype == "uint8"
        else rng.standard_normal(shape).astype(signature.dtype)
    )
    note = (
        "no data set: inputs are random numbers, judged only by agreement with the fault-free "
        "model; accuracy on real data is not known from this report"
    )
    return Dataset(DataKind.GENERATED, "generated", values, None, digest(values), note)

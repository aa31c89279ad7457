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

from analyzer.errors import (
    BadData,
    DataMismatch,
    FileMissing,
    TooLarge,
    UnsupportedSignature,
)
from analyzer.evaluation.archive import read_several
from analyzer.evaluation.arrays import RawArrays, keys_of, prepare_arrays
from analyzer.evaluation.dataset import DataKind, Dataset, digest
from analyzer.evaluation.preprocess import (
    Target,
    check_pixels,
    check_total,
    prepare,
    target_of,
)
from analyzer.faults.sampling import generator
from analyzer.model import InputSignature, Preprocessing, limits

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
    The array may also stand under the input's own name. Further inputs stand under theirs.

    Raises:
        BadData: no such keys, empty, or damaged.
        TooLarge: it unpacks to more than a data set may be.
        DataMismatch: shape or labels do not fit.
    """
    raw = _load_npz(path, signature)
    inputs, labels, more = prepare_arrays(raw, signature, preprocessing, most)
    sha = hashlib.sha256()
    _add_file(sha, path)
    return Dataset(DataKind.NPZ, path.name, inputs, labels, sha.hexdigest(), more=more)


def _load_npz(path: Path, signature: InputSignature) -> RawArrays:
    """What stands under the keys of the first input, of the others, and of the labels."""
    (images, *others), labels = read_several(path, keys_of(signature), "labels")
    return RawArrays(path, images, tuple(others), labels)


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
    if signature.others:
        raise DataMismatch(
            f"the model has {len(signature.every)} inputs; an image folder fills one, give an .npz "
            "file with a key for each"
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


OPEN_LENGTH = 32
"""Tokens of a generated sequence where the model leaves its length open."""


def generate_data(signature: InputSignature, seed: int, count: int = GENERATED_IMAGES) -> Dataset:
    """Standard normal inputs (uniform bytes for uint8) of the model's own input shape.

    Integers are uniform below the rows of the table that they select from; masks are all ones,
    segment numbers all zeros. Of very large inputs there are fewer than ``count``, one at least.

    Raises:
        UnsupportedSignature: a dimension beside the batch is open: nothing says how large.
    """
    open_length = OPEN_LENGTH if any(s.is_integer for s in signature.every) else None
    items = {}
    for s in signature.every:
        if None in s.item and open_length is None:
            raise UnsupportedSignature(
                f"input {signature} leaves dimensions open that nothing resolves; give --data"
            )
        items[s.name] = tuple(d or OPEN_LENGTH for d in s.item)
    elements = max(math.prod(item) for item in items.values())
    count = max(1, min(count, limits.GENERATED_ELEMENTS // max(1, elements)))
    rng = generator(f"seed={seed}", "generated inputs", 0)
    values, *others = (_generated(s, (count, *items[s.name]), rng) for s in signature.every)
    more = {s.name: other for s, other in zip(signature.others, others, strict=True)}
    note = (
        "no data set: inputs are random numbers, judged only by agreement with the fault-free "
        "model; accuracy on real data is not known from this report"
    )
    sha256 = digest(values, *others)
    return Dataset(DataKind.GENERATED, "generated", values, None, sha256, note, more=more)


def _generated(
    signature: InputSignature, shape: tuple[int, ...], rng: np.random.Generator
) -> npt.NDArray[Any]:
    """Numbers of the kind that one input takes."""
    if "mask" in signature.name.lower():
        return np.ones(shape, signature.dtype)
    if signature.is_integer:
        segments = "type" in signature.name.lower() or "segment" in signature.name.lower()
        bound = 1 if segments else signature.bound or 2
        return rng.integers(bound, size=shape).astype(signature.dtype)
    if signature.dtype == "uint8":
        return rng.integers(256, size=shape, dtype=np.uint8)
    return rng.standard_normal(shape).astype(signature.dtype)

"""Readers: an .npz file, an image folder, or inputs generated from the model's signature."""

import hashlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analyzer.errors import BadData, DataMismatch, FileMissing, UnsupportedSignature
from analyzer.evaluation.dataset import DataKind, Dataset, Labels, digest
from analyzer.evaluation.preprocess import Target, as_nhwc, prepare, target_of
from analyzer.model import InputSignature, Preprocessing
from analyzer.sampling import generator

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm"})
GENERATED_IMAGES = 64

UNREADABLE_NPZ = (
    *(OSError, EOFError, ValueError, TypeError, AttributeError),  # no archive, or pickled objects
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),  # damaged, encrypted
    MemoryError,  # a header that promises more than there is
)
"""What numpy and zipfile raise for files that are no intact archive of plain arrays."""

UNREADABLE_IMAGE = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for damaged images; its "cannot identify" is an OSError."""


def read_data(path: Path, signature: InputSignature, preprocessing: Preprocessing) -> Dataset:
    """Read an ``.npz`` file or an image folder with one sub-folder per class.

    Raises:
        FileMissing: it is not there.
        BadData: it cannot be read.
        DataMismatch: it does not fit the model's input.
    """
    if path.is_dir():
        return read_folder(path, signature, preprocessing)
    if not path.exists():
        raise FileMissing(f"there is no data set {path}")
    return read_npz(path, signature, preprocessing)


def read_npz(path: Path, signature: InputSignature, preprocessing: Preprocessing) -> Dataset:
    """Read keys ``images`` and, where present, ``labels`` from an ``.npz`` file.

    uint8 images are preprocessed; floats already in the model's input shape are fed as they are.

    Raises:
        BadData: no such keys, empty, or damaged.
        DataMismatch: shape or labels do not fit.
    """
    images, labels = _load_npz(path)
    if images.size == 0:
        raise BadData(f"{path} holds no images")
    if labels is not None and len(labels) != len(images):
        raise DataMismatch(f"{path} holds {len(images)} images but {len(labels)} labels")
    if images.dtype == np.uint8 and not _fits_as_is(images, signature):
        target = target_of(signature, preprocessing)
        inputs = prepare(as_nhwc(images, target.channels), target, preprocessing)
    else:
        inputs = _as_floats(images, signature, path)
    sha = hashlib.sha256(path.read_bytes()).hexdigest()
    return Dataset(DataKind.NPZ, path.name, inputs, labels, sha)


def _load_npz(path: Path) -> tuple[npt.NDArray[Any], Labels | None]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            if "images" not in archive:
                keys = ", ".join(archive.files) or "none"
                raise BadData(f"{path} has no key 'images' (its keys: {keys})")
            images = archive["images"]
            labels = archive.get("labels", None)
    except UNREADABLE_NPZ as error:
        raise BadData(
            f"{path} cannot be read as an .npz file with keys 'images' and 'labels'"
        ) from error
    if not isinstance(images, np.ndarray) or images.ndim == 0:
        raise BadData(f"key 'images' of {path} is no array of images")
    return images, None if labels is None else _as_labels(np.asarray(labels), path)


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
    return images.astype(signature.dtype)


def read_folder(path: Path, signature: InputSignature, preprocessing: Preprocessing) -> Dataset:
    """Read an image folder; sub-folders in sorted order are the classes 0, 1, ...

    Raises:
        BadData: no images, or one that cannot be read.
        DataMismatch: the images do not fit the model.
    """
    classes = sorted(p for p in path.iterdir() if p.is_dir())
    found = [
        (file, label)
        for label, folder in enumerate(classes)
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in IMAGE_SUFFIXES
    ]
    if not found:
        raise BadData(
            f"folder {path} holds no images in class sub-folders ({path.name}/CLASS/IMAGE.png)"
        )
    target = target_of(signature, preprocessing)
    inputs = [_one_image(file, target, preprocessing) for file, _ in found]
    if len({i.shape for i in inputs}) > 1:
        raise DataMismatch(
            f"images in {path} end up in different sizes and the model fixes none; set --resize "
            "and --crop"
        )
    sha = hashlib.sha256()
    for file, _ in found:
        sha.update(str(file.relative_to(path)).encode() + b"\0")
        sha.update(file.read_bytes())
    labels = np.array([label for _, label in found], np.int64)
    note = f"classes are numbered by sorted folder name: {classes[0].name} = 0"
    fed = np.concatenate(inputs)
    return Dataset(DataKind.FOLDER, path.name, fed, labels, sha.hexdigest(), note, len(classes))


def _one_image(file: Path, target: Target, preprocessing: Preprocessing) -> npt.NDArray[Any]:
    try:
        with Image.open(file) as picture:
            pixels = np.asarray(picture.convert("L" if target.channels == 1 else "RGB"))
    except UNREADABLE_IMAGE as error:
        raise BadData(f"image {file} cannot be read") from error
    return prepare(pixels.reshape(1, *pixels.shape[:2], target.channels), target, preprocessing)


def generate_data(signature: InputSignature, seed: int, count: int = GENERATED_IMAGES) -> Dataset:
    """Standard normal inputs (uniform bytes for uint8) of the model's own input shape.

    Raises:
        UnsupportedSignature: a dimension beside the batch is open: nothing says how large.
    """
    if None in signature.item:
        raise UnsupportedSignature(
            f"input {signature} leaves dimensions open that nothing resolves; give --data"
        )
    shape = (count, *(d for d in signature.item if d is not None))
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

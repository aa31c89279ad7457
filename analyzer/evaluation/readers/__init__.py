"""Readers: data sets prepared for a model. What lies on a disk is opened by a source.

`sources/` is the family: one file for each form in which images come, one list, one place that
chooses. Here a source becomes the inputs of a model: by key, or image by image.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from analyzer.errors import DataMismatch
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.in_memory import IMAGES, Arrays, ArraysByKey
from analyzer.evaluation.preprocess import target_of
from analyzer.evaluation.readers.generated import OPEN_LENGTH, generate_data
from analyzer.evaluation.readers.images import read_files
from analyzer.evaluation.readers.keyed import read_keyed
from analyzer.evaluation.readers.memory import read_arrays
from analyzer.evaluation.readers.request import Request
from analyzer.evaluation.sources import ArraySource, Asked, ImageFiles, choose_form
from analyzer.evaluation.sources.archive import Archive
from analyzer.evaluation.sources.asked import COLORS
from analyzer.evaluation.sources.npz_file import NpzFile
from analyzer.model import InputSignature, Preprocessing

__all__ = [
    "OPEN_LENGTH",
    "Request",
    "generate_data",
    "read_data",
]


def read_data(
    source: Path | Arrays,
    signature: InputSignature,
    preprocessing: Preprocessing,
    most: int | None = None,
    *,
    seed: int = 0,
    labels: Path | None = None,
    masks: Path | None = None,
    part: str | None = None,
    names: Sequence[str] = (),
) -> Dataset:
    """Read an ``.npz`` file, a folder of images, or the arrays that a program holds.

    Args:
        source: path of the file or folder, or the arrays.
        signature: the model's inputs.
        preprocessing: how images become inputs.
        most: images that are wanted, drawn by the seed; None: all.
        seed: of the plan.
        labels: a list of file names and classes, for a folder.
        masks: a folder with a mask for each image, for a folder.
        part: ``train``, ``val`` or ``test``, of a data set in parts.
        names: of the model's classes, in their order.

    Raises:
        FileMissing: it, or a file that it names, is not there.
        BadData: it cannot be read.
        TooLarge: it is more than a data set may be.
        DataMismatch: it does not fit the model's input.
        BadOption: an option has no effect on such data.
        PackageMissing: an optional package is needed.
    """
    request = Request(signature, preprocessing, most, seed, labels, masks, part, tuple(names))
    if isinstance(source, Arrays):
        return read_arrays(source, request)
    asked = Asked(labels, masks, part, tuple(names), _channels(request))
    form = choose_form(source, asked)
    if isinstance(form, NpzFile):  # whose arrays may be anything that a model takes
        return read_keyed(Archive(source), DataKind.NPZ, source, request)
    opened = form.open(source, asked)
    if isinstance(opened, ImageFiles):
        return read_files(opened, request)
    assert isinstance(opened, ArraySource), "archives are read by key"
    return _read_held(opened, request)


def _channels(request: Request) -> int:
    """The channels that pictures are brought to: those of the model, where it takes pictures."""
    try:
        return target_of(request.signature, request.preprocessing).channels
    except DataMismatch:  # it takes bands, or none of both, which is said once images are there
        return COLORS


def _read_held(source: ArraySource, request: Request) -> Dataset:
    """The data set of images in memory."""
    arrays = Arrays({IMAGES: source.images}, source.labels, source.name)
    data = read_keyed(ArraysByKey(arrays), DataKind.FOLDER, Path(source.name), request)
    return replace(data, name=source.name, note=source.note)

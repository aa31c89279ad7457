"""``.npz`` files of images: pixels, or JPEG files one behind the other, with classes or masks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, DataMismatch
from analyzer.evaluation.rows import InputRows
from analyzer.evaluation.sources.archive import Archive
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.class_names import number_by_order
from analyzer.evaluation.sources.labels import read_class_numbers
from analyzer.evaluation.sources.mask_files import MaskReader
from analyzer.evaluation.sources.pictures import UnreadablePicture, decode
from analyzer.evaluation.sources.source import Image, Mask

OTHER_FILES = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"), "picture"),
    **dict.fromkeys((".tar", ".tgz", ".gz", ".7z", ".rar"), "packed"),
    **dict.fromkeys((".csv", ".tsv", ".txt"), "list"),
    **dict.fromkeys((".npy", ".h5", ".hdf5", ".mat", ".parquet", ".arrow", ".tfrecord"), "arrays"),
}

WHY_NOT = {
    "picture": "it is one picture; give the folder that it lies in",
    "packed": "unpack it, and give the folder",
    "list": "a list of labels goes to --labels, and the folder of its images to --data",
    "arrays": "save its arrays by numpy.savez('FILE.npz', images=..., labels=...)",
}

IMAGES, LABELS, MASKS, JPEG, OFFSETS = "images", "labels", "masks", "jpeg", "offsets"
CHANNELS = (1, 3, 4)


@dataclass(frozen=True, slots=True)
class ArchiveImages:
    """Images of one ``.npz`` file; a large array stays in it and is read row by row.

    Attributes:
        path: Of the file.
        pixels: Rows of pixels, or of nothing where files are decoded.
        files: uint8, JPEG files one behind the other, and int64 where each begins; None: pixels.
        labels: int64 (n,); None: the images have no class each.
        masks: Rows of classes of pixels; None: there are none.
        sha256: Of the file.
        classes: Names of the classes; empty: they have none.
        channels: That JPEG files are brought to.
        note: How classes are numbered.
    """

    path: Path
    pixels: InputRows
    files: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] | None
    labels: npt.NDArray[np.int64] | None
    masks: InputRows | None
    sha256: str
    classes: tuple[str, ...] = ()
    channels: int = 3
    note: str = ""

    @property
    def name(self) -> str:
        """That of the file."""
        return self.path.name

    @property
    def masked(self) -> bool:
        """True if each image has a mask."""
        return self.masks is not None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.pixels) if self.files is None else len(self.files[1]) - 1

    def image(self, index: int) -> Image:
        """One image; see `ImageSource.image`.

        Args:
            index: from 0.
        """
        if self.files is not None:
            content, starts = self.files
            one = content[starts[index] : starts[index + 1]].tobytes()
            try:
                return decode(one, Path(f"{self.name}[{index}]"), self.channels).pixels
            except UnreadablePicture as error:
                raise BadData(f"image {index} of {self.path} cannot be read: {error}") from error
        return _channels_last(np.asarray(self.pixels[np.array([index])])[0])

    def mask(self, index: int) -> Mask:
        """The classes of one image's pixels; see `MaskedSource.mask`.

        Args:
            index: from 0.

        Raises:
            BadData: it is of another size, or holds an unknown class.
            ValueError: the images have no masks.
        """
        if self.masks is None:
            raise ValueError(f"the images of {self.name} have no masks")
        numbers = np.asarray(self.masks[np.array([index])])[0].astype(np.int64)
        rows, columns = self.image(index).shape[:2]
        place = Path(f"{self.name}[{index}]")
        return MaskReader(len(self.classes) or None).check(numbers, place, (rows, columns))


class NpzFile:
    """Keys ``images``, or ``jpeg`` and ``offsets``; perhaps ``labels`` or ``masks``."""

    idle: ClassVar[Mapping[str, str]] = {
        "labels": "the labels of an .npz file stand in it, under the key 'labels'; --labels is for "
        "folders of images",
        "masks": "the masks of an .npz file stand in it, under the key 'labels'; --masks is for "
        "folders of images",
        "part": "an .npz file has no parts",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a file is no archive of arrays; empty: it may be one."""
        return WHY_NOT.get(OTHER_FILES.get(path.suffix.lower(), ""), "")

    def open(self, path: Path, asked: Asked) -> ArchiveImages:
        """The images; see `SourceForm.open`.

        Args:
            path: of the file.
            asked: names of the classes, and channels of JPEG files.
        """
        archive = Archive(path)
        pixels, files = _pixels(archive, path)
        count = len(pixels) if files is None else len(files[1]) - 1
        if not count:
            raise BadData(f"{path} holds no images")
        labels, masks, classes, note = _labels(archive, path, asked.classes, count)
        return ArchiveImages(
            path, pixels, files, labels, masks, archive.digest(), classes, asked.channels, note
        )


def _pixels(
    archive: Archive, path: Path
) -> tuple[InputRows, tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] | None]:
    if IMAGES not in archive.keys and {JPEG, OFFSETS} <= set(archive.keys):
        content, starts = archive.array(JPEG), archive.array(OFFSETS)
        ends = starts.dtype.kind in "iu" and starts.ndim == 1 and starts.size > 0
        if not ends or content.dtype != np.uint8 or content.ndim != 1:
            raise BadData(f"{path}: 'jpeg' must be bytes, and 'offsets' the places of its images")
        if (np.diff(starts.astype(np.int64)) < 0).any() or starts[0] < 0:
            raise BadData(f"{path}: 'offsets' do not grow")
        if int(starts[-1]) > len(content):
            raise BadData(f"{path}: 'offsets' lead beyond the end of 'jpeg'")
        return np.empty((0,)), (content, starts.astype(np.int64))
    pixels = archive.read(archive.key([IMAGES]))
    if len(pixels.shape) not in (3, 4):
        raise DataMismatch(
            f"key 'images' of {path} has shape {pixels.shape}, not (n, rows, columns, channels)"
        )
    return pixels, None


def _labels(
    archive: Archive, path: Path, names: Sequence[str], count: int
) -> tuple[npt.NDArray[np.int64] | None, InputRows | None, tuple[str, ...], str]:
    """Classes of images, masks, names of the classes, and a note on their numbers."""
    masks: InputRows | None = None
    key = next((key for key in (LABELS, MASKS) if key in archive.keys), None)
    if key is None:
        return None, None, tuple(names), ""
    found = archive.read(key)
    if len(found) != count:
        raise DataMismatch(f"{path} holds {count} images but {len(found)} {key}")
    if len(found.shape) == 3:
        masks = found
        return None, masks, tuple(names), ""
    values = archive.array(key)
    classes, note = tuple(names), ""
    if values.dtype.kind in "US" and values.ndim == 1 and not names:
        numbering = number_by_order(sorted({_text(v) for v in values}), "by sorted name")
        classes, note = numbering.names(()), numbering.note
    labels, why = read_class_numbers(values, classes)
    if labels is None or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataMismatch(f"{path}: {why or 'labels are no classes of images'}")
    return labels.astype(np.int64), None, classes, note


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _channels_last(pixels: npt.NDArray[Any]) -> Image:
    """One image as (rows, columns, channels): channels are last if they can be."""
    if pixels.ndim == 2:
        return pixels[..., None]
    first = pixels.shape[0] in CHANNELS and pixels.shape[-1] not in CHANNELS
    return np.ascontiguousarray(pixels.transpose(1, 2, 0)) if first else pixels

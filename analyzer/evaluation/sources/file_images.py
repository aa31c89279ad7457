"""Images of which each is a file of its own, or several: one for each sensor, one for a mask.

A data set of any size needs the memory of its file names and of the images that are in use.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData
from analyzer.evaluation.rows import Stamp, check_unchanged
from analyzer.evaluation.sources.decoders import Decoder
from analyzer.evaluation.sources.first_seen import FirstSeen
from analyzer.evaluation.sources.mask_files import MaskReader
from analyzer.evaluation.sources.pictures import Remark, UnreadablePicture, read_bytes
from analyzer.evaluation.sources.source import Image, Mask


@dataclass(frozen=True, slots=True)
class Layer:
    """One file of each image: that of one sensor.

    Attributes:
        name: Of the sensor; empty: there is one only.
        root: Folder of the files.
        files: Paths in it, with slashes; the file of each image.
        decoder: Of these files.
    """

    name: str
    root: Path
    files: tuple[str, ...]
    decoder: Decoder


@dataclass(frozen=True, slots=True)
class MaskLayer:
    """The mask of each image.

    Attributes:
        root: Folder of the files.
        files: Paths in it, with slashes; the file of each image.
        reader: Of these files.
    """

    root: Path
    files: tuple[str, ...]
    reader: MaskReader


@dataclass(frozen=True, slots=True)
class Seen:
    """One image, decoded, with all that was read for it.

    Attributes:
        parts: (rows, columns, channels) of each layer, of one size.
        mask: The classes of its pixels; None: it has no mask.
        contents: Name and bytes of every file that was read.
        stamps: What each of these files was.
        remarks: What was done to it.
    """

    parts: tuple[Image, ...]
    mask: Mask | None
    contents: tuple[tuple[str, bytes], ...]
    stamps: tuple[Stamp, ...]
    remarks: frozenset[Remark]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.parts[0].shape[0], self.parts[0].shape[1]

    @property
    def image(self) -> Image:
        """(rows, columns, channels) of all layers, one behind the other."""
        return self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts, axis=2)


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """A source whose images are files.

    Attributes:
        name: In messages and reports.
        layers: The files of each sensor, one or more.
        labels: int64 (n,); None: the images have no class each.
        classes: Names of the classes, in the order of their numbers; empty: they have none.
        mask_layer: The mask of each image; None: there are none.
        note: How the files were found and numbered, and what was left out.
        numbered: How many classes there must be for the numbers to be right; None: any number.
        content: Bytes of a list that the labels come from.
        remarks: What else is to be said of the files, in half sentences.
    """

    name: str
    layers: tuple[Layer, ...]
    labels: npt.NDArray[np.int64] | None
    classes: tuple[str, ...] = ()
    mask_layer: MaskLayer | None = None
    note: str = ""
    numbered: int | None = None
    content: bytes = b""
    remarks: tuple[str, ...] = ()
    first: FirstSeen = field(default_factory=FirstSeen, compare=False, repr=False)

    def __len__(self) -> int:
        """Number of images."""
        return len(self.layers[0].files)

    @property
    def masked(self) -> bool:
        """True if each image has a mask."""
        return self.mask_layer is not None

    @property
    def sha256(self) -> str:
        """Digest of the names and sizes of all files, of the labels and their list.

        Raises:
            BadData: a file is gone.
        """
        sha = hashlib.sha256(self.listing().encode())
        if self.labels is not None:
            sha.update(np.ascontiguousarray(self.labels, "<i8").tobytes())
        sha.update(self.content)
        return sha.hexdigest()

    def listing(self) -> str:
        """SHA-256 of the names and sizes of all files.

        Raises:
            BadData: a file is gone.
        """
        sha = hashlib.sha256()
        for files in self._columns():
            for root, file in sorted(files, key=lambda pair: pair[1]):
                try:
                    size = (root / file).stat().st_size
                except OSError as error:
                    raise BadData(f"{root / file} cannot be read: {error.strerror}") from error
                sha.update(f"{file}\0{size}\0".encode("utf-8", "surrogateescape"))
        return sha.hexdigest()

    def place(self, index: int) -> Path:
        """The first file of one image, for messages."""
        return self.layers[0].root / self.layers[0].files[index]

    def look(self, index: int) -> Seen:
        """One image with its mask, and all that was read for it.

        Args:
            index: from 0.

        Raises:
            UnreadablePicture: a file cannot be opened, or is no such image.
            TooLarge: it has more pixels than an image may have.
            BadData: a mask cannot be read, does not fit its image, or holds an unknown class.
            PackageMissing: it needs an optional package.
        """
        seen = self._layers(index)
        if self.mask_layer is None:
            return seen
        mask, content, stamp = self._mask(index, seen.shape)
        contents = (*seen.contents, (self.mask_layer.files[index], content))
        return replace(seen, mask=mask, contents=contents, stamps=(*seen.stamps, stamp))

    def check(self, index: int, stamps: tuple[Stamp, ...]) -> None:
        """Refuse an image whose files are no longer what they were.

        Args:
            index: from 0.
            stamps: what they were.

        Raises:
            BadData: one was changed, or removed.
        """
        for files, stamp in zip(self._columns(), stamps, strict=True):
            root, file = files[index]
            check_unchanged(root / file, f"image {file}", stamp)

    def image(self, index: int) -> Image:
        """One image; see `ImageSource.image`.

        Args:
            index: from 0.
        """
        return self._again(index).image

    def mask(self, index: int) -> Mask:
        """The classes of one image's pixels; see `MaskedSource.mask`.

        Args:
            index: from 0.

        Raises:
            BadData: it cannot be read, is of another size, or holds an unknown class.
            ValueError: the images have no masks.
        """
        if self.mask_layer is None:
            raise ValueError(f"the images of {self.name} have no masks")
        shape = self.first.shape(index) or self._again(index).shape
        mask, _, stamp = self._mask(index, shape)
        self.first.keep_mask(index, stamp, len(self), self.mask_layer.files[index])
        return mask

    def only(self, layers: tuple[int, ...]) -> "ImageFiles":
        """The same images with the files of some sensors.

        Args:
            layers: which, in order.
        """
        return replace(self, layers=tuple(self.layers[i] for i in layers), first=FirstSeen())

    def anywhere(self) -> "ImageFiles":
        """The same with paths that are right in any folder, as worker processes need them."""
        layers = tuple(replace(layer, root=layer.root.absolute()) for layer in self.layers)
        masks = self.mask_layer
        if masks is not None:
            masks = replace(masks, root=masks.root.absolute())
        return replace(self, layers=layers, mask_layer=masks, first=FirstSeen())

    def _again(self, index: int) -> Seen:
        """One image; its files must be what they were when it was looked at before."""
        try:
            seen = self._layers(index)
        except UnreadablePicture as error:
            raise BadData(f"image {self.place(index)} cannot be read: {error}") from error
        self.first.keep(index, seen.stamps, seen.shape, len(self), str(self.place(index)))
        return seen

    def _layers(self, index: int) -> Seen:
        parts, contents, stamps = [], [], []
        remarks: set[Remark] = set()
        for layer in self.layers:
            stamp, content = _read(layer.root / layer.files[index])
            picture = layer.decoder.decode(content, layer.root / layer.files[index])
            parts.append(picture.pixels)
            contents.append((layer.files[index], content))
            stamps.append(stamp)
            remarks |= picture.remarks
        self._check_parts(index, parts)
        return Seen(tuple(parts), None, tuple(contents), tuple(stamps), frozenset(remarks))

    def _mask(self, index: int, shape: tuple[int, int]) -> tuple[Mask, bytes, Stamp]:
        assert self.mask_layer is not None, "who asks has looked"
        file = self.mask_layer.root / self.mask_layer.files[index]
        try:
            stamp, content = _read(file)
            return self.mask_layer.reader.read(content, file, shape), content, stamp
        except UnreadablePicture as error:
            raise BadData(f"mask {file} cannot be read: {error}") from error

    def _check_parts(self, index: int, parts: list[Image]) -> None:
        for layer, part in zip(self.layers, parts, strict=True):
            if part.shape[:2] != parts[0].shape[:2]:
                raise BadData(
                    f"{layer.root / layer.files[index]} has {part.shape[0]}x{part.shape[1]} "
                    f"pixels, and {self.place(index)} of the same place has "
                    f"{parts[0].shape[0]}x{parts[0].shape[1]}"
                )

    def _columns(self) -> Iterator[list[tuple[Path, str]]]:
        """Folder and path of every file, layer by layer, masks last."""
        for layer in self.layers:
            yield [(layer.root, file) for file in layer.files]
        if self.mask_layer is not None:
            yield [(self.mask_layer.root, file) for file in self.mask_layer.files]


def _read(path: Path) -> tuple[Stamp, bytes]:
    """The stamp and the bytes of a file.

    Raises:
        UnreadablePicture: it cannot be opened.
    """
    try:
        return Stamp.of(path), read_bytes(path)
    except OSError as error:
        raise UnreadablePicture(error.strerror or "it cannot be opened") from error

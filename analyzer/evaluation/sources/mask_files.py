"""Masks: the class of each pixel of an image, as numbers or as places in a palette."""

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from analyzer.errors import BadData, TooLarge
from analyzer.evaluation.image_sizes import check_pixels
from analyzer.evaluation.sources.bands import decode_bands, holds_bands
from analyzer.evaluation.sources.decoders import TIFF
from analyzer.evaluation.sources.pictures import BOMBS, FORMATS, UNREADABLE, UnreadablePicture
from analyzer.evaluation.sources.source import Mask

IGNORED = 255
"""The class of pixels that do not count."""

NUMBERED = ("1", "L", "P", "I;16", "I")
"""Pillow's modes of pictures with one number for each pixel."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MaskReader:
    """Reads masks and refuses those of another size or with unknown classes.

    Attributes:
        classes: How many there are, numbered from 0; None: nobody says.
        table: The class of each number that a file may hold; empty: numbers are classes.
        scheme: Name of the table, for messages.
    """

    classes: int | None = None
    table: tuple[int, ...] = ()
    scheme: str = ""

    def read(self, content: bytes, file: Path, shape: tuple[int, int]) -> Mask:
        """One mask.

        Args:
            content: the bytes of the file.
            file: where they come from, for messages.
            shape: rows and columns of the image.

        Returns:
            uint8 (rows, columns), 255 for pixels that do not count.

        Raises:
            UnreadablePicture: it is damaged, or no such picture.
            BadData: it is of another size, or holds an unknown class.
            TooLarge: it has more pixels than an image may have.
            PackageMissing: it needs an optional package.
        """
        return self.check(_numbers(content, file), file, shape)

    def check(self, numbers: Numbers, file: Path, shape: tuple[int, int]) -> Mask:
        """The classes of a mask that is decoded; see `read`.

        Args:
            numbers: int64 (rows, columns).
            file: where they come from, for messages.
            shape: rows and columns of the image.
        """
        if numbers.shape != shape:
            raise BadData(
                f"mask {file} has {numbers.shape[0]}x{numbers.shape[1]} pixels and its image "
                f"{shape[0]}x{shape[1]}; a mask has a class for each pixel of its image"
            )
        return self._by_table(numbers, file) if self.table else self._as_classes(numbers, file)

    def _by_table(self, numbers: Numbers, file: Path) -> Mask:
        unknown = (numbers < 0) | (numbers >= len(self.table))
        if unknown.any():
            raise BadData(
                f"mask {file} holds {int(numbers[unknown][0])}, which is no class of {self.scheme} "
                f"(0 to {len(self.table) - 1})"
            )
        return np.array(self.table, np.uint8)[numbers]

    def _as_classes(self, numbers: Numbers, file: Path) -> Mask:
        most = IGNORED if self.classes is None else self.classes
        unknown = ((numbers < 0) | (numbers >= most)) & (numbers != IGNORED)
        if unknown.any():
            raise BadData(
                f"mask {file} holds class {int(numbers[unknown][0])}; there are classes 0 to "
                f"{most - 1}, and {IGNORED} stands for pixels that do not count"
            )
        return numbers.astype(np.uint8)


def _numbers(content: bytes, file: Path) -> Numbers:
    """The number of each pixel: int64 (rows, columns)."""
    if file.suffix.lower() in TIFF and holds_bands(content):
        return _first_band(decode_bands(content, file).pixels, file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities that do no harm to pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                check_pixels(picture.height, picture.width, str(file))
                if picture.mode not in NUMBERED and not picture.mode.startswith("I;16"):
                    raise BadData(
                        f"mask {file} is a picture of mode {picture.mode}; a mask holds one number "
                        "or one palette entry for each pixel"
                    )
                if picture.mode == "1":
                    return np.asarray(picture).astype(np.int64)
                return np.asarray(picture, np.int64)
    except BOMBS as error:
        raise TooLarge(f"mask {file} has more pixels than relcheck decodes") from error
    except UNREADABLE as error:
        raise UnreadablePicture("it is damaged, or no picture") from error


def _first_band(pixels: npt.NDArray[np.generic], file: Path) -> Numbers:
    """Class numbers of a TIFF file of several bands, of which the first are the classes."""
    first = pixels[..., 0]
    numbers = first.astype(np.int64)
    if not np.array_equal(numbers, first):
        raise BadData(f"mask {file} holds numbers that are no whole classes")
    return numbers

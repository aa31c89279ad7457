"""One picture as a person sees it: 8-bit pixels, upright, without hidden colors.

Deeper pixels are brought to 8 bits, EXIF orientation is applied, transparent parts lie on white,
and of several frames the first counts. What was done to a picture is said of it.
"""

import io
import warnings
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from analyzer.errors import TooLarge
from analyzer.evaluation.image_sizes import check_pixels
from analyzer.model import limits

SUFFIXES = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".tif", ".tiff", ".gif"),
        *(".ppm", ".pgm", ".pbm", ".pnm"),
    }
)

FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "PPM", "GIF")
"""What `SUFFIXES` stand for. Pillow goes by content, and would run Ghostscript on a page
description that is called ``.png``."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Channels of a model -> Pillow's name for such images."""

UNREADABLE = (OSError, ValueError, SyntaxError, RuntimeError, EOFError, TypeError, KeyError)
"""What Pillow raises for damaged images; its "cannot identify" is an OSError."""

BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)

DEEP = 257
"""65535 = 257 * 255: a 16-bit value divided by it is the 8-bit value that looks the same."""

ORIENTATION = 0x0112
"""The EXIF tag (CIPA DC-008, 4.6.4)."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture of each orientation upright; 1 is upright."""


class Remark(StrEnum):
    """A change made to a picture, as half a sentence behind a number of pictures."""

    TURNED = "turned as their EXIF orientation says"
    DEEP = "of 16 bits, brought to 8"
    LAID = "with transparent parts, laid on white"
    FRAMES = "of several frames, of which the first is used"
    NAN = "with values that are no numbers (NaN), fed as they are"


class UnreadablePicture(Exception):
    """A picture that cannot be used; the text says why, as half a sentence."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, or the bands of a sensor at one place.

    Attributes:
        pixels: (rows, columns, channels): uint8; of bands uint8, uint16 or float32.
        remarks: What was done to it.
    """

    pixels: npt.NDArray[Any]
    remarks: frozenset[Remark]


def read_bytes(file: Path) -> bytes:
    """The bytes of a picture's file.

    Raises:
        UnreadablePicture: it cannot be opened.
        TooLarge: it is larger than any picture that is handled.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(limits.PICTURE_BYTES + 1)
    except OSError as error:
        raise UnreadablePicture(error.strerror or "it cannot be opened") from error
    if len(content) > limits.PICTURE_BYTES:
        raise TooLarge(f"image {file} has more than {limits.PICTURE_BYTES:,} bytes")
    return content


def decode(content: bytes, file: Path, channels: int) -> Picture:
    """Decode one picture.

    Args:
        content: the bytes of the file.
        file: where they come from, for messages.
        channels: 1 (grey), 3 (RGB) or 4 (RGBA).

    Raises:
        UnreadablePicture: damaged, of another format, or of values that are no pixels.
        TooLarge: more pixels than are decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities that do no harm to pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                check_pixels(picture.height, picture.width, str(file))
                return _decoded(picture, channels)
    except BOMBS as error:
        raise TooLarge(f"image {file} has more pixels than relcheck decodes") from error
    except UNREADABLE as error:
        raise UnreadablePicture("it is damaged, or no picture") from error


def _decoded(picture: Image.Image, channels: int) -> Picture:
    remarks = set()
    if picture.format in ("GIF", "TIFF", "WEBP", "PNG") and getattr(picture, "is_animated", False):
        remarks.add(Remark.FRAMES)
    picture.load()
    turn = _turn(picture)  # after loading: of TIFF, Pillow applies it then, and forgets it
    shallow: Image.Image = picture
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        shallow = _shallow(picture)
        remarks.add(Remark.DEEP)
    elif picture.mode == "F":
        raise UnreadablePicture("it holds floating-point numbers, no 8-bit or 16-bit pixels")
    if channels != 4 and _may_be_transparent(shallow):
        shallow, laid = _on_white(shallow)
        remarks |= {Remark.LAID} if laid else set()
    shallow = shallow.convert(MODES[channels])
    if turn is not None:
        shallow = shallow.transpose(turn)
        remarks.add(Remark.TURNED)
    pixels = np.asarray(shallow, np.uint8)
    return Picture(pixels.reshape(*pixels.shape[:2], channels), frozenset(remarks))


def _turn(picture: Image.Image) -> Image.Transpose | None:
    """The operation that turns a picture upright; None: it is, or does not say."""
    try:
        return TURNS.get(picture.getexif().get(ORIENTATION, 1))
    except UNREADABLE:  # damaged notes about an intact picture
        return None


def _shallow(picture: Image.Image) -> Image.Image:
    """A grey picture of 16 bits, as one of 8.

    Raises:
        UnreadablePicture: its values are none of 16 bits.
    """
    values = np.asarray(picture).astype(np.int64)
    if values.min(initial=0) < 0 or values.max(initial=0) > DEEP * 255:
        raise UnreadablePicture("it holds 32-bit numbers, no 8-bit or 16-bit pixels")
    return Image.fromarray(((values + DEEP // 2) // DEEP).astype(np.uint8))


def _may_be_transparent(picture: Image.Image) -> bool:
    return picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info


def _on_white(picture: Image.Image) -> tuple[Image.Image, bool]:
    """A picture laid on white, and whether any of the white shows."""
    whole = picture.convert("RGBA")
    if whole.getchannel("A").getextrema() == (255, 255):
        return whole, False
    white = Image.new("RGBA", whole.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, whole), True

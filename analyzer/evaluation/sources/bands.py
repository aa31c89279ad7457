"""Bands of a sensor in a TIFF or GeoTIFF file, with the values that are stored.

Which TIFF files are pictures, and are read as people see them, is told by their header alone: grey,
RGB, a palette or what else Pillow knows, in samples of 8 bits, or in one of up to 16. All others
are bands; tifffile (C. Gohlke, BSD-3-Clause), an optional package, reads them.
"""

import io
import logging
import math
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from analyzer.errors import PackageMissing, TooLarge
from analyzer.evaluation.image_sizes import check_pixels
from analyzer.evaluation.sources.pictures import (
    BOMBS,
    UNREADABLE,
    Picture,
    Remark,
    UnreadablePicture,
)
from analyzer.model import limits

EXTRA = "relcheck-onnx[bands]"

BITS, MEANING, SAMPLES, FORMAT = 258, 262, 277, 339
"""TIFF tags (TIFF 6.0, 1992): bits per sample, what samples mean (0 and 1: grey), samples of each
pixel, and whether samples are integers (1 or 2) or floats (3)."""
GREY = (0, 1)
FLOATS = 3
DEEPEST_PICTURE, PICTURE_SAMPLES, GREY_SAMPLES = 16, 4, 2

DEFLATE = {8, 32946, 50013}
LZMA = 34925
"""Values of the tag of compressions."""
DEFLATE_RATIO = 1032
"""Bytes that one byte unpacks to at most (zlib, technical details)."""
HARMLESS = 2**28
"""Bytes; smaller segments are unpacked as they are."""

KEPT = {"uint8", "uint16", "float32"}
AXES = 3
"""Rows, columns and bands."""
MOST_BANDS = 4096
EXACT = 2**24
"""Integers up to here are kept by float32."""

HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def holds_bands(content: bytes) -> bool:
    """True if a TIFF file is no picture, by its header.

    Args:
        content: the bytes of the file.

    Raises:
        UnreadablePicture: it is no TIFF file, or its header is damaged.
    """
    if content[:4] not in HEADS:
        raise UnreadablePicture("it is no TIFF file")
    samples, bits, kind, meaning = _header(content)
    most = DEEPEST_PICTURE if samples == 1 else 8
    deep = kind == FLOATS or bits > most
    several = samples > (GREY_SAMPLES if meaning in GREY else PICTURE_SAMPLES)
    return deep or several or not _opens(content)


def _header(content: bytes) -> tuple[int, int, int, int]:
    """Samples per pixel, bits per sample, the kind of samples, and what they mean.

    Raises:
        UnreadablePicture: the header is damaged.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            head = TiffImagePlugin.ImageFileDirectory_v2(content[: 16 if content[2] == 43 else 8])
            stream = io.BytesIO(content)
            stream.seek(head.next)
            head.load(stream)
            found = [_highest(head.get(tag, 1)) for tag in (SAMPLES, BITS, FORMAT, MEANING)]
    except Exception as error:  # of damaged headers, Pillow raises nearly anything
        raise UnreadablePicture("it is damaged, or no picture") from error
    samples, bits, kind, meaning = found
    return samples, bits, kind, meaning


def _opens(content: bytes) -> bool:
    """True if Pillow knows what the samples of a TIFF file mean."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=("TIFF",)):
                return True
    except BOMBS:  # which is said when it is decoded
        return True
    except UNREADABLE:
        return False


def _highest(entry: Any) -> int:
    """The highest of the numbers of a tag, which Pillow gives alone if there is one."""
    return max(int(number) for number in entry) if isinstance(entry, tuple) else int(entry)


def decode_bands(content: bytes, file: Path) -> Picture:
    """All bands of one file.

    Args:
        content: the bytes of the file.
        file: where they come from, for messages.

    Raises:
        UnreadablePicture: it is damaged, or its values are no plain numbers.
        TooLarge: it has more pixels than are decoded.
        PackageMissing: tifffile is not installed, or what unpacks this compression is not.
    """
    tifffile = _tifffile(file)
    try:
        with tifffile.TiffFile(io.BytesIO(content)) as found:
            pages = _pages(found, content, file)
            pixels = [page.asarray(maxworkers=1) for page in pages]
            axes = pages[0].axes
    except (TooLarge, UnreadablePicture):
        raise
    except Exception as error:  # of damaged files, tifffile raises nearly anything
        _refuse_codec(error, file)
        raise UnreadablePicture("it is damaged, or no TIFF file") from error
    return _bands(np.stack(pixels, -1) if len(pixels) > 1 else _channels_last(pixels[0], axes))


def _tifffile(file: Path) -> Any:
    try:
        import tifffile
    except ImportError as error:
        raise PackageMissing(
            f"{file} holds bands of a sensor, which tifffile reads; it is not installed: "
            f"pip install '{EXTRA}'"
        ) from error
    # What it has to say of oddities would go to the terminal.
    logging.getLogger("tifffile").addHandler(logging.NullHandler())
    return tifffile


def _refuse_codec(error: Exception, file: Path) -> None:
    """Tell a compression that tifffile needs another package for from damage.

    Raises:
        PackageMissing: it is one.
    """
    if "imagecodecs" in str(error):
        raise PackageMissing(
            f"{file} is compressed in a way that needs the package imagecodecs, which is not "
            "installed: pip install imagecodecs, or save the files uncompressed or deflated"
        ) from error


def _pages(found: Any, content: bytes, file: Path) -> list[Any]:
    """The page with all bands, or the pages with one each; overviews and masks are none."""
    pages = []
    for page in found.pages:
        if not (page.is_reduced or page.is_mask):
            pages.append(page)
        if len(pages) > MOST_BANDS:
            raise UnreadablePicture(f"it has more than {MOST_BANDS:,} pages")
    first = pages[0]
    check_pixels(first.imagelength, first.imagewidth, str(file))
    alike = [p for p in pages if (p.shape, p.dtype) == (first.shape, first.dtype)]
    chosen = alike if first.ndim == 2 else [first]
    size = math.prod(first.shape) * first.dtype.itemsize * len(chosen)
    if size > limits.PICTURE_BYTES:
        raise TooLarge(f"image {file} unpacks to more than {limits.PICTURE_BYTES:,} bytes")
    for page in chosen:
        _check_segments(page, content)
    if first.axes not in ("YX", "YXS", "SYX"):
        raise UnreadablePicture(f"its axes are {first.axes}, not rows, columns and bands")
    return chosen


def _check_segments(page: Any, content: bytes) -> None:
    """Refuse segments that unpack to more than there are values; small ones cannot harm.

    Raises:
        UnreadablePicture: one does, or is packed in a way that Python unpacks without bound.
    """
    if page.compression == LZMA:
        raise UnreadablePicture("it is compressed by LZMA, which is not read")
    if page.compression not in DEFLATE:
        return
    most = math.prod(page.shape) * page.dtype.itemsize
    for start, size in zip(page.dataoffsets, page.databytecounts, strict=True):
        if size * DEFLATE_RATIO > HARMLESS:
            unpacking = zlib.decompressobj()
            unpacking.decompress(content[start : start + size], most + 1)
            if unpacking.unconsumed_tail:
                raise UnreadablePicture("it unpacks to more than it states")


def _channels_last(pixels: npt.NDArray[Any], axes: str) -> npt.NDArray[Any]:
    if axes == "YX":
        return pixels[..., None]
    return pixels.transpose(1, 2, 0) if axes == "SYX" else pixels


def _bands(pixels: npt.NDArray[Any]) -> Picture:
    """Bands as uint8, uint16 or float32; other numbers become float32 where it keeps them."""
    if pixels.ndim != AXES or 0 in pixels.shape:
        raise UnreadablePicture("it is damaged, or no TIFF file")
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if native.dtype.kind not in "iufb":
        raise UnreadablePicture(f"its values are {native.dtype}, no plain numbers")
    if native.dtype.kind == "b":
        native = native.astype(np.uint8)
    if native.dtype.name not in KEPT:
        if native.dtype.kind in "iu" and np.abs(native.astype(np.float64)).max(initial=0) > EXACT:
            raise UnreadablePicture(f"it holds integers beyond {EXACT:,}")
        native = native.astype(np.float32)
    broken = native.dtype.kind == "f" and bool(np.isnan(native).any())
    remarks = frozenset({Remark.NAN}) if broken else frozenset()
    return Picture(np.ascontiguousarray(native), remarks)

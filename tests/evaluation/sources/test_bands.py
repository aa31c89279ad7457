"""Bands of GeoTIFF files: the values that tifffile reads, or a sentence where it cannot."""

import io
import logging
import struct
import sys
import zlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from analyzer.errors import PackageMissing, TooLarge
from analyzer.evaluation.sources import open_source
from analyzer.evaluation.sources.bands import decode_bands, holds_bands
from analyzer.evaluation.sources.pictures import Remark, UnreadablePicture
from analyzer.model import limits
from tests.evaluation.sources.trees import bands, noise, write_bands

FILE = Path("bands.tif")
BYTE_ORDERS: tuple[Literal["<", ">"], ...] = ("<", ">")


def tiff(values: np.ndarray[Any, Any], **how: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **({"photometric": "minisblack"} | how))
    return buffer.getvalue()


def values(count: int, kind: str, seed: int = 0) -> np.ndarray[Any, Any]:
    made = noise(7, 5, count, seed=seed).astype(np.float64)
    return (made * 39 - (30.5 if kind.startswith("f") else 0)).astype(kind)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([1, 2, 3, 4, 12, 13]),
    st.sampled_from(["uint8", "uint16", "float32"]),
    st.sampled_from(["contig", "separate"]),
    st.sampled_from([None, "zlib"]),
    st.sampled_from(BYTE_ORDERS),
    st.booleans(),
)
def test_values_are_those_that_are_stored(
    count: int, kind: str, planar: str, packed: str | None, order: Literal["<", ">"], big: bool
) -> None:
    """In every layout of the planes, byte order, and form of the file that is written plainly."""
    wanted = values(count, kind)
    stored = wanted if planar == "contig" else wanted.transpose(2, 0, 1)
    how: dict[str, Any] = {"planarconfig": planar} if count > 1 else {}
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer, byteorder=order, bigtiff=big) as writer:
        stored = stored if count > 1 else wanted[..., 0]
        writer.write(stored, photometric="minisblack", compression=packed, **how)
    found = decode_bands(buffer.getvalue(), FILE).pixels
    assert found.dtype == np.dtype(kind)
    assert found.dtype.isnative
    np.testing.assert_array_equal(found, wanted)
    if kind == "float32" or count > (2 if kind == "uint8" else 1):
        assert holds_bands(buffer.getvalue())
    elif count == 1 and not (big and order == ">"):  # which Pillow does not open
        assert not holds_bands(buffer.getvalue())


def test_pages_of_one_band_each_are_bands() -> None:
    wanted = values(5, "uint16")
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        for band in np.moveaxis(wanted, -1, 0):
            writer.write(band, photometric="minisblack", contiguous=False)
    np.testing.assert_array_equal(decode_bands(buffer.getvalue(), FILE).pixels, wanted)


def test_overviews_are_no_bands() -> None:
    """GDAL writes smaller copies behind the image."""
    wanted = values(13, "uint16")
    buffer = io.BytesIO()
    with tifffile.TiffWriter(buffer) as writer:
        writer.write(wanted, photometric="minisblack", planarconfig="contig")
        writer.write(
            wanted[::2, ::2], photometric="minisblack", planarconfig="contig", subfiletype=1
        )
    np.testing.assert_array_equal(decode_bands(buffer.getvalue(), FILE).pixels, wanted)


@pytest.mark.parametrize("kind", ["int8", "int16", "float64", "float16", "int32", "uint32"])
def test_other_numbers_become_float32(kind: str) -> None:
    wanted = (noise(4, 4, 2).astype(np.int64) // 2).astype(kind)
    found = decode_bands(tiff(wanted, planarconfig="contig"), FILE).pixels
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, wanted.astype(np.float32))


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (np.full((4, 4, 2), 2**24 + 1, np.int32), "integers beyond 16,777,216"),
        (np.ones((4, 4, 2), np.complex64), "no plain numbers"),
    ],
)
def test_numbers_that_float32_does_not_keep_are_refused(
    made: np.ndarray[Any, Any], says: str
) -> None:
    with pytest.raises(UnreadablePicture, match=says):
        decode_bands(tiff(made, planarconfig="contig"), FILE)


def test_values_that_are_no_numbers_are_remarked() -> None:
    made = values(2, "float32")
    assert not decode_bands(tiff(made, planarconfig="contig"), FILE).remarks
    made[0, 0, 0] = np.nan
    assert decode_bands(tiff(made, planarconfig="contig"), FILE).remarks == {Remark.NAN}


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "I;16", "LA"])
def test_what_is_a_picture_stays_one(mode: str) -> None:
    """Else figures of journals that name such data would change."""
    buffer = io.BytesIO()
    if mode == "I;16":
        Image.fromarray(noise(4, 4).astype(np.uint16)).save(buffer, "TIFF")
    else:
        Image.fromarray(noise(4, 4, 3)).convert(mode).save(buffer, "TIFF")
    assert not holds_bands(buffer.getvalue())


def test_sixteen_bits_in_several_bands_are_kept(tmp_path: Path) -> None:
    """Pillow would drop half of each value, silently."""
    wanted = values(3, "uint16")
    write_bands(tmp_path / "d" / "a" / "1.tif", wanted)
    np.testing.assert_array_equal(open_source(tmp_path / "d").image(0), wanted)


def test_without_tifffile_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = bands(tmp_path)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(PackageMissing, match=r"pip install 'relcheck-onnx\[bands\]'"):
        open_source(tree.path).image(0)


def test_without_a_codec_its_package_is_named() -> None:
    """LZW, as GDAL writes it: the values are not stored, but the header says so."""
    content = bytearray(tiff(values(13, "uint16"), planarconfig="contig"))
    place = content.index(struct.pack("<HHII", 259, 3, 1, 1))
    content[place : place + 12] = struct.pack("<HHII", 259, 3, 1, 5)
    with pytest.raises(PackageMissing, match="pip install imagecodecs"):
        decode_bands(bytes(content), FILE)


def test_a_header_that_promises_too_much_reserves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """bands.py: ``check_pixels(...)`` and ``limits.PICTURE_BYTES``, before anything is unpacked."""
    content = tiff(values(13, "uint16"), planarconfig="contig")
    monkeypatch.setattr(limits, "IMAGE_PIXELS", 34)
    with pytest.raises(TooLarge, match="7x5 pixels"):
        decode_bands(content, FILE)
    monkeypatch.setattr(limits, "IMAGE_PIXELS", 35)
    monkeypatch.setattr(limits, "PICTURE_BYTES", 7 * 5 * 13 * 2 - 1)
    with pytest.raises(TooLarge, match="unpacks to more than"):
        decode_bands(content, FILE)


def test_a_segment_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """bands.py: ``_check_segments``, which looks before tifffile unpacks."""
    wanted = values(13, "uint16")
    content = tiff(wanted, planarconfig="contig", compression="zlib")
    with tifffile.TiffFile(io.BytesIO(content)) as found:
        page = found.pages.first
        (start,), (size,) = page.dataoffsets, page.databytecounts
        counts = page.tags["StripByteCounts"].valueoffset
    bomb = zlib.compress(bytes(2**20), 9)
    made = bytearray(content[:start] + bomb + bytes(size))
    made[counts : counts + 4] = struct.pack("<I", len(bomb))
    monkeypatch.setattr("analyzer.evaluation.sources.bands.HARMLESS", 2**20)
    with pytest.raises(UnreadablePicture, match="unpacks to more than it states"):
        decode_bands(bytes(made), FILE)
    np.testing.assert_array_equal(decode_bands(content, FILE).pixels, wanted)
    packed = tiff(wanted, planarconfig="contig", compression="lzma")
    with pytest.raises(UnreadablePicture, match="LZMA"):
        decode_bands(packed, FILE)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_files_are_sentences(data: st.DataObject) -> None:
    content = bytearray(tiff(values(3, "uint16"), planarconfig="contig", compression="zlib"))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    for read in (lambda c: decode_bands(c, FILE), holds_bands):
        try:
            read(bytes(content[:cut]))
        except (UnreadablePicture, TooLarge, PackageMissing) as error:
            assert str(error)  # noqa: PT017


def test_oddities_are_no_lines_on_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("tifffile").handlers.clear()
    content = tiff(values(3, "uint16"), planarconfig="contig")
    odd = content[:4] + struct.pack("<I", len(content) + 9) + content[8:]
    with pytest.raises(UnreadablePicture):
        decode_bands(odd, FILE)
    assert capfd.readouterr() == ("", "")

"""Pictures are read as a person sees them, whatever form they are stored in."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, PngImagePlugin

from analyzer.evaluation.sources.pictures import Picture, Remark, UnreadablePicture, decode

Pixels = npt.NDArray[np.uint8]

SCENE: Pixels = np.arange(5 * 4, dtype=np.uint8).reshape(5, 4) * 12
"""Grey, upright, 5 rows of 4 pixels; no two are equal."""

PLACE = Path("a.png")


def stored(picture: Image.Image, form: str, **how: object) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, form, **how)
    return stream.getvalue()


def read(picture: Image.Image, form: str, channels: int = 1, **how: object) -> Picture:
    return decode(stored(picture, form, **how), PLACE, channels)


STORED = {
    1: SCENE,
    2: SCENE[:, ::-1],
    3: SCENE[::-1, ::-1],
    4: SCENE[::-1],
    5: SCENE.T,
    6: np.rot90(SCENE),
    7: SCENE.T[::-1, ::-1],
    8: np.rot90(SCENE, -1),
}
"""EXIF orientation -> how the scene is stored (CIPA DC-008, 4.6.4)."""


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", STORED)
def test_orientation_is_applied(orientation: int, form: str) -> None:
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = {"lossless": True} if form == "WEBP" else {}
    found = read(picture, form, exif=exif, **how)
    np.testing.assert_array_equal(found.pixels[..., 0], SCENE)
    if form != "TIFF":  # Pillow turns these itself, and forgets that it did
        assert found.remarks == ({Remark.TURNED} if orientation > 1 else set())


@pytest.mark.parametrize("value", [0, 9, 6000])
def test_an_orientation_that_is_none_turns_nothing(value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    found = read(Image.fromarray(SCENE), "PNG", exif=exif)
    np.testing.assert_array_equal(found.pixels[..., 0], SCENE)


DEEP = SCENE.astype(np.uint16) * 257


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "PPM"])
def test_pixels_of_16_bits_look_the_same_in_8(form: str, channels: int) -> None:
    found = read(Image.fromarray(DEEP), form, channels)
    assert found.remarks == {Remark.DEEP}
    np.testing.assert_array_equal(found.pixels[..., 0], SCENE)


def test_pixels_of_16_bits_go_to_the_nearest_of_8() -> None:
    values = np.array([[0, 128, 129, 385, 386, 65535]], np.uint16)
    assert read(Image.fromarray(values), "PNG").pixels[0, :, 0].tolist() == [0, 0, 1, 1, 2, 255]


def test_color_of_16_bits_is_seen_in_8() -> None:
    """A PNG by hand, for Pillow writes none."""
    row = b"\0" + np.array([[65535, 0, 257 * 7]], ">u2").tobytes()

    def chunk(kind: bytes, content: bytes) -> bytes:
        digest = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + digest

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    whole = b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(row)) + chunk(b"IEND", b"")
    assert decode(whole, PLACE, 3).pixels.tolist() == [[[255, 0, 7]]]


@pytest.mark.parametrize("value", [1 << 20, -1])
def test_numbers_that_are_no_pixels_are_refused(value: int) -> None:
    values = np.full((2, 2), value, np.int32)
    with pytest.raises(UnreadablePicture, match="32-bit numbers"):
        read(Image.fromarray(values), "TIFF")
    with pytest.raises(UnreadablePicture, match="floating-point"):
        read(Image.fromarray(values.astype(np.float32)), "TIFF")


def transparent(mode: str) -> Image.Image:
    """Two pixels of red: the first opaque, the second seen through."""
    picture = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    picture.putpixel((1, 0), (255, 0, 0, 0))
    return picture.convert(mode)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_is_white(form: str) -> None:
    how = {"lossless": True, "exact": True} if form == "WEBP" else {}
    found = read(transparent("RGBA"), form, 3, **how)
    assert found.pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]
    assert found.remarks == {Remark.LAID}
    assert read(transparent("LA"), "PNG").pixels[0, 1, 0] == 255


def test_a_transparent_color_of_a_palette_is_white() -> None:
    for form in ("PNG", "GIF"):
        picture = Image.new("P", (2, 1))
        picture.putpalette([255, 0, 0, 0, 255, 0])
        picture.putpixel((1, 0), 1)
        found = read(picture, form, 3, transparency=1)
        assert found.pixels.tolist() == [[[255, 0, 0], [255, 255, 255]]]
        assert found.remarks == {Remark.LAID}


def test_an_opaque_channel_changes_nothing() -> None:
    picture = Image.new("RGBA", (2, 1), (9, 8, 7, 255))
    found = read(picture, "PNG", 3)
    assert found.pixels.tolist() == [[[9, 8, 7], [9, 8, 7]]]
    assert not found.remarks


def test_a_model_of_four_channels_sees_them_all() -> None:
    found = read(transparent("RGBA"), "PNG", 4)
    assert found.pixels.tolist() == [[[255, 0, 0, 255], [255, 0, 0, 0]]]
    assert not found.remarks


@pytest.mark.parametrize(("mode", "form"), [("P", "PNG"), ("1", "PNG"), ("CMYK", "TIFF")])
def test_other_modes_are_seen_in_color(mode: str, form: str) -> None:
    picture = Image.new("RGB", (2, 1), (255, 255, 255))
    picture.putpixel((1, 0), (0, 0, 0))
    assert read(picture.convert(mode), form, 3).pixels.tolist() == [[[255] * 3, [0] * 3]]


@pytest.mark.parametrize("form", ["GIF", "TIFF", "PNG", "WEBP"])
def test_of_several_frames_the_first_is_used(form: str) -> None:
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (40, 200)]
    how = {"lossless": True} if form == "WEBP" else {}
    found = read(frames[0], form, save_all=True, append_images=frames[1:], **how)
    assert set(found.pixels.reshape(-1).tolist()) == {40}
    assert found.remarks == {Remark.FRAMES}


def test_damaged_notes_leave_a_picture_as_it_is() -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"eXIf", b"MM\0*\xff\xff\xff\xff")
    found = read(Image.fromarray(SCENE), "PNG", pnginfo=info)
    np.testing.assert_array_equal(found.pixels[..., 0], SCENE)


def test_what_is_no_picture_is_said() -> None:
    with pytest.raises(UnreadablePicture, match="no picture"):
        decode(b"nothing", PLACE, 3)

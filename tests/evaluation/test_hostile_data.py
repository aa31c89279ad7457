"""Pictures, sizes and generated inputs that would cost more memory than they are worth.

Each test names the line that it watches over: without the line, it fails.
"""

import os
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from analyzer.errors import BadData, FileMissing, TooLarge
from analyzer.evaluation.dataset import make_batches
from analyzer.evaluation.readers import generate_data, read_data
from analyzer.model import InputSignature, Preprocessing, limits
from tests.support import soon, tiny_images

GREY = InputSignature("image", "float32", (None, 1, 6, 6))
OPEN = InputSignature("image", "float32", (None, 1, None, None))
PLAIN = Preprocessing()


def chunk(kind: bytes, content: bytes) -> bytes:
    digest = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + digest


def png(rows: int, columns: int) -> bytes:
    """A picture that states a size, and is a few bytes long."""
    head = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def folder_of(path: Path, content: bytes, name: str = "a.png") -> Path:
    (path / "d" / "class").mkdir(parents=True, exist_ok=True)
    (path / "d" / "class" / name).write_bytes(content)
    return path / "d"


@pytest.mark.parametrize(
    ("rows", "columns"), [(8193, 8192), (10**4, 10**4), (30_000, 30_000), (2**31 - 1, 1)]
)
def test_pictures_have_a_size(rows: int, columns: int, tmp_path: Path) -> None:
    """pictures.py: ``check_pixels(picture.height, ...)``, and Pillow's own bounds as errors."""
    data = folder_of(tmp_path, png(rows, columns))
    with pytest.raises(TooLarge, match="pixels"):
        read_data(data, GREY, PLAIN)


def test_pillow_warns_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    """pictures.py: ``simplefilter("error", Image.DecompressionBombWarning)``."""
    monkeypatch.setattr(limits, "IMAGE_PIXELS", 2**40)
    with pytest.raises(TooLarge, match="more pixels than relcheck decodes"):
        read_data(folder_of(tmp_path, png(10**4, 10**4)), GREY, PLAIN)
    assert not recwarn.list


def test_oddities_of_pictures_are_no_lines_on_the_terminal(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """pictures.py: ``warnings.simplefilter("ignore")``: of an animation without frames, here."""
    start = 33  # behind the signature and the header
    whole = png(6, 6)
    odd = whole[:start] + chunk(b"acTL", bytes(8)) + whole[start:]
    assert len(read_data(folder_of(tmp_path, odd), GREY, PLAIN)) == 1
    assert not recwarn.list


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 6 6\n%%EndComments\nshowpage\n%%EOF\n"


def test_no_picture_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pictures.py: ``formats=FORMATS``: Pillow hands PostScript of any name to Ghostscript."""
    ran: list[object] = []

    def interpreter(*arguments: object, **_: object) -> Any:
        ran.append(arguments)
        return Image.new("RGB", (6, 6)).im

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", interpreter)
    data = folder_of(tmp_path, EPS)
    with Image.open(data / "class" / "a.png") as picture:  # or this test would show nothing
        picture.load()
    assert len(ran) == 1
    with pytest.raises(BadData, match="cannot be read"):
        read_data(data, GREY, PLAIN)
    assert len(ran) == 1


def test_pipes_among_pictures_are_no_pictures(tmp_path: Path) -> None:
    """folder_tree.py: ``entry.is_file()``: opening a pipe would wait for ever."""
    Image.fromarray(tiny_images(1)[0, ..., 0]).save(tmp_path / "a.png")
    data = folder_of(tmp_path, (tmp_path / "a.png").read_bytes())
    os.mkfifo(data / "class" / "b.png")
    with soon():
        assert len(read_data(data, GREY, PLAIN)) == 1


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_a_data_set_is_a_file(what: str, tmp_path: Path) -> None:
    """readers: ``path.is_dir() or path.is_file()`` in ``choose``."""
    path = tmp_path / "d.npz"
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")
    with soon(), pytest.raises(FileMissing, match="a device or a pipe"):
        read_data(path, GREY, PLAIN)


def archive(path: Path, count: int = 4, shape: tuple[int, ...] = (6, 6, 1)) -> Path:
    np.savez(path / "d.npz", images=np.zeros((count, *shape), np.uint8))
    return path / "d.npz"


@pytest.mark.parametrize(
    "preprocessing", [Preprocessing(resize=16384), Preprocessing(resize=100, crop=100)]
)
def test_images_are_not_blown_up(
    preprocessing: Preprocessing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """preprocess.py: ``check_pixels(rows, columns, RESIZED)`` in ``_cut_size``."""
    monkeypatch.setattr(limits, "IMAGE_PIXELS", 9999)
    with pytest.raises(TooLarge, match="pixels; at most 9,999 are handled"):
        read_data(archive(tmp_path), OPEN, preprocessing)


def test_a_thin_image_does_not_become_a_long_one(tmp_path: Path) -> None:
    """The same line: 1 x 9000 pixels, the shorter side resized to 16384."""
    with pytest.raises(TooLarge, match="has 16384x147456000 pixels"):
        read_data(archive(tmp_path, 1, (1, 9000, 1)), OPEN, Preprocessing(resize=16384))


def test_a_model_does_not_blow_images_up(tmp_path: Path) -> None:
    """preprocess.py: ``check_pixels(*wanted, RESIZED)`` in ``final_size``: the model's own size."""
    huge = InputSignature("image", "float32", (None, 1, 2**14, 2**14))
    with pytest.raises(TooLarge, match="16384x16384 pixels"):
        read_data(archive(tmp_path), huge, PLAIN)


def test_what_needs_all_images_at_once_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dataset.py: ``self.size > limits.DATA_BYTES`` in ``inputs``; `most` is a way out."""
    monkeypatch.setattr(limits, "HELD_BYTES", 4 * 144 - 1)
    monkeypatch.setattr(limits, "DATA_BYTES", 4 * 144)
    data = archive(tmp_path, 4)
    assert read_data(data, GREY, PLAIN).inputs.shape == (4, 1, 6, 6)
    monkeypatch.setattr(limits, "DATA_BYTES", 4 * 144 - 1)
    with pytest.raises(TooLarge, match=r"takes 576 bytes once prepared; .* use fewer --images"):
        assert read_data(data, GREY, PLAIN).inputs is None
    assert len(read_data(data, GREY, PLAIN, most=3).inputs) == 3


def test_a_batch_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """dataset.py: ``data.size // len(data) * size > limits.DATA_BYTES`` in ``make_batches``."""
    data = read_data(archive(tmp_path, 4), GREY, PLAIN)
    monkeypatch.setattr(limits, "DATA_BYTES", 2 * 144)
    assert len(make_batches(data, 2, 0, fixed=False)) == 2
    with pytest.raises(TooLarge, match="a batch of 3 images takes 432 bytes"):
        make_batches(data, 3, 0, fixed=False)


def test_floats_beyond_the_model_are_infinity_without_a_word(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """rows.py: ``np.errstate(over="ignore")``: numpy's warning would be a line on its own."""
    np.savez(tmp_path / "d.npz", images=np.full((2, 9), 1e300))
    found = read_data(tmp_path / "d.npz", InputSignature("x", "float16", (None, 9)), PLAIN)
    assert np.isinf(found.inputs).all()
    assert not recwarn.list


def test_a_picture_is_a_file_of_some_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pictures.py: ``len(content) > limits.PICTURE_BYTES``: a terabyte of nothing is not read."""
    data = folder_of(tmp_path, b"")
    monkeypatch.setattr(limits, "PICTURE_BYTES", 2**20)
    with (data / "class" / "a.png").open("wb") as stream:
        stream.truncate(2**40)
    with soon(), pytest.raises(TooLarge, match="more than 1,048,576 bytes"):
        read_data(data, GREY, PLAIN)


def test_only_the_images_that_are_used_are_read(tmp_path: Path) -> None:
    """One of them is damaged: whoever does not draw it does not meet it."""
    Image.fromarray(tiny_images(1)[0, ..., 0]).save(tmp_path / "a.png")
    for number in range(9):
        data = folder_of(tmp_path, (tmp_path / "a.png").read_bytes(), f"{number}.png")
    drawn = [read_data(data, GREY, PLAIN, most=8, seed=seed) for seed in range(20)]
    folder_of(tmp_path, b"no picture", "3.png")
    again = [read_data(data, GREY, PLAIN, most=8, seed=seed) for seed in range(20)]
    assert {len(found) for found in again} == {7, 8}
    same = [before.sha256 == after.sha256 for before, after in zip(drawn, again, strict=True)]
    assert same == [len(found) == 8 for found in again]


def test_of_large_inputs_fewer_are_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    """generated.py: ``limits.GENERATED_ELEMENTS // ...`` in ``generate_data``."""
    monkeypatch.setattr(limits, "GENERATED_ELEMENTS", 36 * 10 + 5)
    assert len(generate_data(GREY, 0)) == 10
    monkeypatch.setattr(limits, "GENERATED_ELEMENTS", 1)
    assert len(generate_data(GREY, 0)) == 1
    monkeypatch.undo()
    assert len(generate_data(GREY, 0)) == 64

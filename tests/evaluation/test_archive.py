"""Archives promise; only what adds up is read, and never more than a data set may be.

Each test names the line of ``archive.py`` that it watches over: without the line, it fails.
"""

import contextlib
import pickle
import tracemalloc
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.errors import BadData, TooLarge
from analyzer.evaluation.sources.archive import Archive
from analyzer.model import limits

HEADER = "{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}"
MIB = 2**20


def header(shape: object, descr: str = "|u1") -> bytes:
    """The first 128 bytes of an array file."""
    text = HEADER.format(descr, shape).encode()
    return b"\x93NUMPY\x01\x00v\x00" + text.ljust(117) + b"\n"


def archive(path: Path, content: bytes, method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as target:
        target.writestr("images.npy", content)
    return path


@contextmanager
def little_memory(most: int = 8 * MIB) -> Iterator[None]:
    """Fails if Python and numpy together reserve more within the context."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def read_all(path: Path) -> dict[str, npt.NDArray[Any]]:
    found = Archive(path)
    return {key: found.array(key) for key in found.keys if key in ("images", "labels")}


def refuse(path: Path, error: type[Exception], match: str) -> None:
    with little_memory(), pytest.raises(error, match=match):
        read_all(path)


def test_arrays_are_read(tmp_path: Path) -> None:
    images, labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4), np.array([5, 6])
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "d.npz", images=images, labels=labels, other="unread")
        found = Archive(tmp_path / "d.npz")
        assert found.keys == ("images", "labels", "other")
        np.testing.assert_array_equal(found.array("images"), images)
        np.testing.assert_array_equal(found.array("labels"), labels)
    np.savez(tmp_path / "d.npz", images=np.asfortranarray(images))
    np.testing.assert_array_equal(Archive(tmp_path / "d.npz").array("images"), images)


def test_a_bomb_is_known_by_its_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``if member.file_size > limits.DATA_BYTES``: 64 kB that would unpack to 64 MiB."""
    monkeypatch.setattr(limits, "DATA_BYTES", MIB)
    content = header((64 * MIB,)) + bytes(64 * MIB)
    path = archive(tmp_path / "d.npz", content, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 70_000
    refuse(path, TooLarge, r"key 'images.npy' of .* unpacks to 67,108,992 bytes; at most 1,048,576")


def test_a_directory_that_lies_is_kept_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """zipfile stops at the stated size; then the digest does not fit."""
    monkeypatch.setattr(limits, "DATA_BYTES", MIB)
    content = header((1000,)) + bytes(64 * MIB)
    path = archive(tmp_path / "d.npz", content, zipfile.ZIP_DEFLATED)
    raw, true = bytearray(path.read_bytes()), len(content).to_bytes(4, "little")
    for _ in range(2):  # in front of the member, and in the directory
        at = raw.index(true)
        raw[at : at + 4] = (128 + 1000).to_bytes(4, "little")
    path.write_bytes(raw)
    refuse(path, BadData, "cannot be read")


LIES: tuple[tuple[tuple[int, ...], str], ...] = (
    *(((2**45,), "|u1"), ((999,), "|u1"), ((1001,), "|u1"), ((125,), "<f4"), ((-1000,), "|u1")),
    *(((10**30, 0), "|u1"), ((1,), "|V2000000000")),
)


@pytest.mark.parametrize(("shape", "descr"), LIES)
def test_headers_that_do_not_add_up_reserve_nothing(
    shape: tuple[int, ...], descr: str, tmp_path: Path
) -> None:
    """``math.prod(shape) * dtype.itemsize != size - stream.tell()``."""
    refuse(archive(tmp_path / "d.npz", header(shape, descr) + bytes(1000)), BadData, "cannot be")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bound_are_refused(method: int, tmp_path: Path) -> None:
    """``if member.compress_type not in METHODS``: 64 MiB in some hundred bytes, all at once."""
    path = archive(tmp_path / "d.npz", header((64 * MIB,)) + bytes(64 * MIB), method)
    assert path.stat().st_size < 12_000
    refuse(path, BadData, "cannot be read")


class Trap:
    """An object that leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def trapped(path: Path) -> bytes:
    """An array of objects, as long as its shape says, that leaves a file when it is loaded."""
    trap = np.empty(1, object)
    trap[0] = Trap(path)
    raw = pickle.dumps(trap)
    padded = raw + bytes(-len(raw) % 8)
    return header((len(padded) // 8,), "|O") + padded


@pytest.mark.parametrize("key", ["images", "labels"])
def test_no_pickle_is_loaded(key: str, tmp_path: Path) -> None:
    """``allow_pickle=False``."""
    path = tmp_path / "d.npz"
    with zipfile.ZipFile(path, "w") as target:
        if key == "labels":
            target.writestr("images.npy", header((4,)) + bytes(4))
        target.writestr(f"{key}.npy", trapped(tmp_path / "sprung"))
    refuse(path, BadData, "cannot be read")
    assert not (tmp_path / "sprung").exists()
    # Or the trap were none; its shape is not that of what was pickled.
    with np.load(path, allow_pickle=True) as loaded, contextlib.suppress(ValueError):
        assert loaded[key] is not None
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize(
    "text", ["(" * 9000, "[" * 9000 + "]" * 9000, "'" * 117, "{" + "'a':1," * 1500]
)
def test_headers_are_parsed_with_care(text: str, tmp_path: Path) -> None:
    """``except MemoryError`` and `UNREADABLE`: what Python's parser has to say of brackets."""
    raw = text.encode()
    start = b"\x93NUMPY\x02\x00" + len(raw).to_bytes(4, "little")
    refuse(archive(tmp_path / "d.npz", start + raw), BadData, "cannot be read")


def test_headers_of_python_2_are_read_in_silence(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    """``warnings.simplefilter("ignore")``: numpy's warning would be a line beside the report."""
    content = header("(1000L,)") + bytes(1000)
    images = Archive(archive(tmp_path / "d.npz", content)).array("images")
    assert images.shape == (1000,)
    assert not recwarn.list

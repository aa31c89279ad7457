"""Arrays of an ``.npz`` file, read only as far as its own directory and headers add up.

`numpy.load` would believe them: it reserves what a header promises, and unpacks whatever method a
member is compressed with. Large arrays stay in the file, or in a temporary one where they are
compressed, and are read row by row.
"""

import hashlib
import math
import shutil
import tempfile
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, TooLarge, UnwritableOutput, quoted, short
from analyzer.evaluation.rows import InputRows, Stamp, StoredRows, size_of, whole
from analyzer.memory.array_file import path_of
from analyzer.model import limits

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What numpy writes. Python unpacks bzip2 and LZMA without bounding what comes out."""

UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, AttributeError, KeyError),  # no archive, no array
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),  # damaged, encrypted
    *(SyntaxError, tokenize.TokenError),  # a header that is no Python literal
)
"""What numpy and zipfile raise for files that are no intact archive of plain arrays."""

PIECE = 2**20
"""Bytes of a file that are read and digested at a time."""

Array = npt.NDArray[Any]

_DIGESTS: dict[tuple[str, Stamp], str] = {}
"""Digests of the files that this process has read, as these were."""


class Archive:
    """An ``.npz`` file whose arrays are read by key."""

    def __init__(self, path: Path) -> None:
        """Read its directory.

        Raises:
            BadData: it has none.
        """
        self._path = path
        self._left: list[_Left] = []
        try:
            self._stamp = Stamp.of(path)
            with zipfile.ZipFile(path) as archive:
                self._members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        except UNREADABLE as error:
            raise BadData(f"{path} cannot be read as an .npz file") from error

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all arrays, in the order of the file."""
        return tuple(self._members)

    def key(self, names: Sequence[str]) -> str:
        """The first of ``names`` that is a key.

        Raises:
            BadData: none is.
        """
        for name in names:
            if name in self._members:
                return name
        keys = short(", ".join(self._members) or "none")
        raise BadData(f"{self._path} has no key {' or '.join(map(repr, names))} (its keys: {keys})")

    def read(self, key: str) -> InputRows:
        """One array; a large one is not loaded.

        Args:
            key: one of `keys`.

        Raises:
            BadData: it is no intact plain array.
            TooLarge: it unpacks to more than an array may.
            UnwritableOutput: there is no room to unpack a large one.
        """
        member = self._members[key]
        try:
            with warnings.catch_warnings(), zipfile.ZipFile(self._path) as archive:
                warnings.simplefilter("ignore")  # numpy's, of headers written by Python 2
                return self._read(archive, member)
        except UNREADABLE as error:
            raise BadData(
                f"{self._path} cannot be read as an .npz file with a plain array under "
                f"{quoted(key)}"
            ) from error

    def array(self, key: str) -> Array:
        """One array, in memory.

        Raises:
            BadData: it is no intact plain array.
            TooLarge: it does not fit.
        """
        found = self.read(key)
        if size_of(found) > limits.DATA_BYTES:
            raise TooLarge(
                f"key {quoted(key)} of {self._path} takes {size_of(found):,} bytes; at most "
                f"{limits.DATA_BYTES:,} are held"
            )
        return whole(found)

    def digest(self) -> str:
        """SHA-256 of the file. Arrays that were left in it are checked on the way.

        A file that is read several times in one process is digested once.

        Raises:
            BadData: the file cannot be read, or such an array is damaged.
        """
        known = str(self._path.absolute()), self._stamp
        if known not in _DIGESTS:
            _DIGESTS[known] = self._digest()
        return _DIGESTS[known]

    def _digest(self) -> str:
        sha, position = hashlib.sha256(), 0
        for piece in pieces_of(self._path):
            sha.update(piece)
            for left in self._left:
                left.check(piece, position)
            position += len(piece)
        if any(left.crc != left.wanted for left in self._left):
            raise BadData(f"{self._path} cannot be read as an .npz file: it is damaged")
        return sha.hexdigest()

    def _read(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> InputRows:
        """One array. zipfile stops at the size that the directory states, which bounds reading."""
        stored = member.compress_type == zipfile.ZIP_STORED
        if member.compress_type not in METHODS:
            raise NotImplementedError
        if member.file_size > limits.DATA_BYTES and not stored:
            raise TooLarge(
                f"key {quoted(member.filename)} of {self._path} unpacks to {member.file_size:,} "
                f"bytes; at most {limits.DATA_BYTES:,} are unpacked, save it by numpy.savez and "
                "not savez_compressed: then it is read piece by piece"
            )
        with archive.open(member) as stream:
            header = _check_header(stream, member.file_size)
        if member.file_size > limits.HELD_BYTES and not header.fortran and header.shape:
            return self._stored(archive, member, header)
        with archive.open(member) as stream:
            # Objects would be a pickle, and loading one runs code.
            return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))

    def _stored(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: "_Header"
    ) -> StoredRows:
        """An array that stays in a file."""
        if header.dtype.hasobject:
            raise ValueError
        form = (header.shape, header.dtype)
        if member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1:
            begin = _start_of(self._path, member)
            self._left.append(_Left(begin, begin + member.file_size, member.CRC))
            start = begin + header.size
            return StoredRows(
                str(self._path.absolute()), self._path.name, start, *form, self._stamp
            )
        with archive.open(member) as stream:
            file = _unpacked(stream, member.file_size)
        return StoredRows(path_of(file), self._path.name, header.size, *form, None, file)


@dataclass(slots=True)
class _Left:
    """A member that stays in the file: where it begins and ends, its checksum as stated and found.

    zipfile compares them for members that it reads.
    """

    begin: int
    end: int
    wanted: int
    crc: int = 0

    def check(self, piece: bytes, position: int) -> None:
        """Take in what of the member is in ``piece``, which stands at ``position``."""
        first, last = max(self.begin - position, 0), min(self.end - position, len(piece))
        if first < last:
            self.crc = zlib.crc32(memoryview(piece)[first:last], self.crc)


def pieces_of(file: Path) -> Iterator[bytes]:
    """The bytes of one file, which may be larger than memory.

    Raises:
        BadData: it cannot be read.
    """
    try:
        with file.open("rb") as stream:
            while piece := stream.read(PIECE):
                yield piece
    except OSError as error:
        raise BadData(f"{file} cannot be read: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _Header:
    """The header before the elements of an array, and its length in bytes."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    size: int


def _check_header(stream: IO[bytes], size: int) -> _Header:
    """Refuse, by a ValueError, what is not exactly as long as its shape says."""
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = np.lib.format.read_magic(stream)
    try:
        shape, fortran, dtype = readers[version](stream)
    except MemoryError as error:  # Python's parser, of brackets nested without end
        raise ValueError from error
    if math.prod(shape) * dtype.itemsize != size - stream.tell():
        raise ValueError("the header promises another amount of data than there is")
    return _Header(shape, fortran, dtype, stream.tell())


LOCAL_HEADER = 30
"""Bytes in front of a member's name (PKWARE, .ZIP File Format Specification, 4.3.7)."""


def _start_of(path: Path, member: zipfile.ZipInfo) -> int:
    """Position in the file at which the bytes of an uncompressed member begin.

    The header in front of them states how long the name and the extra field are; the directory
    may state another extra field.
    """
    with path.open("rb") as stream:
        stream.seek(member.header_offset)
        head = stream.read(LOCAL_HEADER)
    if len(head) < LOCAL_HEADER or head[:4] != b"PK\x03\x04":
        raise zipfile.BadZipFile
    name, extra = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
    start = member.header_offset + LOCAL_HEADER + name + extra
    if start + member.file_size > path.stat().st_size:
        raise zipfile.BadZipFile
    return start


def _unpacked(stream: IO[bytes], size: int) -> BinaryIO:
    """A temporary file with all that is in ``stream``; gone when it is closed."""
    try:
        file: BinaryIO = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  # the caller keeps it
        with open(file.fileno(), "wb", closefd=False) as target:
            shutil.copyfileobj(stream, target, PIECE)
    except OSError as error:
        raise UnwritableOutput(
            f"the folder for temporary files, {tempfile.gettempdir()}, cannot take the {size:,} "
            f"bytes of a compressed data set ({error.strerror}); set TMPDIR to another"
        ) from error
    return file

"""Arrays of an ``.npz`` file, read only as far as its own directory and headers add up.

`numpy.load` would believe them: it reserves what a header promises, and unpacks whatever method a
member is compressed with.
"""

import math
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from analyzer.errors import BadData, TooLarge, quoted, short
from analyzer.model import limits

METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""What numpy writes. Python unpacks bzip2 and LZMA without bounding what comes out."""

UNREADABLE = (
    *(OSError, EOFError, ValueError, TypeError, AttributeError, KeyError),  # no archive, no array
    *(zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError),  # damaged, encrypted
    *(SyntaxError, tokenize.TokenError),  # a header that is no Python literal
)
"""What numpy and zipfile raise for files that are no intact archive of plain arrays."""

Array = npt.NDArray[Any]


def read_arrays(path: Path, needed: str, wanted: str) -> tuple[Array, Array | None]:
    """The array under the key ``needed``, and the one under ``wanted`` if there is one.

    Raises:
        BadData: the file is no intact archive of plain arrays, or ``needed`` is not in it.
        TooLarge: an array is larger than a data set may be.
    """
    found, other = read_several(path, [(needed,)], wanted)
    return found[0], other


def read_several(
    path: Path, needed: Sequence[tuple[str, ...]], wanted: str
) -> tuple[list[Array], Array | None]:
    """One array for each entry of ``needed``, and the one under ``wanted`` if there is one.

    Args:
        path: of the file.
        needed: for each array the keys under which it may stand, the preferred one first.
        wanted: a key.

    Raises:
        BadData: the file is no intact archive of plain arrays, or an entry is not in it.
        TooLarge: an array is larger than a data set may be.
    """
    try:
        with warnings.catch_warnings(), zipfile.ZipFile(path) as archive:
            warnings.simplefilter("ignore")  # numpy's, of headers written by Python 2
            members = {i.filename.removesuffix(".npy"): i for i in archive.infolist()}
            keys = [_key(path, members, entry) for entry in needed]
            found = [_read_member(archive, members[key], path) for key in keys]
            other = _read_member(archive, members[wanted], path) if wanted in members else None
    except UNREADABLE as error:
        names = ", ".join(repr(entry[0]) for entry in needed)
        raise BadData(
            f"{path} cannot be read as an .npz file with keys {names} and {wanted!r}"
        ) from error
    return found, other


def _key(path: Path, members: Mapping[str, object], entry: tuple[str, ...]) -> str:
    """The first key of ``entry`` that there is."""
    for key in entry:
        if key in members:
            return key
    keys = short(", ".join(members) or "none")
    raise BadData(f"{path} has no key {' or '.join(map(repr, entry))} (its keys: {keys})")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path) -> Array:
    """One array.

    zipfile stops at the size that the directory states, so that bounding that bounds the reading.
    """
    if member.file_size > limits.DATA_BYTES:
        raise TooLarge(
            f"key {quoted(member.filename)} of {path} unpacks to {member.file_size:,} bytes; at "
            f"most {limits.DATA_BYTES:,} are read"
        )
    if member.compress_type not in METHODS:
        raise NotImplementedError
    with archive.open(member) as stream:
        _check_header(stream, member.file_size)
    with archive.open(member) as stream:
        # Objects would be a pickle, and loading one runs code.
        return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))


def _check_header(stream: IO[bytes], size: int) -> None:
    """Refuse, by a ValueError, what is not exactly as long as its shape says."""
    readers = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    version = np.lib.format.read_magic(stream)
    try:
        shape, _, dtype = readers[version](stream)
    except MemoryError as error:  # Python's parser, of brackets nested without end
        raise ValueError from error
    if math.prod(shape) * dtype.itemsize != size - stream.tell():
        raise ValueError("the header promises another amount of data than there is")

"""A log that TensorBoard reads: scalars by step, in a TFRecord file of Event messages.

Written by hand, because the packages that write it bring TensorFlow's or TensorBoard's weight. The
formats are those of ``tensorflow/core/lib/io/record_writer.cc`` and ``core/util/event.proto``:

- a record is its length (uint64), the masked CRC-32C of the length, the bytes, and their CRC;
- an ``Event`` has wall_time (1, double), step (2, int64) and either file_version (3, string) or
  summary (5); a ``Summary`` is values (1), each with tag (1, string) and simple_value (2, float).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

from analyzer.errors import UnwritableOutput
from exporters.training.crc32c import masked

NAME = "events.out.tfevents.0.relcheck"
"""TensorBoard looks for ``tfevents`` in the names of files."""

VERSION = b"brain.Event:2"
VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""Wire types of protocol buffers."""


def varint(value: int) -> bytes:
    """A number of 0 or more in groups of seven bits, the lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    groups = []
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def _field(number: int, kind: int, content: bytes) -> bytes:
    size = varint(len(content)) if kind == BYTES else b""
    return varint(number << 3 | kind) + size + content


def version_event(time: float) -> bytes:
    """The Event that opens a file.

    Args:
        time: seconds since 1970.
    """
    return _field(1, DOUBLE, struct.pack("<d", time)) + _field(3, BYTES, VERSION)


def scalars_event(time: float, step: int, scalars: Mapping[str, float]) -> bytes:
    """The Event of some scalars.

    Args:
        time: seconds since 1970.
        step: 0 or more.
        scalars: value by tag; tags with the same words before a slash are shown together.
    """
    summary = b"".join(
        _field(
            1,
            BYTES,
            _field(1, BYTES, tag.encode()) + _field(2, FLOAT, struct.pack("<f", value)),
        )
        for tag, value in scalars.items()
    )
    head = _field(1, DOUBLE, struct.pack("<d", time)) + _field(2, VARINT, varint(step))
    return head + _field(5, BYTES, summary)


def as_record(content: bytes) -> bytes:
    """A TFRecord of some bytes."""
    length = struct.pack("<Q", len(content))
    sums = (struct.pack("<I", masked(part)) for part in (length, content))
    return length + next(sums) + content + next(sums)


class EventLog:
    """One file of events; it grows by whole records, each written at once."""

    def __init__(self, folder: Path, time: float, size: int) -> None:
        """Open the file; what stands behind ``size`` is of epochs that were not finished, and goes.

        Args:
            folder: of the file; made if it is not there.
            time: seconds since 1970.
            size: bytes that belong to the training that goes on; 0: a new file.

        Raises:
            UnwritableOutput: the file cannot be written.
        """
        self._path = folder / NAME
        kept = b""
        if size and self._path.is_file():
            kept = self._path.read_bytes()[:size]
        self._put(kept or as_record(version_event(time)), "wb")

    def add(self, time: float, step: int, scalars: Mapping[str, float]) -> None:
        """Write some scalars.

        Args:
            time: seconds since 1970.
            step: as of `scalars_event`.
            scalars: likewise.

        Raises:
            UnwritableOutput: the file cannot be written.
        """
        self._put(as_record(scalars_event(time, step, scalars)), "ab")

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._path.stat().st_size

    def _put(self, content: bytes, mode: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open(mode) as stream:
                stream.write(content)
        except OSError as error:
            raise UnwritableOutput(f"{self._path} cannot be written: {error.strerror}") from error

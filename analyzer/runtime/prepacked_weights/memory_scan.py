"""Memory of this process: found by what it holds, then read and written by address.

And what is free of it is given back.

ONNX Runtime keeps packed weights in buffers of its own and tells nobody where. They can be found
all the same: a session is created from contents that occur nowhere else, and those are looked for.
Linux only, which lists the memory of a process in a file; elsewhere nothing is found.
"""

import ctypes
import mmap
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
AddressRange = tuple[int, int]
"""First address, and the one after the last."""

MAPS, MEMORY = Path("/proc/self/maps"), Path("/proc/self/mem")

SCAN_BYTES = 8 << 20
"""Bytes read at a time."""

ALLOCATION_STEP = 16
"""Bytes; what memory allocators align to at least."""

LARGEST_REGION = 1 << 32
"""Bytes of a region that is looked through; larger ones are set aside rather than used."""

LEAST_CONTENT = 64
"""Bytes that a content must have to be looked for: so many random ones occur once."""


def find_once(inverted: Sequence[Bytes], excluded: Sequence[AddressRange]) -> list[int | None]:
    """The address of each content that exactly one place of this process's memory holds.

    Args:
        inverted: uint8 (`LEAST_CONTENT` or more,) each, the contents with every bit inverted, so
            that the search does not find what it looks with.
        excluded: memory that is known to hold such contents, too.

    Returns:
        An address, or None where no place holds the content, or more than one.
    """
    found: list[set[int]] = [set() for _ in inverted]
    if not inverted:
        return []
    try:
        file = os.open(MEMORY, os.O_RDONLY)
    except OSError:  # another system, or not allowed
        return [None] * len(inverted)
    try:
        _scan(file, inverted, excluded, found)
    finally:
        os.close(file)
    return [next(iter(places)) if len(places) == 1 else None for places in found]


def _scan(
    file: int, inverted: Sequence[Bytes], excluded: Sequence[AddressRange], found: list[set[int]]
) -> None:
    """Add every place to ``found``."""
    longest = max((len(content) for content in inverted), default=0)
    window = np.frombuffer(mmap.mmap(-1, SCAN_BYTES + longest), np.uint8)
    beside = window[SCAN_BYTES:]
    skipped = [*excluded, (window.ctypes.data, window.ctypes.data + len(window))]
    keys: dict[int, list[int]] = {}
    for i, content in enumerate(inverted):
        if len(content) < LEAST_CONTENT:
            continue
        keys.setdefault(int(content[:8].view(np.int64)[0]), []).append(i)
    for address, key in _candidates(file, window[:SCAN_BYTES], np.array(sorted(keys), np.int64)):
        if any(first <= address < end for first, end in skipped):
            continue
        for i in keys[key]:
            held = beside[: len(inverted[i])]
            if _read(file, held, address) == len(held) and np.array_equal(~held, inverted[i]):
                found[i].add(address)


def _candidates(file: int, window: Bytes, keys: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Addresses whose first eight bytes, inverted, are one of ``keys``, and which."""
    likely = np.zeros(1 << 16, bool)
    likely[keys & 0xFFFF] = True
    for first, end in _writable_regions():
        for start in range(first, end, SCAN_BYTES):
            size = _read(file, window[: end - start], start)
            words = ~window[: size - size % ALLOCATION_STEP].view(np.int64)[:: ALLOCATION_STEP // 8]
            places = np.flatnonzero(likely[words & 0xFFFF])
            places = places[np.isin(words[places], keys)]
            yield from (
                (start + ALLOCATION_STEP * place, int(words[place])) for place in places.tolist()
            )


def _writable_regions() -> list[AddressRange]:
    """Memory that was allocated, not mapped from a file."""
    regions = []
    for line in MAPS.read_text().splitlines():
        span, rights, _, _, _, *name = line.split(maxsplit=5)
        first, end = (int(number, 16) for number in span.split("-"))
        allocated = not name or name[0].startswith(("[heap", "[anon"))
        if rights.startswith("rw") and allocated and end - first <= LARGEST_REGION:
            regions.append((first, end))
    return regions


def _read(file: int, target: Bytes, address: int) -> int:
    """Read into ``target``; how many bytes; 0 where the memory is gone by now."""
    try:
        return os.preadv(file, [target.data], address)
    except OSError:
        return 0


def bytes_at(address: int, size: int) -> Bytes:
    """The memory itself, uint8 (size,), as long as whoever allocated it keeps it.

    Args:
        address: of the first byte, in this process.
        size: bytes.
    """
    return np.frombuffer(memoryview((ctypes.c_uint8 * size).from_address(address)), np.uint8)

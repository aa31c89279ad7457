"""What processes have in common: the same bits, whoever put them there.

Each test names the line whose removal makes it fail.
"""

import multiprocessing
import os
import pickle
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest

from analyzer.memory.shared_arrays import SharedArrays, make_shared_arrays

pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="a shelf is memory as Linux alone has it"
)

ARRAYS = {"a": np.arange(5000.0), "b": np.zeros((0, 3), np.int8), "c": np.array(7, np.uint16)}


def new(places: int = 3, size: int = 1 << 20) -> SharedArrays:
    made = make_shared_arrays(places, size)
    assert made is not None
    return made


def same(found: object, arrays: object = ARRAYS) -> bool:
    assert isinstance(found, dict)
    assert isinstance(arrays, dict)
    return found.keys() == arrays.keys() and all(
        (found[n].dtype, found[n].shape, found[n].tobytes()) == (a.dtype, a.shape, a.tobytes())
        for n, a in arrays.items()
    )


def test_what_is_put_is_found_in_its_place() -> None:
    made = new()
    made.put(1, ARRAYS)
    assert [made.find(i) is not None for i in range(3)] == [False, True, False]
    found = made.find(1)
    assert same(found)
    assert found is not None
    assert not any(array.flags.writeable for array in found.values())


def test_the_first_stays() -> None:
    """Fails without the second look in `put`."""
    made = new()
    made.put(0, ARRAYS)
    made.put(0, {"a": np.zeros(3)})
    assert same(made.find(0))


def test_what_is_too_large_or_no_numbers_stays_away() -> None:
    """Fails without either `return` at the begin of `put`: it would run into the next place."""
    made = new()
    made.put(0, {"a": np.zeros(made.size, np.uint8)})
    made.put(1, {"a": np.array(["text"], object)})
    assert [made.find(i) for i in range(3)] == [None] * 3


def test_memory_is_taken_for_what_is_written_alone() -> None:
    made = new(1000, 1 << 30)
    made.put(999, ARRAYS)
    assert os.stat(made.path).st_blocks * 512 < 1 << 20


def _fill(made: SharedArrays) -> None:
    made.put(2, ARRAYS)


def test_other_processes_find_it() -> None:
    made = new()
    there = multiprocessing.get_context("spawn").Process(target=_fill, args=(made,))
    there.start()
    there.join()
    assert same(made.find(2))


def test_one_that_died_while_it_wrote_left_nothing() -> None:
    """Fails if the length of the table is written first."""
    made = new()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    written: list[object] = []
    right = SharedArrays._write

    def last_fails(on: SharedArrays, content: bytes, position: int) -> None:
        written.append(content)
        (die if len(written) == len(ARRAYS) + 2 else right)(on, content, position)

    with patch.object(SharedArrays, "_write", last_fails), pytest.raises(KeyboardInterrupt):
        made.put(0, ARRAYS)
    assert made.find(0) is None
    made.put(0, ARRAYS)
    assert same(made.find(0))


def test_without_memory_whoever_needs_the_arrays_keeps_his_own() -> None:
    """Fails without `except OSError` in `put`."""
    made = new()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with patch("os.pwrite", full):
        made.put(0, ARRAYS)
    assert made.find(0) is None


def test_where_there_is_no_such_memory_there_is_no_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails without `AttributeError` in `make_shared_arrays`."""
    monkeypatch.delattr(os, "memfd_create")
    assert make_shared_arrays(1, 1) is None


def test_it_is_gone_with_its_maker(tmp_path: Path) -> None:
    made = new()
    made.put(0, ARRAYS)
    assert made.stream is not None
    path = pickle.loads(pickle.dumps(made)).path
    made.stream.close()
    os.close(made._file)
    with pytest.raises(OSError, match="No such file"):
        os.open(path, os.O_RDWR)

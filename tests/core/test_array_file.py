"""Arrays in files: the same bytes wherever they are mapped, and writes that nobody else sees."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

from analyzer.errors import UnwritableOutput
from analyzer.memory.array_file import ALIGNMENT, PIECE, ArrayFile, first_difference

ARRAYS: dict[str, npt.NDArray[Any]] = {
    "a": np.arange(7, dtype=np.float32).reshape(7, 1),
    "none": np.zeros((0, 3), np.float64),
    "b": np.arange(-3, 3, dtype=np.int8).reshape(2, 3).T,
    "c": np.arange(5).astype(ml_dtypes.bfloat16),
    "d": np.array(2.5, np.float16),
}


def test_arrays_are_what_they_were_and_aligned() -> None:
    file = ArrayFile.of(ARRAYS)
    assert file.arrays().keys() == ARRAYS.keys()
    for name, array in file.arrays().items():
        assert (array.dtype, array.shape) == (ARRAYS[name].dtype, ARRAYS[name].shape)
        assert array.tobytes() == ARRAYS[name].tobytes()
        assert array.ctypes.data % ALIGNMENT == 0 or not array.size
        assert not array.flags.writeable


def test_what_is_written_stays_private() -> None:
    file = ArrayFile.of(ARRAYS)
    mine, other = file.private(), file.private()
    mine[:] = 7
    assert other.tobytes() == file.block.tobytes() == file.private().tobytes()
    assert file.arrays()["a"].tobytes() == ARRAYS["a"].tobytes()


def resident(path: str) -> int:
    """Kilobytes of the file at ``path`` that this process has in memory."""
    target, found = os.stat(path).st_ino, 0
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if "-" in words[0]:
            inside = len(words) > 4 and words[4] == str(target)
        elif words[0] == "Rss:" and inside:
            found += int(words[1])
    return found


def test_memory_is_given_back_and_contents_stay() -> None:
    file = ArrayFile.of({"a": np.arange(10**6)})
    assert file.arrays()["a"].sum() == 499999500000
    assert resident(file.path) > 7000
    file.leave()
    assert resident(file.path) == 0
    assert file.arrays()["a"].sum() == 499999500000


def test_another_process_reads_it_and_writes_to_itself() -> None:
    file = ArrayFile.of(ARRAYS)
    code = (
        "import pickle, sys; file = pickle.load(sys.stdin.buffer); file.private()[:] = 1\n"
        "sys.stdout.buffer.write(file.arrays()['a'].tobytes())"
    )
    root = Path(__file__).parents[2]
    there = subprocess.run(
        [sys.executable, "-c", code], input=pickle.dumps(file), capture_output=True, cwd=root
    )
    assert there.stdout == ARRAYS["a"].tobytes()
    assert file.arrays()["a"].tobytes() == ARRAYS["a"].tobytes()


def test_no_file_is_left_and_none_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert len(ArrayFile.of({}).block) > 0
    assert os.listdir(tmp_path) == []


def test_parts_of_it_are_known_by_their_place() -> None:
    file, other = ArrayFile.of(ARRAYS), ArrayFile.of(ARRAYS)
    for name, array in file.arrays().items():
        if array.size:
            assert file.place_of(array.reshape(-1).view(np.uint8).data) == (file.spans[name].start)
            assert other.place_of(array.reshape(-1).view(np.uint8).data) is None
    assert file.place_of(memoryview(b"elsewhere")) is None
    assert file.place_of(memoryview(b"")) is None


@pytest.mark.parametrize("place", [0, 1, PIECE - 1, PIECE, 2 * PIECE + 1, 3 * PIECE - 1])
def test_the_first_difference_is_found(place: int) -> None:
    one = np.zeros(3 * PIECE, np.uint8)
    assert first_difference(one, one.copy()) is None
    other = one.copy()
    other[[place, -1]] = 1
    assert first_difference(one, other) == place


def test_no_room_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    with pytest.raises(UnwritableOutput, match="TMPDIR"):
        ArrayFile.of(ARRAYS)

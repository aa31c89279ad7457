"""Values on a device are compared bit for bit, and what cannot be compared counts as different."""

from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from analyzer.runtime.device.compare import DeviceComparison, seconds_to_compare
from analyzer.runtime.ort.device import NAMED

DEVICES = ["cpu-bound", pytest.param("cuda", marks=pytest.mark.gpu)]


def held(array: Any, device: str) -> Any:
    where = NAMED[device]
    return ort.OrtValue.ortvalue_from_numpy(array, where.memory, where.index)


BASE = np.arange(1.0, 65.0, dtype=np.float32).reshape(4, 16)


def bits(*words: int) -> Any:
    return np.array(words, np.uint32).view(np.float32)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (BASE, BASE.copy(), True),
        (BASE, np.nextafter(BASE, np.float32(9)), False),
        (BASE, BASE.reshape(16, 4), False),
        (bits(0x7FC00000, 1), bits(0x7FC00000, 1), True),
        (bits(0x7FC00000, 1), bits(0x7FC00001, 1), False),
        (bits(0), bits(0x80000000), False),
        (BASE.astype(np.float16), BASE.astype(np.float16), True),
        (BASE.astype(np.int8), BASE.astype(np.int8), True),
        (BASE.astype(np.int8)[:1, :3], BASE.astype(np.int8)[:1, :3], False),
        (BASE.astype(np.int64), BASE.astype(np.int64) ^ (1 << 40), False),
        (np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), True),
    ],
    ids=str,
)
def test_same_means_equal_bits(one: Any, other: Any, same: bool, device: str) -> None:
    """Fails if numbers are compared: NaN differs from itself, and 0 is -0."""
    comparison = DeviceComparison(NAMED[device])
    found = comparison.same(
        held(np.ascontiguousarray(one), device), held(np.ascontiguousarray(other), device)
    )
    assert found is same


@pytest.mark.parametrize("where", [0, 500_000, 999_999])
def test_one_word_among_many_shows(where: int) -> None:
    one = np.zeros(1_000_000, np.float32)
    other = one.copy()
    other[where] = np.finfo(np.float32).smallest_subnormal
    comparison = DeviceComparison(NAMED["cpu-bound"])
    assert not comparison.same(held(one, "cpu-bound"), held(other, "cpu-bound"))
    assert comparison.same(held(one, "cpu-bound"), held(one, "cpu-bound"))


def test_larger_groups_take_longer() -> None:
    """Fails if the times of one value are taken for those of another."""
    small = held(np.zeros(4, np.float32), "cpu-bound")
    large = held(np.zeros(4_000_000, np.float32), "cpu-bound")
    odd = held(np.zeros(3, np.int8), "cpu-bound")
    taken = seconds_to_compare([[small], [odd], [large, small], [large, large]], NAMED["cpu-bound"])
    assert taken[1] == 0.0
    assert taken[0] < taken[2] < taken[3]
    assert taken[3] > 1e-4

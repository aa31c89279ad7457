"""Pages that faults touched are given back, which changes no answer and bounds the memory taken.

Each test names the line whose removal makes it fail.
"""

import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.memory import array_file
from analyzer.memory.array_file import ArrayFile, mapping_of
from analyzer.memory.shared_arrays import PAGE
from analyzer.runtime.layout import layout, prober
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.weights.cow_pages import DROP_AT_ONE_IN, KEEP_AT_ONE_IN, CowPages
from tests.runtime.benches import SHIPPED, answer, context, cut_up, opened
from tests.strategies import examples, patterns

linux = pytest.mark.skipif(
    sys.platform != "linux", reason="reads /proc, and what MADV_DONTNEED does"
)

NAMES = ["conv_blocked", "float16_conv", "tied_and_transposed", "float16_gemm", *SHIPPED]
"""Moved, converted, in two places, shifted; and whole networks, one of them on packed weights."""


def filed(name: str, cut: bool) -> LiveExecutor:
    """An executor whose live weights are a mapping of a file, however few they are."""
    on = context(name)
    with patch.object(layout, "LEAST_FILED", 0), patch.object(prober, "LEAST_NOISE_FILED", 0):
        made = (cut_up if cut else opened)(on.model, on.space, on.feeds)
    assert mapping_of(made.weights.opened.weight_memory.live) is not None
    return made


_executors: dict[tuple[str, bool], LiveExecutor] = {}


@pytest.mark.parametrize("cut", [False, True])
@pytest.mark.parametrize("name", NAMES)
@examples(6)
@given(data=st.data())
def test_answers_are_those_of_the_oracle_when_all_is_dropped_after_every_trial(
    name: str, cut: bool, data: st.DataObject
) -> None:
    """Fails if `check` drops before the weights are restored and compared."""
    on = context(name)
    live = _executors.setdefault((name, cut), filed(name, cut))
    dropped = []

    def drop(array: array_file.Array) -> None:
        dropped.append(array)
        array_file.leave(array)

    pages = CowPages(live.weights.opened.weight_memory.live, 10**9, 0, drop)
    live.followers = (*(f for f in live.followers if not isinstance(f, CowPages)), pages)
    live.check_golden()
    for pattern in data.draw(st.lists(patterns(on.space), min_size=1, max_size=3)):
        expected = answer(on.oracle, pattern, on.feeds)
        assert answer(live, pattern, on.feeds).same_as(expected)
        written = pages.written
        dropped.clear()
        live.check_golden()
        assert bool(dropped) == written
        live.check_golden()
    assert live.run(on.feeds).same_as(on.golden)


def private_bytes(executor: LiveExecutor) -> int:
    """Bytes of the live weights that are this process's own."""
    first = executor.weights.opened.weight_memory.live.ctypes.data
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    for line in lines:
        begin, _, rest = line.partition("-")
        if rest and len(begin) <= 16 and int(begin, 16) <= first < int(rest.split()[0], 16):
            found = dict(next(lines).split(":", 1) for _ in range(16))
            return 1024 * int(found["Private_Dirty"].split()[0])
    raise AssertionError("the live weights are mapped nowhere")


@linux
def test_private_memory_is_bounded_over_many_trials() -> None:
    """Fails without followers in `check_golden`, or without `restored`."""
    name = max(SHIPPED, key=lambda n: len(filed(n, cut=False).weights.opened.weight_memory.live))
    on, live = context(name), filed(name, cut=False)
    pages = len(live.weights.opened.weight_memory.live) // PAGE
    rng = np.random.default_rng(0)
    most = 0
    live.check_golden()
    for trial in range(3 * pages):
        with live.inject(FaultPattern(parse_fault("flip"), rng.integers(0, on.space.bits, 1))):
            pass
        live.check_golden()
        if trial % 5 == 0:
            most = max(most, private_bytes(live))
    assert 0 < most <= PAGE * (pages / DROP_AT_ONE_IN + 2)


def test_where_trials_write_to_much_nothing_is_dropped() -> None:
    """Fails without the second condition in `check`: each trial would copy all pages anew."""
    file = ArrayFile.of({"w": np.zeros(DROP_AT_ONE_IN * KEEP_AT_ONE_IN * PAGE, np.uint8)})
    dropped: list[int] = []
    pages = CowPages(file.private(), drop=lambda live: dropped.append(len(live)))
    pages.check()
    dropped.clear()
    for _ in range(3):
        pages.restored(np.arange(DROP_AT_ONE_IN * KEEP_AT_ONE_IN))
        pages.check()
    assert dropped == []
    pages.restored(np.arange(1))
    pages.check()
    assert len(dropped) == 1
    pages.restored(np.arange(1))
    pages.check()
    assert len(dropped) == 1


@linux
def test_dropped_pages_show_the_file() -> None:
    """What `leave` relies on."""
    file = ArrayFile.of({"w": np.arange(100_000)})
    live = file.private()
    live[:] = 1
    array_file.leave(live)
    assert np.array_equal(live, file.block)


def test_arrays_that_are_no_mapping_keep_what_they_hold() -> None:
    live = np.ones(3 * PAGE, np.uint8)
    assert mapping_of(live[5:]) is None
    pages = CowPages(live[5:])
    pages.restored(np.arange(1))
    pages.check()
    assert live.all()

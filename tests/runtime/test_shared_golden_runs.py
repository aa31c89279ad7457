"""Golden runs that processes of one machine have in common: computed once, used by all.

Each test names the line whose removal makes it fail.
"""

import os
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Feeds
from analyzer.memory.shared_arrays import SharedArrays, make_shared_arrays
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.partial.golden_cache import Cache, SharedRuns
from analyzer.runtime.partial.host_values import HostValues
from analyzer.runtime.stretches.golden_run import Arrays
from tests.runtime.benches import SHIPPED, answer, context, opened, partial_runs
from tests.strategies import examples, patterns

pytestmark = pytest.mark.skipif(
    not hasattr(os, "memfd_create"), reason="memory without a file, as Linux alone has it"
)


def new(places: int, size: int) -> SharedArrays:
    made = make_shared_arrays(places, size)
    assert made is not None
    return made


def sharing(name: str, shared: SharedRuns, feeds: list[Feeds]) -> LiveExecutor:
    """An executor that cuts wherever it can and has golden runs in common with others."""
    on = context(name)
    return opened(on.model, on.space, feeds[0], cache=Cache(1 << 28, len(feeds), shared))


def fresh(feeds: Feeds) -> Feeds:
    """The same contents in other arrays, as another process has them."""
    return {name: array.copy() for name, array in feeds.items()}


class Known(SharedRuns):
    """Shared runs to which nothing may be added: whoever adds something has computed it."""

    def put(self, feeds: Feeds, values: Arrays) -> None:
        raise AssertionError("this golden run was known")

    def agreed(self, make: Callable[[], Arrays]) -> Arrays:
        def never() -> Arrays:
            raise AssertionError("this profile was known")

        return super().agreed(never)


_pairs: dict[str, tuple[list[Feeds], LiveExecutor]] = {}


def second(name: str) -> tuple[list[Feeds], LiveExecutor]:
    """An executor that took every golden run from another."""
    if name not in _pairs:
        made, on = new(3, 1 << 26), context(name)
        other = {n: np.asarray(a[::-1].copy()) for n, a in on.feeds.items()}
        mine = [fresh(on.feeds), fresh(other)]
        first = sharing(name, SharedRuns(made, mine), mine)
        for feeds in mine:
            first.run(feeds)
        theirs = [fresh(feeds) for feeds in mine]
        _pairs[name] = theirs, sharing(name, Known(made, theirs), theirs)
    return _pairs[name]


@pytest.mark.parametrize("name", [*SHIPPED, "attention"])
@examples(6)
@given(data=st.data())
def test_golden_runs_of_another_give_the_oracle_s_answers(name: str, data: st.DataObject) -> None:
    """Fails without `known` in `HostValues.__init__`, or without `agreed` in `agreed_profile`."""
    on = context(name)
    batches, live = second(name)
    pattern = data.draw(patterns(on.space))
    for feeds in batches:
        found = answer(live, pattern, feeds)
        assert found.same_as(answer(on.oracle, pattern, feeds))


def test_a_run_that_lacks_a_value_is_made_anew() -> None:
    """Fails without `values.keys() >= self._needed`: another profile, other cuts."""
    name, made = "attention", new(3, 1 << 26)
    on = context(name)
    feeds = [fresh(on.feeds)]
    shared = SharedRuns(made, feeds)
    first = partial_runs(sharing(name, SharedRuns(new(3, 1 << 26), feeds), feeds)).values
    assert isinstance(first, HostValues)
    names = first._names
    shared.put(feeds[0], {names[0]: np.zeros(3)})
    live = sharing(name, shared, feeds)
    assert live.run(feeds[0]).same_as(on.golden)
    known = partial_runs(live).known(feeds[0])
    assert known is not None
    assert known.values.keys() >= set(names)

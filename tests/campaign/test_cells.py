"""Cells: what blocks run is decided by the cell alone, of whatever kind it is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.blocks import Block, run_block
from analyzer.campaign.cells import AnyCell, Cell, SiteCell, cell_named
from analyzer.campaign.patterns import Draw, PatternSource
from analyzer.faults.models import FaultPattern
from tests.campaign.contexts import shared_results, zero_clock
from tests.campaign.maps import small
from tests.strategies import examples

RATES = st.floats(0.0, 1.0, exclude_min=True, exclude_max=True)
CELLS: st.SearchStrategy[AnyCell] = st.one_of(
    st.builds(Cell, RATES, st.integers(0, 9)),
    st.builds(SiteCell, st.integers(0, 99), st.integers(0, 3), st.booleans()),
)


@dataclass(frozen=True, order=True)
class OneSite:
    """A kind of cell of its own: every trial hits the same bit, under each batch in turn."""

    site: int

    @property
    def name(self) -> str:
        """Key in journals."""
        return f"site/{self.site}"

    def label(self, _: PatternSource, /) -> str:
        """Name in reports."""
        return "one site"

    def draw(self, source: PatternSource, ends: npt.NDArray[np.int64], index: int) -> Draw:
        """The batch and the pattern."""
        sites = np.array([self.site], np.int64)
        return Draw((index % len(ends),), FaultPattern(source.plan.fault, sites))


@examples(100)
@given(cell=CELLS)
def test_a_cell_is_found_by_its_name(cell: AnyCell) -> None:
    assert cell_named(cell.name) == cell


@pytest.mark.parametrize("name", ["", "1e-6", "1e-6/a", "drawn/1", "often/1/2", "drawn/1/x"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # whatever Python says of the number
        cell_named(name)


def test_a_cell_of_another_kind_is_run_like_any() -> None:
    """Fails if anything asks a cell for its kind."""
    context, cell = shared_results().context, OneSite(30)
    block = Block(cell, 1)
    found = run_block(context, block, zero_clock)
    batches = context.golden.batches
    for index, outcomes in zip(block.trials, found.outcomes, strict=True):
        batch = index % len(batches)
        pattern = FaultPattern(context.plan.fault, np.array([30], np.int64))
        with context.executor.inject(pattern) as run:
            assert context.golden.outcomes((batch,), run) == outcomes
    crash = context.crash(cell, 3)
    assert (crash.stratum, len(crash.upsets)) == ("one site", 1)
    assert context.crashed(cell, 3).due == batches[3 % len(batches)].images


def draws(cell: AnyCell, indices: Sequence[int], of: int) -> list[tuple[list[int], list[int]]]:
    context = (shared_results().context, small().context)[of]
    found = [cell.draw(context.patterns, context.golden.ends, i) for i in indices]
    return [(list(batches), pattern.sites.tolist()) for batches, pattern in found]


@pytest.mark.parametrize(
    ("cell", "of"), [(Cell(1e-2, 1), 0), (SiteCell(0, 0), 1), (SiteCell(1, 0, True), 1)]
)
def test_a_draw_is_a_pure_function_of_the_index(cell: AnyCell, of: int) -> None:
    forward = draws(cell, range(40), of)
    assert draws(cell, range(39, -1, -1), of) == forward[::-1]
    assert len({tuple(map(tuple, draw)) for draw in forward}) > 10

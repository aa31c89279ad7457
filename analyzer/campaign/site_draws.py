"""What one trial of a vulnerability map draws: a single upset and the batch that meets it."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analyzer.campaign.cells import SiteCell
from analyzer.campaign.plan import Plan
from analyzer.faults.models import FaultPattern
from analyzer.faults.sampling import draw_batch, generator, in_turn
from analyzer.faults.site_strata import SiteStrata

Drawn = tuple[Sequence[int], FaultPattern]


def turn_of(plan: Plan, cell: SiteCell, index: int, columns: int) -> int:
    """Which of the ``columns`` of a stratum a trial takes, where sites are drawn."""
    return in_turn(plan.id, f"turns={cell.name}", index, columns)


def draw_upset(
    plan: Plan, strata: SiteStrata, cell: SiteCell, index: int, ends: npt.NDArray[np.int64]
) -> Drawn:
    """The batch and the pattern of one trial: a pure function of the plan, the cell and the index.

    Args:
        plan: of the map.
        strata: its fault sites.
        cell: which of them.
        index: of the trial. The columns of the stratum take turns, so that each gets its share of
            trials; the element is drawn. In a cell of every site, sites and batches are counted off
            instead, and counting begins anew after the last.
        ends: int64 (batches,), running totals of the batch sizes.
    """
    stratum = strata.parts[cell.tensor][cell.part]
    columns = len(stratum.positions)
    if cell.every:
        number, batch = divmod(index % (stratum.sites * len(ends)), len(ends))
        element, column = divmod(number, columns)
    else:
        rng = generator(plan.id, f"sites={cell.name}", index)
        batch = draw_batch(rng, ends)
        element = int(rng.integers(stratum.elements))
        column = turn_of(plan, cell, index, columns)
    site = strata.site(cell.tensor, cell.part, element, column)
    return (batch,), FaultPattern(plan.fault, np.array([site], np.int64))

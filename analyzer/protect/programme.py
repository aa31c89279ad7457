"""The choices of all menus as an integer programme, solved by HiGHS through scipy."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from analyzer.protect.offers import SLACK, Limits, Offer

Floats = npt.NDArray[np.float64]

SECONDS = 10.0
"""Of one integer programme, at most."""

TIE = 0.4
"""Bits for which the harm of all tensors counts, so that of equal costs the safer one wins."""

TOLERANCE = 2e-6
"""Of rows that are scaled to a limit of 1: twice what HiGHS lets pass."""


class Programme:
    """Choose one of each menu at the least cost, under linear rows.

    Attributes:
        limits: The budgets.
        ends: int64 (menus + 1,), index of the first choice of each menu, and of all choices.
        means: float64 (outcomes with a budget, choices).
        variances: The same shape.
    """

    def __init__(self, menus: Sequence[Sequence[Offer]], limits: Limits) -> None:
        """Put all choices side by side.

        Args:
            menus: for each tensor, what may be chosen; none is empty.
            limits: the budgets.
        """
        offers = [offer for menu in menus for offer in menu]
        self.limits = limits
        self.ends = np.cumsum([0, *map(len, menus)])
        columns = [limits.amounts(offer.harm) for offer in offers]
        self.means = np.array([[a.mean for a in column] for column in columns], np.float64).T
        self.variances = np.array([[a.variance for a in c] for c in columns], np.float64).T
        self._costs = np.array([offer.cost for offer in offers], np.float64)
        # A choice that breaks a budget by itself is in no admissible solution.
        upper = self.means + limits.deviations * np.sqrt(self.variances)
        most = np.array(limits.budgets)[:, None] * (1.0 + SLACK)
        self._most = np.all(upper <= most, axis=0).astype(np.float64)
        rows = np.repeat(np.arange(len(menus)), np.diff(self.ends))
        shape = (len(menus), len(offers))
        self._one_each = csr_array((np.ones(len(offers)), (rows, np.arange(len(offers)))), shape)

    def places(self, chosen: Sequence[int]) -> npt.NDArray[np.int64]:
        """Columns of chosen choices: int64 (menus,)."""
        return np.asarray(self.ends[:-1] + np.array(chosen, np.int64))

    def solve(self, rows: Floats, highs: Floats) -> tuple[list[int], int] | None:
        """The cheapest choices under linear rows, and a bound of their cost.

        Args:
            rows: float64 (rows, choices).
            highs: float64 (rows,), what they must not exceed.

        Returns:
            An index into each menu and the bound; None: there are none, or none in time.
        """
        found = milp(
            self._costs + self._ties(),
            integrality=np.ones(len(self._costs), np.int64),
            bounds=Bounds(0.0, self._most),
            constraints=self._constraint(rows, highs),
            options={"mip_rel_gap": 0.0, "time_limit": SECONDS},
        )
        if found.x is None:
            return None
        best = [int(np.argmax(found.x[a:b])) for a, b in self._spans()]
        return best, max(0, math.ceil(float(found.mip_dual_bound) - TIE - 1e-6))

    def relaxed(self, rows: Floats, highs: Floats) -> float:
        """The least cost where menus may be mixed: no choice costs less; infinity: there is none.

        Args:
            rows: float64 (rows, choices).
            highs: float64 (rows,), what they must not exceed.
        """
        held = self._constraint(rows, highs)
        found = milp(self._costs, constraints=held, bounds=Bounds(0.0, self._most))
        return float(found.fun) if found.x is not None else math.inf

    def _constraint(self, rows: Floats, highs: Floats) -> LinearConstraint:
        menus = self._one_each.shape[0]
        lower = np.concatenate([np.ones(menus), np.full(len(highs), -np.inf)])
        upper = np.concatenate([np.ones(menus), highs])
        return LinearConstraint(vstack([self._one_each, csr_array(rows)]), lower, upper)

    def _spans(self) -> list[tuple[int, int]]:
        return list(zip(self.ends[:-1].tolist(), self.ends[1:].tolist(), strict=True))

    def _ties(self) -> Floats:
        means = self.means.sum(axis=0)
        most = sum(float(means[a:b].max()) for a, b in self._spans())
        return np.asarray(TIE * means / most if most else means)

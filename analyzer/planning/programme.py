"""The choices of all menus as a linear programme, solved by HiGHS through scipy."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog

from analyzer.planning.offers import SLACK, Limits, Offer

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TIE = 0.4
"""Bits for which the harm of all tensors counts, so that of equal costs the safer one wins."""

TOLERANCE = 2e-6
"""Of rows that are scaled to a limit of 1: more than what HiGHS lets pass."""


METHODS: tuple[Literal["highs", "highs-ipm"], ...] = ("highs", "highs-ipm")
"""Ways of the solver, in the order in which they are tried: it chooses, or interior points."""

INFEASIBLE = 2
"""Of `scipy.optimize.linprog`: no solution keeps to the rows. 4 is numerical difficulties."""


class Unsolved(Exception):
    """A linear programme of which nothing is known, not even whether it has a solution."""


class Relaxation(NamedTuple):
    """The optimum of a linear programme.

    Attributes:
        cost: Bits that are added, and `TIE` for harm.
        shares: float64 (choices,), the part of each choice in [0, 1].
    """

    cost: float
    shares: Floats


class Programme:
    """Choose one of each menu at the least cost, under linear rows.

    Attributes:
        limits: The budgets.
        ends: int64 (menus + 1,), index of the first choice of each menu, and of all choices.
        means: float64 (outcomes with a budget, choices).
        variances: The same shape.
        allowed: bool (choices,), false for a choice that breaks a budget by itself.
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
        self._bits = np.array([offer.cost for offer in offers], np.float64)
        upper = self.means + limits.deviations * np.sqrt(self.variances)
        most = np.array(limits.budgets)[:, None] * (1.0 + SLACK)
        self.allowed: Flags = np.all(upper <= most, axis=0)
        owners = np.repeat(np.arange(len(menus)), np.diff(self.ends))
        self._one_each = (owners == np.arange(len(menus))[:, None]).astype(np.float64)

    def places(self, chosen: Sequence[int]) -> npt.NDArray[np.int64]:
        """Columns of chosen choices: int64 (menus,)."""
        return np.asarray(self.ends[:-1] + np.array(chosen, np.int64))

    def relaxed(self, rows: Floats, highs: Floats, allowed: Flags) -> Relaxation | None:
        """The least cost where choices of a menu may be mixed.

        Args:
            rows: float64 (rows, choices).
            highs: float64 (rows,), what they must not exceed.
            allowed: bool (choices,), those that may be taken at all.

        Returns:
            None if even mixtures do not keep to the rows.

        Raises:
            Unsolved: the solver met numerical difficulties, whichever way it went.
        """
        for method in METHODS:
            found = linprog(
                self._costs,
                A_ub=rows,
                b_ub=highs,
                A_eq=self._one_each,
                b_eq=np.ones(self._one_each.shape[0]),
                bounds=[(0.0, most) for most in allowed.astype(np.float64).tolist()],
                method=method,
            )
            if found.success and found.x is not None:
                return Relaxation(float(found.fun or 0.0), np.asarray(found.x, np.float64))
            if found.status == INFEASIBLE:
                return None
        raise Unsolved

    @property
    def spans(self) -> list[tuple[int, int]]:
        """First choice of each menu, and one past its last."""
        return list(zip(self.ends[:-1].tolist(), self.ends[1:].tolist(), strict=True))

    @cached_property
    def _costs(self) -> Floats:
        """Bits, and less than one bit for the harm of all tensors together."""
        means = self.means.sum(axis=0)
        most = sum(float(means[a:b].max()) for a, b in self.spans)
        return np.asarray(self._bits + (TIE * means / most if most else means))

"""Budgets of harm: FIT of a deployment target, or the probability given one upset event."""

import re
from dataclasses import dataclass

from analyzer.errors import BadGate
from analyzer.gate.condition import Condition, Verdict, bound_read
from analyzer.stats.intervals import Interval

ONE_EVENT = "one event"
EXAMPLE = "write it like 'sdc_fit <= 10' with a --target, or 'sdc <= 1e-3 @ one event' without one"

_FORM = re.compile(
    r"\s*(?P<outcome>sdc|due)(?P<fit>_fit)?\s*<=\s*(?P<bound>[0-9.eE+-]+\s*%?)"
    r"\s*(?P<event>@\s*(?:one|1)\s+event)?\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HarmBudget:
    """One requirement: ``sdc_fit <= bound`` or ``sdc <= bound @ one event``; with ``due`` likewise.

    Attributes:
        outcome: ``sdc`` or ``due``.
        fit: Whether the bound is in FIT; else it is a probability given one event.
        bound: 0 or more.
    """

    outcome: str
    fit: bool
    bound: float

    def __str__(self) -> str:
        """The form in which it is written."""
        bound = repr(self.bound).removesuffix(".0")
        if self.fit:
            return f"{self.outcome}_fit <= {bound}"
        return f"{self.outcome} <= {bound} @ {ONE_EVENT}"

    def judge(self, found: Interval | None) -> Verdict:
        """Pass if the whole interval is within the bound, fail if all of it is beyond.

        >>> HarmBudget("sdc", True, 10.0).judge(Interval(4.0, 1.0, 12.0)).value
        'undecided'
        """
        return Condition(self.outcome, False, self.bound, 0.5).judge(found)


def parse_budget(text: str) -> HarmBudget:
    """Read a budget of harm.

    Raises:
        BadGate: it cannot be read, or its bound is no probability.

    >>> str(parse_budget("SDC<=0.1% @ one event")), str(parse_budget("due_fit <= 5"))
    ('sdc <= 0.001 @ one event', 'due_fit <= 5')
    """
    match = _FORM.fullmatch(text)
    if not match or bool(match["fit"]) == bool(match["event"]):
        raise BadGate(f"gate {text!r} is no budget of harm; {EXAMPLE}")
    fit = bool(match["fit"])
    bound = bound_read(text, match["bound"], EXAMPLE)
    if fit and "%" in text:
        raise BadGate(f"gate {text!r}: FIT is no share; write a number, 0 or more")
    if not 0.0 <= bound < (float("inf") if fit else 1.0):
        raise BadGate(f"gate {text!r}: the bound is {'a number' if fit else 'a share'} from 0 on")
    return HarmBudget(match["outcome"].lower(), fit, bound)

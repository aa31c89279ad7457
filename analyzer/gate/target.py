"""Conditions on a deployment target: failures in time, and floors of the score.

``sdc_fit <= 10`` and ``due_fit <= 100`` are FIT of all regions together. ``metric_event >= 0.9`` is
the mean score given one event, in the worst region; ``metric_mean >= 0.9`` the mean score at a
moment drawn uniformly from the mission.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from analyzer.did_you_mean import meant
from analyzer.errors import BadGate
from analyzer.gate.condition import WARN, Condition, Level, Verdict, bound_read
from analyzer.gate.judge import MOST
from analyzer.stats.intervals import Interval


class TargetFigure(StrEnum):
    """The figures that conditions on a target are about."""

    SDC_FIT = "sdc_fit"
    DUE_FIT = "due_fit"
    CRITICAL_FIT = "critical_sdc_fit"
    METRIC_EVENT = "metric_event"
    METRIC_MEAN = "metric_mean"

    @property
    def is_fit(self) -> bool:
        """True for failures in time, which have an upper bound; the others have a lower one."""
        return self.value.endswith("_fit")

    @property
    def needs_rates(self) -> bool:
        """True if nothing can be said without the raw rate of every region."""
        return self is not TargetFigure.METRIC_EVENT


class ConditionOrigin(StrEnum):
    """The place where a condition was written."""

    TARGET = "target"
    COMMAND = "command"


_FORM = re.compile(
    r"\s*(?:(warn|error)\s*:)?\s*([A-Za-z0-9_]+)\s*(>=|<=)\s*([0-9.eE+-]+\s*%?)\s*(?:FIT)?\s*",
    re.IGNORECASE,
)
EXAMPLE = "write it like 'sdc_fit <= 10' or 'metric_event >= 0.9'"


@dataclass(frozen=True, slots=True)
class TargetCondition:
    """One requirement on a target.

    Attributes:
        figure: What is bounded.
        bound: In FIT, or a fraction.
        level: Error or warning.
        origin: Where it was written.
        requirement: Id of the requirement that it belongs to; may be empty.
    """

    figure: TargetFigure
    bound: float
    level: Level = Level.ERROR
    origin: ConditionOrigin = ConditionOrigin.COMMAND
    requirement: str = ""

    @property
    def operator(self) -> str:
        """``<=`` for FIT, ``>=`` for scores."""
        return "<=" if self.figure.is_fit else ">="

    def __str__(self) -> str:
        """The form in which it is written."""
        warn = WARN if self.level is Level.WARNING else ""
        return f"{warn}{self.figure} {self.operator} {repr(self.bound).removesuffix('.0')}"

    def judge(self, interval: Interval | None) -> Verdict:
        """Pass if the whole interval meets the bound, fail if all of it misses.

        >>> TargetCondition(TargetFigure.SDC_FIT, 10.0).judge(Interval(4.0, 3.0, 11.0)).value
        'undecided'
        """
        at_least = not self.figure.is_fit
        return Condition(self.figure, at_least, self.bound, 0.5).judge(interval)


def parse_target_gate(text: str) -> TargetCondition:
    """Read one condition on a target.

    Raises:
        BadGate: it cannot be read, names an unknown figure, or rewards harm.

    >>> str(parse_target_gate("SDC_FIT<=10 FIT")), str(parse_target_gate("warn: metric_mean>=90%"))
    ('sdc_fit <= 10', 'warn: metric_mean >= 0.9')
    """
    match = _FORM.fullmatch(text)
    if not match:
        at = "; a target has no bit error rate behind @" if "@" in text else ""
        raise BadGate(f"gate {text!r} cannot be read{at}; {EXAMPLE}")
    word, name, sign, bound_text = match.groups()
    figures = list(TargetFigure)
    if name.lower() not in figures:
        hint = meant(name, figures)
        raise BadGate(
            f"gate {text!r} names no figure of a target: {name!r}{hint}; use {', '.join(figures)}"
        )
    figure = TargetFigure(name.lower())
    if sign != ("<=" if figure.is_fit else ">="):
        other = "<=" if figure.is_fit else ">="
        raise BadGate(f"gate {text!r} rewards harm: for {figure} write {other} instead of {sign}")
    bound = bound_read(text, bound_text, EXAMPLE)
    most = sys.float_info.max if figure.is_fit else 1.0
    if not 0.0 <= bound <= most or ("%" in text and figure.is_fit):
        unit = "FIT, 0 or more" if figure.is_fit else "a fraction from 0 to 1, 90 % is 0.90"
        raise BadGate(f"gate {text!r}: the bound of {figure} is {unit}")
    level = Level.WARNING if (word or "").lower() == "warn" else Level.ERROR
    return TargetCondition(figure, bound, level)


def target_verdict(
    judged: Sequence[tuple[TargetCondition, Verdict]], left_out: float = 0.0
) -> Verdict | None:
    """One failed condition fails the target, one undecided leaves it undecided; None without any.

    Warnings do not count.

    Args:
        judged: each condition with its verdict.
        left_out: share of the stored bits that no event hits, a fraction. A target that would pass
            is undecided where this is more than `MOST`: the figures are not about the model.

    >>> target_verdict([]) is None
    True
    """
    if not judged:
        return None
    verdicts = {verdict for condition, verdict in judged if condition.level is Level.ERROR}
    for verdict in (Verdict.FAIL, Verdict.UNDECIDED):
        if verdict in verdicts:
            return verdict
    return Verdict.PASS if left_out <= MOST else Verdict.UNDECIDED

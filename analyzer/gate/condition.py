"""One condition of a gate: how it is written, and how an interval decides it."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from analyzer.did_you_mean import meant
from analyzer.errors import BadGate
from analyzer.evaluation.metrics import metric_names
from analyzer.evaluation.pixel_figures import CLASS_IOU, PIXELS_CHANGED
from analyzer.faults.rates import show_rate
from analyzer.stats.intervals import Interval

CRITICAL_METRIC = "critical_sdc"
"""The figure that only campaigns with a table of critical confusions have."""

OUTCOME_METRICS = ("sdc", "due", "masked", CRITICAL_METRIC)
HARMFUL = ("sdc", "due", CRITICAL_METRIC, PIXELS_CHANGED)
"""Figures that are better when they are lower."""

_FORM = re.compile(
    r"\s*(?:(warn|error)\s*:)?\s*([A-Za-z0-9_]+|iou:[^<>=@]*[^<>=@\s])\s*(>=|<=)"
    r"\s*([0-9.eE+-]+\s*%?)"
    r"\s*@\s*([0-9.eE+-]+)\s*",
    re.IGNORECASE,
)
EXAMPLE = "write it like 'top1 >= 0.90 @ 1e-6' or 'sdc <= 0.01 @ 3e-6'"


class Verdict(StrEnum):
    """The decision that the evidence allows."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"


class Level(StrEnum):
    """Weight of a condition: an error decides the exit code, a warning is only told."""

    ERROR = "error"
    WARNING = "warning"


WARN = "warn: "
"""Before a condition that is a warning."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One requirement: ``metric >= bound @ rate`` or ``metric <= bound @ rate``."""

    metric: str
    at_least: bool
    bound: float
    rate: float
    level: Level = Level.ERROR

    def __str__(self) -> str:
        """The form in which it is written."""
        sign = ">=" if self.at_least else "<="
        bound = repr(self.bound).removesuffix(".0")
        warn = WARN if self.level is Level.WARNING else ""
        return f"{warn}{self.metric} {sign} {bound} @ {show_rate(self.rate)}"

    @property
    def id(self) -> str:
        """The name by which a waiver knows it: its form, without the level."""
        return str(self).removeprefix(WARN)

    def beyond(self, metric: str, golden: float) -> bool:
        """True if it cannot pass: even the fault-free model is below its floor.

        Args:
            metric: name of the campaign's metric.
            golden: that metric without faults.
        """
        return self.metric == metric and self.at_least and golden < self.bound

    def judge(self, interval: Interval | None) -> Verdict:
        """Pass if the whole interval meets the bound, fail if all of it misses.

        Without an estimate it is undecided.

        >>> Condition("top1", True, 0.9, 1e-6).judge(Interval(0.95, 0.91, 0.97)).value
        'pass'
        """
        if interval is None:
            return Verdict.UNDECIDED
        if self.at_least:
            if interval.low >= self.bound:
                return Verdict.PASS
            return Verdict.FAIL if interval.high < self.bound else Verdict.UNDECIDED
        if interval.high <= self.bound:
            return Verdict.PASS
        return Verdict.FAIL if interval.low > self.bound else Verdict.UNDECIDED


def gate_metrics() -> tuple[str, ...]:
    """Figures that conditions may be about: the metrics, then shares of outcomes, and of pixels.

    The IoU of a class is one more, ``iou:CLASS``.

    >>> gate_metrics()  # doctest: +ELLIPSIS
    ('top1', 'top5', ..., 'own', 'sdc', 'due', 'masked', 'critical_sdc', 'pixels_changed')
    """
    return (*metric_names(), *OUTCOME_METRICS, PIXELS_CHANGED)


def names_metric(name: str) -> bool:
    """True for the metric of a campaign and shares of outcomes, which every campaign may have.

    >>> names_metric("miou"), names_metric("iou:3"), names_metric("pixels_changed")
    (True, False, False)
    """
    return name != PIXELS_CHANGED and not name.startswith(CLASS_IOU)


def parse_gate(text: str) -> Condition:
    """Read one gate condition.

    Raises:
        BadGate: it cannot be read, names an unknown metric, or a bound or rate out of range.

    >>> str(parse_gate("top1>=0.90@1e-6")), str(parse_gate("warn: iou:Side walk >= 60% @ 1e-6"))
    ('top1 >= 0.9 @ 1e-6', 'warn: iou:side walk >= 0.6 @ 1e-6')
    """
    match = _FORM.fullmatch(text)
    if not match:
        raise BadGate(f"gate {text!r} cannot be read; {EXAMPLE}")
    word, name, sign, bound_text, rate_text = match.groups()
    metric = metric_named(text, name)
    bound, rate = bound_read(text, bound_text, EXAMPLE), bound_read(text, rate_text, EXAMPLE)
    if not 0.0 <= bound <= 1.0:
        raise BadGate(f"gate {text!r}: the bound is a fraction from 0 to 1, 90 % is 0.90")
    if not 0.0 < rate < 1.0:
        raise BadGate(f"gate {text!r}: the rate after @ is a bit error rate above 0 and below 1")
    check_direction(text, metric, sign == ">=")
    level = Level.WARNING if (word or "").lower() == "warn" else Level.ERROR
    return Condition(metric, sign == ">=", bound, rate, level)


def metric_named(text: str, name: str) -> str:
    """The figure of a name, in any case.

    Args:
        text: the condition as it is written, for the refusal.
        name: of a figure.

    Raises:
        BadGate: there is none.
    """
    if name.lower() in gate_metrics() or name.lower().startswith(CLASS_IOU):
        return name.lower()
    known = ", ".join(gate_metrics())
    hint = meant(name, gate_metrics())
    raise BadGate(f"gate {text!r} names unknown metric {name!r}{hint}; use {known}")


def bound_read(text: str, number: str, example: str) -> float:
    """The number of a condition.

    Args:
        text: the condition as it is written, for the refusal.
        number: as it is written there; may be in percent.
        example: of a condition, for the refusal.

    Raises:
        BadGate: it is no number.
    """
    try:
        return _fraction(number)
    except (ValueError, ArithmeticError) as error:
        raise BadGate(f"gate {text!r} holds something that is no number; {example}") from error


def _fraction(text: str) -> float:
    """A number, or one in percent.

    >>> _fraction("0.9"), _fraction("90 %"), _fraction("0.1%")
    (0.9, 0.9, 0.001)
    """
    if text.endswith("%"):
        return float(Decimal(text[:-1].strip()) / 100)
    return float(text)


def check_direction(text: str, metric: str, at_least: bool) -> None:
    """Refuse a condition that a worse model passes more easily.

    Args:
        text: the gate as it was written.
        metric: its figure.
        at_least: whether the figure is to be at least the bound.

    Raises:
        BadGate: it rewards harm.
    """
    if at_least == (metric not in HARMFUL):
        return
    sign, meant_sign = (">=", "<=") if at_least else ("<=", ">=")
    raise BadGate(
        f"gate {text!r} rewards harm: the worse the model, the sooner it passes; for {metric} "
        f"write {meant_sign} instead of {sign}"
    )

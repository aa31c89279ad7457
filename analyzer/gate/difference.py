"""Conditions on a difference: a model may be so much worse than the reference, and no more."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from analyzer.did_you_mean import meant
from analyzer.errors import BadGate
from analyzer.evaluation.metrics import labelled_names
from analyzer.evaluation.pixel_figures import CLASS_IOU
from analyzer.faults.rates import show_rate
from analyzer.gate.condition import (
    CRITICAL_METRIC,
    OUTCOME_METRICS,
    WARN,
    Condition,
    Level,
    Verdict,
    check_direction,
    metric_named,
    names_metric,
    parse_gate,
)
from analyzer.gate.map_condition import MapCondition
from analyzer.stats.intervals import Interval

_FORM = re.compile(
    r"\s*(?:(warn|error)\s*:)?\s*([a-z0-9_]+)\s*(>=|<=)\s*A\s*(?:([+-])\s*([0-9.e-]+\s*%?))?"
    r"\s*@\s*([0-9.e+-]+)\s*",
    re.IGNORECASE,
)
EXAMPLE = "write it like 'top1 >= A - 0.01 @ 1e-6', where A is the reference"


@dataclass(frozen=True, slots=True)
class DifferenceCondition:
    """One requirement: ``metric >= A - margin @ rate``, of the figure minus the reference's.

    Attributes:
        metric: The figure.
        at_least: True if the difference is to be at least the bound; else at most.
        bound: Of the difference, within [-1, 1].
        rate: Bit error rate.
        level: Error or warning.
    """

    metric: str
    at_least: bool
    bound: float
    rate: float
    level: Level = Level.ERROR

    def __str__(self) -> str:
        """The form in which it is written."""
        sign = ">=" if self.at_least else "<="
        margin = repr(abs(self.bound)).removesuffix(".0")
        offset = f" {'-' if self.bound < 0 else '+'} {margin}" if self.bound else ""
        warn = WARN if self.level is Level.WARNING else ""
        return f"{warn}{self.metric} {sign} A{offset} @ {show_rate(self.rate)}"

    @property
    def id(self) -> str:
        """Its form, without the level."""
        return str(self).removeprefix(WARN)

    def judge(self, interval: Interval | None) -> Verdict:
        """Pass if the whole interval of the difference meets the bound, fail if all of it misses.

        >>> DifferenceCondition("top1", True, -0.01, 1e-6).judge(Interval(0.0, -0.005, 0.004)).value
        'pass'
        """
        return Condition(self.metric, self.at_least, self.bound, self.rate).judge(interval)


MOST_NAMED = 12
"""Figures that a refusal names."""

AnyCondition = Condition | DifferenceCondition


def parse_comparison_gate(text: str) -> AnyCondition:
    """Read a condition on a difference from the reference ``A``, or on a model's own figure.

    Raises:
        BadGate: it cannot be read, or rewards harm.

    >>> str(parse_comparison_gate("TOP1 >= a-1% @ 1e-6"))
    'top1 >= A - 0.01 @ 1e-6'
    >>> str(parse_comparison_gate("sdc <= 0.1 @ 1e-6"))
    'sdc <= 0.1 @ 1e-6'
    """
    match = _FORM.fullmatch(text)
    if not match:
        if re.search(r"[<>]=?\s*A\b", text):
            raise BadGate(f"gate {text!r} cannot be read; {EXAMPLE}")
        return parse_gate(text)
    word, name, sign, plus, margin, rate_text = match.groups()
    metric = metric_named(text, name)
    if metric in ("masked", CRITICAL_METRIC):
        raise BadGate(f"gate {text!r}: differences are known of the metric, sdc and due alone")
    try:
        bound = Decimal((margin or "0").rstrip("% ")) / (100 if "%" in (margin or "") else 1)
        rate = float(rate_text)
    except (ValueError, ArithmeticError) as error:
        raise BadGate(f"gate {text!r} holds something that is no number; {EXAMPLE}") from error
    if not 0 <= bound <= 1:
        raise BadGate(f"gate {text!r}: the margin is a fraction from 0 to 1, one point is 0.01")
    if not 0.0 < rate < 1.0:
        raise BadGate(f"gate {text!r}: the rate after @ is a bit error rate above 0 and below 1")
    check_direction(text, metric, sign == ">=")
    level = Level.WARNING if (word or "").lower() == "warn" else Level.ERROR
    signed = -float(bound) if plus == "-" else float(bound)
    return DifferenceCondition(metric, sign == ">=", signed or 0.0, rate, level)


def check_metrics(
    conditions: Sequence[AnyCondition | MapCondition],
    metric: str,
    *,
    critical: bool = False,
    further: Collection[str] = (),
) -> None:
    """Refuse conditions on a metric that the campaign does not measure.

    Args:
        conditions: of the gate.
        metric: name of the campaign's metric.
        critical: whether the campaign tells critical confusions of classes from others.
        further: names of figures that it has besides.

    Raises:
        BadGate: a condition is on another one.
    """
    labelled = " and ".join(labelled_names())
    for condition in conditions:
        if condition.metric == CRITICAL_METRIC and not critical:
            raise BadGate(
                f"gate {str(condition)!r} asks for critical silent corruption, and nothing says "
                "which confusions of classes are critical; give a table of them by --severity"
            )
        if not names_metric(condition.metric) and condition.metric not in further:
            raise BadGate(f"gate {str(condition)!r} {_without_pixels(condition.metric, further)}")
        if condition.metric not in (metric, *OUTCOME_METRICS, *further):
            raise BadGate(
                f"gate {str(condition)!r} asks for {condition.metric}, but this campaign measures "
                f"{metric} (choose by --metric; {labelled} need labelled data)"
            )


def _without_pixels(metric: str, further: Collection[str]) -> str:
    """The second half of a refusal of a figure of single pixels."""
    known = [name for name in further if name.startswith(CLASS_IOU)]
    if known and metric.startswith(CLASS_IOU):
        shown = ", ".join(known[:MOST_NAMED]) + ", ..." * (len(known) > MOST_NAMED)
        near = "" if metric.removeprefix(CLASS_IOU).isdigit() else meant(metric, known)
        return f"asks for a class that no label shows{near}; there are {shown}"
    needs = " with masks as labels" if metric.startswith(CLASS_IOU) else ""
    return (
        f"asks for {metric}, which relcheck run has of models that give a class to each "
        f"pixel{needs}"
    )

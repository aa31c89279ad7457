"""A difference between two reports in sentences: the result first."""

from collections.abc import Iterator

from analyzer.faults.rates import show_rate
from analyzer.gate.condition import HARMFUL
from analyzer.reports.diff.record import DiffConditionPart, Difference, DiffFigurePart
from analyzer.reports.shared.number_format import METRIC_NAMES, outcome_name, percent
from analyzer.reports.shared.signed_numbers import signed, signed_bounds

LISTED = 3
"""Figures that the result names."""


def figure_name(metric: str) -> str:
    """The name of a figure, as tables have it."""
    return outcome_name(metric) if metric in HARMFUL else METRIC_NAMES[metric]


def place(figure: DiffFigurePart) -> str:
    """The place of a figure: a bit error rate, or a part of the memory."""
    if figure.rate is not None:
        return show_rate(figure.rate)
    return figure.tensor or "whole memory"


def harm(figure: DiffFigurePart) -> float:
    """By how much more harm the new model may show, at most; below 0 where it shows less."""
    assert figure.difference is not None, "there is an interval"
    return figure.difference.high if figure.metric in HARMFUL else -figure.difference.low


def headline(found: Difference) -> str:
    """The result in a sentence or two."""
    if found.old is None:
        return "Nothing is compared: this is the first run, which becomes the baseline of the next."
    worse = [figure for figure in found.figures if figure.result == "worse"]
    if worse:
        return f"The new model is significantly worse: {_listed(worse)}."
    known = [figure for figure in found.figures if figure.difference is not None]
    if not known:
        return "Nothing can be said: neither figure has an estimate in both reports."
    most = max(known, key=harm)
    better = [figure for figure in found.figures if figure.result == "better"]
    rest = f" It is better: {_listed(better)}." if better else ""
    beyond = f" by more than {percent(found.tolerance)} points" if found.tolerance else ""
    return (
        f"No figure is provably worse{beyond}, of {len(known)}.{rest} Harm of up to "
        f"{percent(max(0.0, harm(most)))} points ({figure_name(most.metric)} at {place(most)}) is "
        "not excluded."
    )


def _listed(figures: list[DiffFigurePart]) -> str:
    named = [
        f"{figure_name(figure.metric)} at {place(figure)} by {signed(figure.difference.estimate)} "
        f"points ({signed_bounds(figure.difference)})"
        for figure in sorted(figures, key=_size, reverse=True)[:LISTED]
        if figure.difference is not None
    ]
    more = len(figures) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def _size(figure: DiffFigurePart) -> float:
    return abs(figure.difference.estimate) if figure.difference else 0.0


def fault_free(found: Difference) -> str:
    """The exact fault-free figures of both, in a sentence; empty without labels."""
    old, new = found.old, found.new
    if old is None or old.golden is None or new.golden is None or old.metric != new.metric:
        return ""
    assert new.metric is not None, "a fault-free figure has a metric"
    return (
        f"Fault-free {METRIC_NAMES[new.metric]}: {percent(old.golden, 2)} % before, "
        f"{percent(new.golden, 2)} % now ({signed(new.golden - old.golden)} points, exact); it is "
        "part of every difference of the metric."
    )


def notes(found: Difference) -> Iterator[str]:
    """Sentences below the table."""
    together, each = 100 * found.together, 100 * found.each
    if found.old is not None:
        yield (
            f"Difference: new minus old, in points. The intervals of all {len(found.figures)} "
            f"differences hold together with {together:g} % (each with {each:.4g} %)."
        )
    if found.tolerance:
        yield f"Differences up to {percent(found.tolerance)} points are neither worse nor better."
    if any(figure.result == "unknown" for figure in found.figures) and found.old is not None:
        yield "– no estimate in one of the reports: too few trials for that rate or part."
    if found.gate is not None:
        count = len(found.gate.conditions)
        those = "its condition alone" if count == 1 else f"its {count} conditions together"
        yield (
            f"The gate is judged by intervals of {those} (each with {100 * found.gate.each:.4g} "
            "%), and not by the table."
        )


def why_open(part: DiffConditionPart) -> str:
    """A sentence on what would decide an undecided condition; nothing for a decided one."""
    if part.verdict != "undecided":
        return ""
    if part.evidence is None:
        return "Undecided: there is no estimate in both reports."
    if part.more_trials is None:
        return "Undecided: the figure is too near its bound to say what would decide."
    likewise = ", and as many more of the old one in proportion," if part.relative else ""
    return (
        f"Undecided: about {part.more_trials:,} more trials of the new run{likewise} would decide "
        "(a smaller --precision, a larger --budget)."
    )

"""Repetitions of a published protocol beside the figures of the tool: record and words."""

from analyzer.faults.rates import show_rate
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.records import Count, Fraction, IntervalPart, ReportRecord
from analyzer.reports.shared.terminal_text import columns, table_row, wrapped


class RepeatedRatePart(ReportRecord):
    """One rate: the metric of each finished repetition, and the tool's own figure for their mean.

    ``mean``, ``low`` and ``high`` are absent before the first repetition is finished; ``low`` and
    ``high`` are the lowest and the highest repetition. ``error``: standard error of such a mean, as
    the trials of the sweep show how patterns vary; absent where they do not. ``cpu_seconds`` were
    spent here.
    """

    rate: float
    values: list[Fraction]
    mean: Fraction | None
    low: Fraction | None
    high: Fraction | None
    error: Fraction | None
    batches_run: Count
    cpu_seconds: float
    estimate: IntervalPart | None


class RepetitionsPart(ReportRecord):
    """A protocol, executed: ``differs`` says which of its settings were changed."""

    protocol: str
    source: str
    repetitions: Count
    batch: Count
    images: Count
    differs: list[str]
    rates: list[RepeatedRatePart]


ENDS = (6, 15, 33, 45, 60, 80)
"""Last character of each column of the table."""


def repetition_lines(part: RepetitionsPart | None, metric: str) -> list[str]:
    """The table of the repetitions, and what it is; nothing without a protocol.

    Args:
        part: of the record.
        metric: its name in text.
    """
    if part is None:
        return []
    told = ["", said(part), *(f"Not as the protocol has it: {text}." for text in part.differs)]
    head = ["rate", f"{metric} %", "low to high", "± error", "estimate %", "interval"]
    lines = [*wrapped(told), table_row(head, ENDS), "─" * min(ENDS[-1], columns())]
    return [*lines, *(table_row(cells(row), ENDS) for row in part.rates), *wrapped(after(part))]


def said(part: RepetitionsPart) -> str:
    """The sentence that says what was repeated."""
    return (
        f"Protocol {part.protocol}: mean of {part.repetitions} repetitions of all "
        f"{part.images:,} images, in batches of {part.batch}, new faults in each batch; beside it "
        "the estimate of relcheck for the same quantity."
    )


def cells(row: RepeatedRatePart) -> list[str]:
    """The texts of one rate."""
    mean, spread = figures.UNKNOWN, ""
    if row.mean is not None and row.low is not None and row.high is not None:
        mean = figures.percent(row.mean)
        spread = f"{figures.percent(row.low)} to {figures.percent(row.high)}"
    own = figures.estimate(row.estimate)
    error = figures.UNKNOWN if row.error is None else figures.percent(row.error)
    return [show_rate(row.rate), mean, spread, error, own, figures.bounds(row.estimate)]


def after(part: RepetitionsPart) -> list[str]:
    """Sentences on what the figures say of one another."""
    lines = []
    compared = [row for row in part.rates if row.mean is not None and row.estimate is not None]
    if compared:
        outside = [show_rate(row.rate) for row in compared if not _agree(row)]
        but = f", but at {', '.join(outside)}" if outside else ""
        lines.append(
            "Mean and estimate agree within twice the error of the mean and the interval of the "
            f"estimate{but}. The error is that of a mean of {part.repetitions} repetitions, by how "
            "much patterns vary."
        )
    if short := [row for row in part.rates if len(row.values) < part.repetitions]:
        lines.append(
            f"The budget ended before all repetitions were finished at {len(short)} rates; means "
            "are those of the finished ones."
        )
    return lines


def _agree(row: RepeatedRatePart) -> bool:
    """True if mean and estimate differ by no more than both allow."""
    if row.mean is None or row.estimate is None:
        return False
    slack = 2.0 * (row.error or 0.0)
    return row.estimate.low - slack <= row.mean <= row.estimate.high + slack

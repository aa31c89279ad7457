"""Words and numbers that all forms of the log-odds report share."""

from collections.abc import Iterator

from analyzer.reports.log_odds.record import EffectPart, LogOddsReport, MeanLogOddsPart
from analyzer.reports.shared import number_format as figures

ASSUMPTIONS = (
    "Log-odds are log(p / (1 - p)) of the fault-free figure p, natural logarithm; no fault is "
    "injected here.",
    "The effects of method and data set are taken to add up on this scale. The error of a mean is "
    "that over data sets once the mean of each data set over methods is taken away, multiplied by "
    "the root of M / (M - 1) for M methods.",
    "The change from one variant to another is taken data set by data set, so that the difficulty "
    "of the data sets cancels; its error is that of the mean over data sets.",
    "Intervals are Student's, over data sets as if these were a sample of all that there could be. "
    "Several models of one cell are averaged; their spread is not part of the intervals.",
)


def headline(found: LogOddsReport) -> str:
    """The first sentence."""
    metric = figures.METRIC_NAMES[found.metric]
    counts = (
        (len(found.methods), "method"),
        (len(found.datasets), "data set"),
        (len(found.variants), "variant"),
    )
    told = ", ".join(f"{count} {name}{'s' * (count > 1)}" for count, name in counts)
    models = sum(len(cell.models) for cell in found.cells)
    return f"Log-odds of {metric} without faults: {told}, {models} models"


def number(value: float | None) -> str:
    """A log-odds value with two decimals and its sign where it is negative.

    >>> number(1.234), number(None), number(-0.001)
    ('1.23', '–', '0.00')
    """
    if value is None:
        return figures.UNKNOWN
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def change(value: float | None) -> str:
    """A change of log-odds with its sign.

    >>> change(0.5), change(-0.25), change(0.001)
    ('+0.50', '-0.25', '0.00')
    """
    text = number(value)
    return text if value is None or value < 0.0 or text == "0.00" else f"+{text}"


def span(part: MeanLogOddsPart | EffectPart) -> str:
    """The interval; nothing where there is none."""
    if part.low is None or part.high is None:
        return ""
    shown = change if isinstance(part, EffectPart) else number
    return f"{shown(part.low)} to {shown(part.high)}"


def notes(found: LogOddsReport) -> Iterator[str]:
    """Sentences that a reader must know about the figures."""
    if len(found.datasets) < 2:
        yield "One data set shows no spread over data sets: there are no errors and no intervals."
    elif len(found.methods) < 2:
        yield (
            "One method leaves no difficulty of the data sets to take away: means have no errors; "
            "changes between variants have."
        )
    if halves := [m.model for cell in found.cells for m in cell.models if m.half_added]:
        yield (
            f"All or none of the images are right in {len(halves)} of the models ({halves[0]}): "
            "half an image was added to the right and to the wrong ones, as log-odds would be "
            "infinite."
        )
    if found.line:
        yield (
            f"Line through the means of {found.variants[0]} over x: slope "
            f"{found.line.slope:.3g}, intercept {found.line.intercept:.3g}, R² "
            f"{found.line.explained:.2f}."
        )
    elif found.places:
        yield "A line needs three methods with different x: none is drawn."
    remarks = {
        f"{cell.method}, {cell.dataset}, {cell.variant}: {text}"
        for cell in found.cells
        for model in cell.models
        for text in model.remarks
    }
    yield from sorted(remarks)

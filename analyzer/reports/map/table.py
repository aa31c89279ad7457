"""The vulnerability map as a table for other programs: one CSV line per tensor."""

import csv
import io

from analyzer.reports.map.record import LossPart, MapReport, TensorPart
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.terminal_text import one_line

HEADS = (
    *("tensor", "kind", "dtype", "bits", "trials", "leveugle", "exhaustive", "stop"),
    *("sdc", "sdc_low", "sdc_high", "due", "due_low", "due_high"),
    *("loss", "loss_low", "loss_high", "sdc_share"),
)
CRITICAL_HEADS = ("critical_sdc", "critical_sdc_low", "critical_sdc_high")
"""Further columns of a map with a table of critical confusions."""


def to_csv(report: MapReport) -> str:
    """One line per tensor, in the order of the file; fractions, not per cent."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(heads(report))
    writer.writerows([_inert(one_line(t.name)), *cells(report, t)[1:]] for t in report.tensors)
    return stream.getvalue()


def heads(report: MapReport) -> tuple[str, ...]:
    """Names of the columns."""
    return (*HEADS, *CRITICAL_HEADS) if report.severity else HEADS


def cells(report: MapReport, tensor: TensorPart) -> list[str | int | float | None]:
    """The values of one tensor, in the order of `heads`; None without an estimate.

    Args:
        report: the map.
        tensor: of the map.
    """
    numbers = _figures(tensor.sdc, tensor.due, tensor.loss)
    critical = _figures(tensor.critical_sdc) if report.severity else []
    facts = (tensor.kind, tensor.dtype, tensor.bits, tensor.trials, tensor.leveugle)
    flags = (int(tensor.exhaustive), tensor.stop)
    return [tensor.name, *facts, *flags, *numbers, tensor.sdc_share, *critical]


def _figures(*parts: IntervalPart | LossPart | None) -> list[float | None]:
    """The figures with their limits, three columns each."""
    return [x for p in parts for x in ((p.estimate, p.low, p.high) if p else (None,) * 3)]


def _inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name

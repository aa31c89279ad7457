"""The vulnerability map as a table for other programs: one CSV line per tensor."""

import csv
import io

from analyzer.reports.map.record import MapReport, TensorPart
from analyzer.reports.shared.terminal_text import one_line

HEADS = (
    *("tensor", "kind", "dtype", "bits", "trials", "leveugle", "exhaustive", "stop"),
    *("sdc", "sdc_low", "sdc_high", "due", "due_low", "due_high"),
    *("loss", "loss_low", "loss_high", "sdc_share"),
)


def to_csv(report: MapReport) -> str:
    """One line per tensor, in the order of the file; fractions, not per cent."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(HEADS)
    writer.writerows([_inert(one_line(t.name)), *cells(t)[1:]] for t in report.tensors)
    return stream.getvalue()


def cells(tensor: TensorPart) -> list[str | int | float | None]:
    """The values of one tensor, in the order of `HEADS`; None without an estimate."""
    parts = (tensor.sdc, tensor.due, tensor.loss)
    numbers = [x for p in parts for x in ((p.estimate, p.low, p.high) if p else (None,) * 3)]
    facts = (tensor.kind, tensor.dtype, tensor.bits, tensor.trials, tensor.leveugle)
    flags = (int(tensor.exhaustive), tensor.stop)
    return [tensor.name, *facts, *flags, *numbers, tensor.sdc_share]


def _inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return f"'{name}" if name[:1] in ("=", "+", "-", "@") else name

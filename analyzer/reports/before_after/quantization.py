"""The report of `relcheck quantize`: the kernels that run, accuracy, latency and size."""

import json
import textwrap
from typing import Literal

from analyzer.reports.before_after.record import (
    BeforeAfterPart,
    ReportRecord,
    before_after_lines,
    title_line,
)
from analyzer.reports.shared.terminal_text import one_line


class QuantizationReport(ReportRecord):
    """Everything that one quantization did."""

    format: Literal["1.0"] = "1.0"
    calibration: str
    ranges: str
    weights: str
    integer: dict[str, int]
    other: dict[str, int]
    bounds: int
    twins: BeforeAfterPart

    def to_json(self) -> str:
        """The JSON report."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"


def quantization_text(report: QuantizationReport) -> str:
    """The report in 80 columns."""
    lines = [
        title_line(report.twins),
        *_wrapped(
            f"int8 QDQ, weights {report.weights}, activations uint8, ranges {report.ranges} from "
            f"{report.calibration}"
        ),
        *_kernels("integer kernels", report.integer),
        *_kernels("others", report.other),
        *([f"bounds on integer codes: {report.bounds}"] if report.bounds else []),
        "",
        *before_after_lines(report.twins),
    ]
    return "\n".join(map(one_line, lines)) + "\n"


def _kernels(label: str, counts: dict[str, int]) -> list[str]:
    listed = ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
    return _wrapped(f"{label}: {listed}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 78, subsequent_indent="  ")

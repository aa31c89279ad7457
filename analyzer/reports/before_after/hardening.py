"""The report of `relcheck harden`: the bounded activations, and the cost of bounding them."""

import json
import textwrap
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from analyzer.reports.before_after.record import (
    BeforeAfterPart,
    ReportRecord,
    before_after_lines,
    title_line,
)
from analyzer.reports.before_after.threshold_search import SearchPart, search_lines
from analyzer.reports.shared.terminal_text import one_line

NAME_WIDTH = 42
KIND_WIDTH = 24
CHANGED_KIND_WIDTH, CHANGE_WIDTH = 18, 20
LISTED = 3
"""Names shown of the activations that share a reason."""


class BoundPart(ReportRecord):
    """One bounded activation."""

    value: str
    kind: str
    side: Literal["one-sided", "two-sided"]
    low: float | None
    high: float


class ExclusionPart(ReportRecord):
    """One activation that has no bound, and the reason."""

    value: str
    kind: str
    reason: str


class ChangePart(ReportRecord):
    """One place that was changed otherwise than by a bound."""

    value: str
    kind: str
    change: str


class HardeningReport(ReportRecord):
    """Everything that one hardening did."""

    format: Literal["1.0"] = "1.0"
    method: str
    calibration: str
    sites: tuple[BoundPart, ...]
    not_applied: tuple[ExclusionPart, ...]
    twins: BeforeAfterPart
    compared: int = Field(description="images whose outputs were compared number for number")
    equal: int = Field(description="those whose outputs are equal, by unoptimized kernels")
    search: SearchPart | None = None
    changes: tuple[ChangePart, ...] = ()

    def to_json(self) -> str:
        """The JSON report; ``changes`` stands there only if there are any."""
        unused = set() if self.changes else {"changes"}
        return json.dumps(self.model_dump(mode="json", exclude=unused), indent=1) + "\n"


def hardening_text(report: HardeningReport) -> str:
    """The report in 80 columns."""
    lines = [
        title_line(report.twins),
        *(_changes(report) if report.changes else _bounds(report)),
        *_left(report.not_applied, "Not changed:" if report.changes else "Not bounded:"),
        *_search(report),
        "",
        *before_after_lines(report.twins),
        f"Same outputs as the original, by unoptimized kernels: {report.equal:,} of the first "
        f"{report.compared:,}.",
    ]
    return "\n".join(map(one_line, lines)) + "\n"


def _bounds(report: HardeningReport) -> list[str]:
    count = len(report.sites)
    return [
        *textwrap.wrap(
            f"method {report.method}, {count} activation{'s' * (count != 1)} bounded, "
            f"bounds from {report.calibration}",
            80,
        ),
        "",
        f"{'activation':<{NAME_WIDTH}}{'kind':<{KIND_WIDTH}}{'bound':>14}",
        "─" * 80,
        *(_site(site) for site in report.sites),
    ]


def _changes(report: HardeningReport) -> list[str]:
    count = len(report.changes)
    return [
        *textwrap.wrap(
            f"method {report.method}, {count} place{'s' * (count != 1)} changed, "
            f"from {report.calibration}",
            80,
        ),
        "",
        f"{'place':<{NAME_WIDTH}}{'kind':<{CHANGED_KIND_WIDTH}}change",
        "─" * 80,
        *(_change(part) for part in report.changes),
    ]


def _change(part: ChangePart) -> str:
    head = f"{_clip(part.value, NAME_WIDTH)}{_clip(part.kind, CHANGED_KIND_WIDTH)}"
    return f"{head}{part.change[:CHANGE_WIDTH]}"


def _search(report: HardeningReport) -> list[str]:
    part = report.search
    return [] if part is None else ["", *search_lines(part, len(report.sites))]


def _site(site: BoundPart) -> str:
    bound = f"≤ {site.high:.4g}" if site.low is None else f"{site.low:.3g} … {site.high:.3g}"
    return f"{_clip(site.value, NAME_WIDTH)}{_clip(site.kind, KIND_WIDTH)}{bound:>14}"


def _clip(text: str, width: int) -> str:
    shown = text if len(text) < width else f"…{text[-(width - 2) :]}"
    return f"{shown:<{width}}"


def _left(parts: Iterable[ExclusionPart], title: str) -> list[str]:
    reasons: dict[str, list[ExclusionPart]] = {}
    for part in parts:
        reasons.setdefault(part.reason, []).append(part)
    lines = ["", title] if reasons else []
    for reason, found in reasons.items():
        lines += textwrap.wrap(
            f"{len(found)}: {reason}", 78, initial_indent="  ", subsequent_indent=" " * 5
        )
        names = ", ".join(f"{p.kind} {_short(p.value)}" for p in found[:LISTED])
        lines.append(f"     {names[:70]}" + (", …" if len(found) > LISTED else ""))
    return lines


def _short(name: str) -> str:
    return name if len(name) <= 30 else f"…{name[-29:]}"

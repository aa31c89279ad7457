"""The report of the threshold search of `relcheck harden --method clipact`."""

import textwrap

from pydantic import Field

from analyzer.faults.rates import show_rate
from analyzer.reports.before_after.record import ReportRecord
from analyzer.reports.shared.number_format import METRIC_NAMES

NAME_WIDTH = 33


class SiteSearchPart(ReportRecord):
    """The search at one activation."""

    value: str
    bits: int = Field(description="of the layer in which faults were injected")
    patterns: int = Field(description="fault patterns by which it was scored")
    share: float = Field(description="of the maximum that the bound is at")
    area: float | None = Field(description="area under the metric over log rate, fraction")
    area_at_maximum: float | None = Field(description="the same with the bound at the maximum")
    deviation: float | None = Field(description="standard error of their difference")
    points: int = Field(description="thresholds that were looked at")
    complete: int = Field(description="those scored to the end; others were worse for certain")
    end: str = Field(description="why the search ended")


class SearchPart(ReportRecord):
    """The whole search."""

    metric: str
    rates: tuple[float, ...]
    encoding: str
    iterations: int
    patterns: int
    seed: int
    optimized: bool = Field(description="run on the graph as ONNX Runtime optimizes it")
    left_out: tuple[str, ...] = Field(description="tensors in which no fault could be injected")
    finished: bool
    sites: tuple[SiteSearchPart, ...]


def search_lines(part: SearchPart, count: int) -> list[str]:
    """The search in 80 columns.

    Args:
        part: the search.
        count: activations of the model that are bounded, 0 or more.
    """
    rates = f"{show_rate(min(part.rates))} to {show_rate(max(part.rates))}"
    lines = [
        f"Searched: area under {METRIC_NAMES[part.metric]} over rates {rates}, "
        "faults in the layer alone",
        f"{'activation':<{NAME_WIDTH}}{'of max':>7}{'at max %':>10}{'here %':>10}"
        f"{'gain pt':>9}{'± 1 se':>8}",
        "─" * 80,
        *(_site(site) for site in part.sites),
    ]
    if part.metric == "agreement":
        lines += textwrap.wrap(
            "No labels: right is what the model without bounds answers without faults.", 80
        )
    if part.left_out:
        names = ", ".join(part.left_out[:3]) + (", …" if len(part.left_out) > 3 else "")
        lines += textwrap.wrap(
            f"No faults in {len(part.left_out)} tensors that ONNX Runtime reads only when it loads "
            f"a model: {names}",
            80,
        )
    if not part.finished:
        lines += textwrap.wrap(
            f"The budget is spent: {count - len(part.sites)} of {count} bounds stand at the "
            "maximum. The same command with a larger --budget goes on.",
            80,
        )
    return lines


def _site(site: SiteSearchPart) -> str:
    width = NAME_WIDTH - 1
    name = site.value if len(site.value) <= width else f"…{site.value[-(width - 1) :]}"
    head = f"{name:<{NAME_WIDTH}}{site.share:>7.3f}"
    if site.area is None or site.area_at_maximum is None or site.deviation is None:
        return f"{head}  {site.end}"
    gain = site.area - site.area_at_maximum
    return (
        f"{head}{100 * site.area_at_maximum:>10.3f}{100 * site.area:>10.3f}"
        f"{100 * gain:>+9.3f}{100 * site.deviation:>8.3f}"
    )

"""Classes, worst events and vulnerable parts of a target's memory, in sentences."""

from collections.abc import Iterator

from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.classes import class_sentences
from analyzer.reports.shared.trials import harm
from analyzer.reports.target.record import TargetReport
from analyzer.reports.target.trials import EventTrialPart
from analyzer.reports.target.vulnerability import (
    VulnerabilityPart,
    VulnerableBitPart,
    VulnerablePart,
    VulnerableTensorPart,
)

MOST_BITS = 12
"""Bit positions that a page lists; the JSON report has all."""


def part_sentences(report: TargetReport) -> Iterator[str]:
    """The worst class, the worst event, and the parts that corrupt most per bit of storage."""
    if report.by_class is not None:
        yield " ".join(class_sentences(report.by_class))
    elif report.by_class_missing:
        yield f"No figures by class: {report.by_class_missing}"
    if report.worst:
        yield f"Worst event: {event_said(report.worst[0])}; relcheck replay REPORT.json --trial 1"
    if said := vulnerable_said(report.vulnerability):
        yield said


def event_said(trial: EventTrialPart) -> str:
    """An event and what it did, e.g. ``3 SDC of 4 images by flip in SRAM``."""
    return f"{harm(trial)} by {trial.event} in {trial.region}"


def bit_name(part: VulnerableBitPart) -> str:
    """A bit position as people read it.

    >>> from analyzer.reports.shared.records import IntervalPart
    >>> share = IntervalPart(estimate=0.5, low=0.4, high=0.6)
    >>> some = {"bits": 1, "events": 0.1, "trials": 9, "sdc": share, "due": None}
    >>> bit = {"dtype": "float32", "encoding": "stored", "bit": 30, "field": "exponent"}
    >>> bit_name(VulnerableBitPart(**some, **bit, sdc_share=None))
    'bit 30 of float32 (exponent)'
    """
    encoded = "" if part.encoding == "stored" else f" as {part.encoding}"
    return f"bit {part.bit} of {part.dtype}{encoded} ({part.field})"


def vulnerable_said(part: VulnerabilityPart | None) -> str:
    """The bit position and the tensor that carry more silent corruption than their share of events.

    Empty where no silent corruption was seen.
    """
    if part is None or not any(_harmed(one) for one in (*part.bits, *part.tensors)):
        return ""
    bit = next((one for one in part.bits if _stands_out(one)), None)
    tensor = next((one for one in part.tensors if _stands_out(one)), None)
    found = [f"{bit_name(bit)}, {_weight(bit)}"] if bit else []
    found += [f"{tensor.name}, {_weight(tensor)}"] if tensor else []
    if not found:
        return (
            "No bit position and no tensor demonstrably carries more of the silent corruption than "
            "its share of the events."
        )
    alone = "" if tensor or len(part.tensors) < 2 else ". No tensor demonstrably exceeds its share"
    return f"Most silent corruption per bit of storage: {'; '.join(found)}{alone}."


def _harmed(part: VulnerablePart) -> bool:
    return part.sdc_share is not None and part.sdc_share.estimate > 0.0


def _stands_out(part: VulnerablePart) -> bool:
    """True if a part carries more of the silent corruption than of the events, beyond chance."""
    return part.sdc_share is not None and part.events < part.sdc_share.low


def _weight(part: VulnerablePart) -> str:
    share = part.sdc_share
    if share is None:
        return f"{figures.percent(part.events)} % of the events"
    ends = "exact" if share.low == share.high else f"{figures.bounds(share)} %"
    return (
        f"{figures.percent(part.events)} % of the events and "
        f"{figures.percent(share.estimate)} % of the silent corruption ({ends})"
    )


def first_tensors(report: TargetReport) -> list[VulnerableTensorPart]:
    """The tensors that a page lists singly."""
    part = report.vulnerability
    return part.tensors[: part.listed] if part else []


def first_bits(report: TargetReport) -> list[VulnerableBitPart]:
    """The bit positions that a page lists."""
    return report.vulnerability.bits[:MOST_BITS] if report.vulnerability else []

"""The memories of a target, as parts of its report: contents, rates, events, outcomes."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.records import (
    Count,
    CrashPart,
    Fraction,
    IntervalPart,
    Name,
    ProtectionPart,
    ReportRecord,
)

Amount = Annotated[float, Field(ge=0.0)]
Signed = Annotated[float, Field(ge=-1.0, le=1.0)]
Standing = Literal["seen", "second-hand", "assumed", "measured"]
"""The worth of a figure: read in its source, quoted by others, supposed, or the user's own."""


class AmountPart(ReportRecord):
    """A figure that is no share, such as FIT, with its confidence interval."""

    estimate: Amount
    low: Amount
    high: Amount


class LossPart(ReportRecord):
    """Score lost, as a share of all images, with its interval; below 0 where it is gained."""

    estimate: Signed
    low: Signed
    high: Signed


class StoredTensorPart(ReportRecord):
    """One tensor in a region. ``bits``: those at risk, check bits not counted."""

    name: Name
    kind: str
    dtype: str
    shape: list[int]
    bits: Count


class OutOfScopePart(ReportRecord):
    """Stored tensors that no event hits here, by reason; figures do not speak of them."""

    reason: str
    tensors: Count
    bits: Count


class RawRatePart(ReportRecord):
    """The raw rate of a memory, where the flux factor is 1, and where it comes from."""

    fit_per_mbit: Amount
    source: Name
    standing: Standing
    confidence: str
    date: str


class ExposurePart(ReportRecord):
    """Events that a memory meets between two refreshes.

    ``events_per_window`` is their mean number. ``neglected_share``: of the windows with an event,
    the share that holds several. Where it is above ``neglected_limit`` the regime is ``several
    events``: then a sweep at the bit error rates ``ber_mean`` (at a moment drawn uniformly from the
    window) and ``ber_worst`` (at its end) answers, and no figure rests on single events.
    """

    events_per_bit_hour: Amount
    events_per_hour: Amount
    events_per_window: Amount
    neglected_share: Fraction
    neglected_limit: Fraction
    regime: Literal["one event", "several events"]
    ber_mean: Fraction
    ber_worst: Fraction


class OutcomesPart(ReportRecord):
    """Outcomes of one image, as probabilities; the first four sum to 1.

    ``corrected``: every upset was corrected by the memory. ``masked``: the image's decision stays
    as it was though an upset was read. ``due``: a detected unrecoverable error, reported by the
    memory or seen in the answers. ``sdc``: silent data corruption. ``sdc_critical``: the part of it
    that a severity table calls critical; absent without a table. ``detected``: the memory found an
    error that it did not correct; it counts among the others as well. ``loss``: score lost.
    """

    corrected: IntervalPart
    masked: IntervalPart
    due: IntervalPart
    sdc: IntervalPart
    sdc_critical: IntervalPart | None = None
    detected: IntervalPart
    loss: LossPart


class FitPart(ReportRecord):
    """FIT of each outcome: the raw FIT times `OutcomesPart`, name by name."""

    raw: Amount
    corrected: AmountPart
    masked: AmountPart
    due: AmountPart
    sdc: AmountPart
    sdc_critical: AmountPart | None = None
    detected: AmountPart


class EventPatternPart(ReportRecord):
    """One kind of event of a memory: its share of all events, and what one of them does."""

    fault: str
    share: Fraction
    about: str
    trials: Count
    sdc: IntervalPart | None
    due: IntervalPart | None


class EventStratumPart(ReportRecord):
    """Events of one kind whose upsets move values about equally far.

    ``share``: of the region's events. ``exhaustive``: every event met every image. ``sdc`` and
    ``due`` are counts of images.
    """

    fault: str
    place: Literal[
        "severe",
        "severe, rising",
        "severe, falling",
        "large",
        "moderate",
        "slight",
        "protected",
        "check bits",
    ]
    share: Fraction
    sites: Count
    trials: Count
    images: Count
    sdc: Count
    due: Count
    exhaustive: bool


class BadStatePart(ReportRecord):
    """Harmful events that stay until the next refresh.

    ``entries_per_hour``: silent harmful events. ``mean_hours``: from such an event to the refresh.
    ``share_of_time`` is spent in the bad state; ``inferences_per_hour`` are spoiled.
    """

    entries_per_hour: AmountPart
    mean_hours: Amount
    share_of_time: AmountPart
    inferences_per_hour: AmountPart


class SweptRatePart(ReportRecord):
    """Outcomes at one bit error rate, in the regime of several events."""

    rate: Fraction
    moment: Literal["mean", "worst"]
    trials: Count
    images: Count
    expected_events: Amount
    metric: IntervalPart | None
    sdc: IntervalPart | None
    due: IntervalPart | None
    masked: IntervalPart | None
    stop: Literal["precision", "decided", "budget", "interrupted"]


class RegionPart(ReportRecord):
    """One memory: its contents, rates, protection, window, and what its events do.

    ``bits_at_risk`` has check bits. ``raw`` is absent where nobody has published a rate and the
    user gave none: then ``exposure``, ``fit`` and ``bad_state`` are absent too, and ``missing``
    says what is to be filled in. ``given_event``: outcomes given exactly one event anywhere in the
    region; absent while too little was tried, and in the regime of several events, where ``swept``
    has the rows instead.
    """

    name: Name
    tensors: list[StoredTensorPart]
    data_bits: Count
    check_bits: Count
    bits_at_risk: Count
    protection: ProtectionPart | None
    refresh: Literal["never", "start", "inference", "scrub"]
    window_hours: Amount
    raw: RawRatePart | None
    missing: str
    events: str
    patterns: list[EventPatternPart]
    exposure: ExposurePart | None
    trials: Count
    images: Count
    given_event: OutcomesPart | None
    swept: list[SweptRatePart]
    fit: FitPart | None
    bad_state: BadStatePart | None
    strata: list[EventStratumPart]
    crashes: list[CrashPart]

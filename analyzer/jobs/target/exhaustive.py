"""Every event on every image: refused where that cannot be done."""

from analyzer.errors import BadOption
from analyzer.jobs.target.prepare import PreparedTarget

MOST_PAIRS = 1_000_000_000
"""Pairs of event and image; at some 10 microseconds each, hours of CPU time."""


def check_exhaustive(prepared: PreparedTarget) -> None:
    """Refuse to enumerate events that meet others, or are too many.

    Args:
        prepared: the target and its regions.

    Raises:
        BadOption: a region is swept, or there are too many pairs of event and image.
    """
    for number in prepared.swept:
        name = prepared.target.region[number].name
        raise BadOption(
            f"--exhaustive takes every event once, and the region {name!r} meets several events "
            "between two refreshes: it is swept, with patterns of several events, which nobody can "
            "enumerate; leave the option out"
        )
    context = prepared.analysis.context
    events = context.patterns.events
    assert events is not None, "a prepared target has its events"
    sites = sum(stratum.sites for stratum in events.strata)
    images = int(context.golden.ends[-1])
    if sites * images > MOST_PAIRS:
        raise BadOption(
            f"--exhaustive would run each of {sites:,} events on each of {images:,} images, and at "
            f"most {MOST_PAIRS:,} such pairs are run; use fewer --images, --include fewer tensors, "
            "or leave the option out: intervals say how exact the figures are"
        )

"""The repetitions of a published protocol, as a part of a sweep's report."""

from collections.abc import Iterator, Sequence

import numpy as np

from analyzer.campaign.plan import Plan
from analyzer.campaign.repetitions import RepeatedRate, error_of_mean
from analyzer.campaign.result import CampaignResult, RateResult
from analyzer.faults.rates import parse_rates, show_rate
from analyzer.faults.selection import Selection
from analyzer.jobs.requests.protocols import Protocol
from analyzer.reports.shared.build import interval_part
from analyzer.reports.shared.repetitions import RepeatedRatePart, RepetitionsPart


def repetitions_part(
    protocol: Protocol,
    plan: Plan,
    result: CampaignResult,
    found: Sequence[RepeatedRate],
    sizes: Sequence[int],
) -> RepetitionsPart:
    """Repetitions beside the estimates of the sweep.

    Args:
        protocol: that was followed.
        plan: of the sweep.
        result: of the sweep.
        found: of the repetitions; empty: they have not begun.
        sizes: images of each batch.
    """
    own = {rate.rate: rate for rate in result.rates}
    return RepetitionsPart(
        protocol=protocol.name,
        source=protocol.source,
        repetitions=protocol.repetitions,
        batch=plan.batch,
        images=plan.images,
        differs=list(_differences(protocol, plan)),
        rates=[_rate(one, own.get(one.rate), sizes) for one in found],
    )


def _rate(one: RepeatedRate, own: RateResult | None, sizes: Sequence[int]) -> RepeatedRatePart:
    estimate, error = None, None
    if own is not None and own.estimate is not None and one.values:
        estimate = own.estimate.metric
        error = error_of_mean(own.strata, sizes, len(one.values))
    return RepeatedRatePart(
        rate=one.rate,
        values=list(one.values),
        mean=float(np.mean(one.values)) if one.values else None,
        low=min(one.values, default=None),
        high=max(one.values, default=None),
        error=error,
        batches_run=len(one.values) * len(sizes),
        cpu_seconds=round(one.cpu_seconds, 3),
        estimate=interval_part(estimate),
    )


def _differences(protocol: Protocol, plan: Plan) -> Iterator[str]:
    """Settings that are not those of the protocol, in words."""
    settings = protocol.settings
    wanted = parse_rates(settings["rates"])
    if plan.rates != wanted:
        yield f"bit error rates {', '.join(map(show_rate, plan.rates))}"
    if plan.encoding != settings["encoding"]:
        yield f"encoding {plan.encoding} instead of {settings['encoding']}"
    if plan.batch != min(settings["batch"], plan.images):
        yield f"batches of {plan.batch} instead of {settings['batch']}"
    if str(plan.fault) != "flip":
        yield f"fault {plan.fault} instead of flip"
    if plan.protection != "none":
        yield f"a memory protected by {plan.protection}"
    if plan.selection != Selection():
        yield "some tensors only"

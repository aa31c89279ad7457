"""From what was counted to the record of a report."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.activations.comparison import AnswersCompared
from analyzer.campaign.activations.result import Activations, Distribution, RateActivations
from analyzer.campaign.activations.site import Site
from analyzer.campaign.plan import Plan
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.reports.activations.record import (
    ActivationPart,
    ActivationsPlanPart,
    AnswersPart,
    DistributionPart,
    LeftPart,
    ModelActivationsPart,
    RateActivationsPart,
    ThresholdPart,
    number,
)
from analyzer.reports.comparison.build import label
from analyzer.reports.shared.build import ModelNotes, interval_part, model_part


@dataclass(frozen=True)
class ModelEntry:
    """One model, and all that was found about it.

    Attributes:
        model: The ONNX file.
        space: Its bits at risk.
        notes: On how it ran.
        plan: Its plan.
        found: Its activations.
        compared: Its answers beside those of the model as it is.
        left: Activations that could not be taken out: value, kind, reason.
    """

    model: Model
    space: FaultSpace
    notes: ModelNotes
    plan: Plan
    found: Activations
    compared: AnswersCompared
    left: Sequence[tuple[str, str, str]]


def plan_part(plan: Plan, data: Dataset, thresholds: str) -> ActivationsPlanPart:
    """The circumstances of a measurement.

    Args:
        plan: of the first model.
        data: the images.
        thresholds: name of the file of thresholds; empty: there is none.
    """
    return ActivationsPlanPart(
        rates=list(plan.rates),
        exposure=plan.exposure.value,
        encoding=plan.encoding,
        fault=str(plan.fault),
        seed=plan.seed,
        precision=plan.precision,
        confidence=plan.confidence,
        include=list(plan.selection.include),
        exclude=list(plan.selection.exclude),
        kinds=[kind.value for kind in plan.selection.kinds],
        thresholds=thresholds,
    )


def model_activations_part(entry: ModelEntry, place: int) -> ModelActivationsPart:
    """One model of the report.

    Args:
        entry: what was found.
        place: of the model in the report, from 0.
    """
    found, compared = entry.found, entry.compared
    return ModelActivationsPart(
        label=label(place),
        model=model_part(entry.model, entry.space, entry.notes),
        batch=entry.plan.batch,
        plan_id=entry.plan.id,
        paired=bool(entry.plan.paired),
        images=found.images,
        stop=None if found.stop is None else found.stop.value,  # type: ignore[arg-type]  # validated
        answers=AnswersPart(
            golden=compared.golden,
            faulty=compared.faulty,
            differing=compared.differing,
            largest=min(compared.largest, 1e300),
        ),
        sites=[_site(*pair) for pair in zip(found.sites, found.golden, strict=True)],
        left=[LeftPart(value=v, kind=kind, reason=reason) for v, kind, reason in entry.left],
        rates=[_rate(rate) for rate in found.rates],
    )


def _site(site: Site, golden: Distribution) -> ActivationPart:
    assert site.high is not None, "the run without faults gives every site a threshold"
    low = None if site.low is None else number(site.low)
    return ActivationPart(
        value=site.name,
        kind=site.kind,
        threshold=ThresholdPart(low=low, high=number(site.high), origin=site.origin.value),
        golden=_distribution(golden),
    )


def _rate(rate: RateActivations) -> RateActivationsPart:
    return RateActivationsPart(
        rate=rate.rate,
        p_faulty=rate.p_faulty,
        patterns=rate.patterns,
        failed=rate.failed,
        stop=rate.stop.value,  # type: ignore[arg-type]  # validated
        sites=[_distribution(found) for found in rate.sites],
    )


def _distribution(found: Distribution) -> DistributionPart:
    first, median, third = map(number, found.quartiles)
    beyond = interval_part(found.beyond)
    assert beyond is not None, "every distribution has a share beyond its threshold"
    return DistributionPart(
        numbers=found.numbers,
        mean=number(found.mean),
        first_quartile=first,
        median=median,
        third_quartile=third,
        minimum=number(found.minimum),
        maximum=number(found.maximum),
        zeros=found.zeros,
        nan=found.nan,
        infinite=found.infinite,
        beyond=beyond,
    )

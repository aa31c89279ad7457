"""Finished campaigns -> `Comparison`."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.comparison.difference import ComparedModel, ModelFindings, RateDifference
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.metrics import metric_named
from analyzer.model import Model
from analyzer.reports.comparison.record import (
    ComparedModelPart,
    ComparedRatePart,
    Comparison,
    CorrespondencePart,
    RateDifferencePart,
    SharedPlanPart,
)
from analyzer.reports.shared.assumptions import sweep_assumptions
from analyzer.reports.shared.build import (
    NO_NOTES,
    ModelNotes,
    data_part,
    interval_part,
    model_part,
    sweep_fields,
)
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.records import ProtectionPart, RunPart, ToolPart
from analyzer.reports.shared.severity import severity_part
from analyzer.reports.shared.signed_numbers import DifferencePart
from analyzer.stats.intervals import Interval


@dataclass(frozen=True, slots=True)
class ComparisonEntry:
    """One model of a comparison.

    Attributes:
        model: The ONNX file.
        compared: The campaign of the model.
        found: The figures of the model, and its differences from the reference.
        notes: On how it ran.
        protection: Of the memory; None: there is none.
    """

    model: Model
    compared: ComparedModel
    found: ModelFindings
    notes: ModelNotes = NO_NOTES
    protection: ProtectionPart | None = None


def build_comparison(
    entries: Sequence[ComparisonEntry], data: Dataset, tool: ToolPart, run: RunPart
) -> Comparison:
    """Put everything a reviewer needs into one record.

    Args:
        entries: the models, two or more; the first is the reference.
        data: the data set.
        tool: versions.
        run: times and host.
    """
    plan = entries[0].compared.context.plan
    judged = metric_named(plan.metric).needs_labels
    return Comparison(
        tool=tool,
        data=data_part(data),
        decision=decision_part(entries[0].compared.context.golden.judge.definition),
        plan=SharedPlanPart(**sweep_fields(plan)),
        metric=plan.metric if judged else None,
        severity=severity_part(entries[0].compared.context.golden.judge.definition.confusions),
        models=[_model(label(i), e, entries[0], judged) for i, e in enumerate(entries)],
        assumptions=[*sweep_assumptions(plan, data), *_on_pairs(entries)],
        run=run,
    )


def label(index: int) -> str:
    """The letters that name a model in tables: A, B, ..., Z, AA, ...

    >>> label(0), label(25), label(26)
    ('A', 'Z', 'AA')
    """
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _model(
    label: str, entry: ComparisonEntry, reference: ComparisonEntry, judged: bool
) -> ComparedModelPart:
    model, context = entry.model, entry.compared.context
    found = entry.found
    return ComparedModelPart(
        label=label,
        model=model_part(model, context.space, entry.notes),
        file_bytes=model.size,
        plan_id=context.plan.id,
        protection=entry.protection,
        golden=context.golden.metric if judged else None,
        correspondence=_correspondence(entry, reference),
        rates=[_rate(entry, i, judged) for i in range(len(found.estimates))],
        area=interval_part(found.area) if judged else None,
        area_difference=_difference(found.area_difference) if judged else None,
    )


def _correspondence(
    entry: ComparisonEntry, reference: ComparisonEntry
) -> CorrespondencePart | None:
    matched = entry.compared.matched
    if matched is None:
        return None
    return CorrespondencePart(
        bits=matched.common_bits,
        of_reference=matched.shares[0],
        of_model=matched.shares[1],
        faults="paired" if entry.compared.paired else "independent",
        same_file=entry.model.sha256 == reference.model.sha256
        and entry.protection == reference.protection,
    )


def _rate(entry: ComparisonEntry, index: int, judged: bool) -> ComparedRatePart:
    found, result = entry.found, entry.compared.found.rates[index]
    estimate = found.estimates[index]
    return ComparedRatePart(
        rate=result.rate,
        expected_flips=result.expected_flips,
        trials=found.trials[index],
        stop=found.stops[index].value,
        metric=interval_part(estimate.metric if estimate else None) if judged else None,
        sdc=interval_part(estimate.sdc if estimate else None),
        due=interval_part(estimate.due if estimate else None),
        crashes=len(result.crashes),
        difference=_rate_difference(found.differences[index], judged)
        if found.differences
        else None,
        critical_sdc=interval_part(estimate.critical_sdc if estimate else None),
        noncritical_sdc=interval_part(estimate.noncritical_sdc if estimate else None),
        masked=interval_part(estimate.masked if estimate else None),
    )


def _rate_difference(found: RateDifference, judged: bool) -> RateDifferencePart:
    change = found.difference
    return RateDifferencePart(
        metric=_difference(change.metric if change else None) if judged else None,
        sdc=_difference(change.sdc if change else None),
        due=_difference(change.due if change else None),
        paired_trials=found.trials,
        reached=found.reached,
        pairing_gain=found.gain,
    )


def _difference(interval: Interval | None) -> DifferencePart | None:
    if interval is None:
        return None
    return DifferencePart(
        estimate=interval.estimate, low=max(-1.0, interval.low), high=min(1.0, interval.high)
    )


def _on_pairs(entries: Sequence[ComparisonEntry]) -> list[str]:
    """The assumptions of differences between models, in sentences."""
    lines = [
        "All models see the same images in the same batches, prepared as each model's own "
        "metadata say.",
        "Bits correspond where a tensor of the same name, shape, element type and encoding is in "
        "both files.",
    ]
    variants = [e for e in entries if e.compared.matched is not None]
    if any(e.compared.paired for e in variants):
        lines.append(
            "Paired models meet the same upsets in the bits that correspond, trial by trial, and "
            "upsets of their own in the others; what they do alike in the trials that both ran "
            "cancels from their differences."
        )
    if not all(e.compared.paired for e in variants):
        lines.append(
            "A model of which less than half of the bits correspond meets faults of its own: its "
            "difference is that of two independent campaigns."
        )
    lines.append(
        "The area under the curve is taken over the logarithm of the bit error rate by the "
        "trapezoid rule and divided by its width: a mean of the metric over the rates."
    )
    return lines

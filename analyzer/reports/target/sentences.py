"""Sentences of a report on a target: what is assumed, what is not covered, how it was judged."""

from collections.abc import Sequence

from analyzer.campaign.plan import Plan
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.faults.models import parse_fault
from analyzer.faults.protections import NONE, parse_protection
from analyzer.reports.shared.assumptions import AT_RISK, OUTCOMES, encoding_sentence
from analyzer.reports.target.memory import RegionPart
from analyzer.targets.target import DeploymentTarget

NOT_COVERED = (
    "Permanent faults, address decoders, control logic and activations are not covered.",
    "FIT counts events, and a data sheet's rate is good to a factor of two at best: the "
    "sensitivity says what 0.3 and 3 times the rate would make of it.",
    "Device vulnerability factors and other derating of the raw rate must not be applied again: "
    "the probabilities given one event are that derating.",
)


def method_sentence(counted: bool, swept: bool, exhaustive: bool = False) -> str:
    """The way in which figures were estimated.

    Args:
        counted: whether regions were hit by single events.
        swept: whether regions were swept over bit error rates.
        exhaustive: whether every event met every image.
    """
    if exhaustive:
        return "Every event met every image: figures are exact for these images, and not estimated."
    parts = []
    if counted:
        parts.append(
            "Trials of exactly one event each, stratified by kind of event and by how far it moves "
            "values, in Neyman's proportions; weighted sums, limits from a shifted gamma law with "
            "one unseen event; looks share the error (union bound), so that intervals hold "
            "whenever trials end."
        )
    if swept:
        parts.append(
            "Regions in the regime of several events: a sweep at the derived bit error rates, as "
            "relcheck run makes it, limits by MOVER."
        )
    return " ".join(parts)


def _all(count: int) -> str:
    return "Both" if count == 2 else f"All {count}"


def joint_sentence(plan: Plan, conditions: int) -> str:
    """The promise of all intervals together.

    Args:
        plan: of the campaign.
        conditions: number of conditions.
    """
    confidence = f"{100 * plan.confidence:g} %"
    if conditions:
        together = (
            f"The condition is judged with {confidence} confidence."
            if conditions == 1
            else f"{_all(conditions)} conditions are judged together with {confidence} confidence: "
            "their intervals share the error (Bonferroni)."
        )
        return (
            f"{together} Figures of regions and of kinds of events have the same level each, and "
            "are not joint."
        )
    return f"Intervals have {confidence} confidence each, whenever trials end, and not jointly."


def target_assumptions(plan: Plan, data: Dataset, target: DeploymentTarget) -> list[str]:
    """The assumptions of a report on a target, in sentences.

    Args:
        plan: of the campaign.
        data: the data set.
        target: the target.
    """
    lines = [
        "An event is one strike, whatever number of bits it upsets. It begins at a bit drawn "
        "uniformly from the region, check bits included, and meets one batch of images drawn from "
        f"the data set. {encoding_sentence(plan)}",
        *_caveats(target),
        AT_RISK,
        *_protections(target),
        f"{OUTCOMES} An error that the memory reports is a DUE on every image.",
        "The data set is taken as given: intervals cover the choice of events and of images from "
        "it, not that of the data set.",
        "Raw rates are taken as given: intervals do not cover their error.",
    ]
    if data.kind is DataKind.GENERATED:
        lines.insert(0, "No data set was given: " + data.note.removeprefix("no data set: ") + ".")
    return lines


def _caveats(target: DeploymentTarget) -> list[str]:
    found: dict[str, None] = {}
    for region in target.region:
        fault = parse_fault(region.events)
        for kind in [fault.kind, *(part.kind for _, part in fault.parts)]:
            if kind.caveat:
                found[kind.caveat] = None
    return list(found)


def _protections(target: DeploymentTarget) -> list[str]:
    found: dict[str, None] = {}
    for region in target.region:
        if region.protection != NONE.name:
            about = parse_protection(region.protection).about
            found[f"Protection {region.protection}, executed in every trial: {about}"] = None
    if not found:
        return []
    closing = "Encoders, decoders and copies that are reloaded are taken to be fault-free."
    return [*found, closing]


def limits_of(target: DeploymentTarget, regions: Sequence[RegionPart]) -> list[str]:
    """Limits of the figures, in sentences.

    Args:
        target: the target.
        regions: as they are reported.
    """
    lines = list(NOT_COVERED)
    for region in regions:
        exposure = region.exposure
        if exposure is None:
            lines.append(region.missing)
        elif exposure.regime == "several events":
            lines.append(
                f"Region {region.name!r}: of the windows of {region.window_hours:g} h with an "
                f"event, {100 * exposure.neglected_share:.3g} % hold several, so that figures of "
                "single events would not do; FIT counts windows that end in the bad state."
            )
        else:
            lines.append(
                f"Region {region.name!r}: windows with several events are neglected, which are at "
                f"most {100 * exposure.neglected_share:.2g} % of those with an event."
            )
    if target.environment.flux_factor != 1.0 and target.environment.standing is None:
        lines.append("The flux factor of the environment names no source.")
    return lines

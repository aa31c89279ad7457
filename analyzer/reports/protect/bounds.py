"""Sentences on bounds of activations as a part of a plan: their cost, and why none was taken."""

from collections.abc import Sequence

from analyzer.reports.before_after.record import EffectPart, LatencyPart
from analyzer.reports.protect.record import ProtectionPlanReport
from analyzer.reports.protect.variants import RatioPart, VariantPart
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import number

INTERRUPTED = "the search was interrupted before its survey"


def too_inaccurate(effect: EffectPart, most: float) -> str:
    """The reason why a bounded model is refused for its fault-free accuracy.

    Args:
        effect: fault-free, of the original and the bounded model.
        most: loss that is tolerated, as a fraction.
    """
    name = figures.METRIC_NAMES[effect.metric]
    before, after = figures.percent(effect.before, 2), figures.percent(effect.after, 2)
    loss = number(100.0 * (effect.before - effect.after))
    return (
        f"its fault-free {name} is {after} %, {loss} points below {before} % "
        f"without bounds, and --max-loss is {number(100.0 * most)} points"
    )


def too_slow(latency: LatencyPart, most: float) -> str:
    """The reason why a bounded model is refused for its latency.

    Args:
        latency: of the original and the bounded model.
        most: multiple of the original's latency that is tolerated.
    """
    return f"it takes {latency.ratio:.2f} times as long, and --max-latency is {most:g}"


def chosen_bounds(variants: Sequence[VariantPart]) -> VariantPart | None:
    """The bounded model that the plan takes; None: the plan takes the model as it is."""
    return next((v for v in variants if v.bounds and v.state == "chosen"), None)


def ratio(part: RatioPart | None) -> str:
    """A multiple of the latency, with its quartiles."""
    if part is None:
        return "x 1"
    return f"x {part.ratio:.2f} ({part.low:.2f} – {part.high:.2f})"


def choice_sentence(report: ProtectionPlanReport) -> str:
    """The reason for the variant that the plan takes; empty: there is only one."""
    found = next((v for v in report.variants if v.state == "chosen"), None)
    surveyed = [v for v in report.variants if v.harm]
    if found is None or len(surveyed) < 2:
        return ""
    if not report.reached:
        return f"The model {_with(found)} leaves the least harm."
    others = [v for v in surveyed if v.state == "takes more"]
    nearer = [v for v in surveyed if v.state == "less margin"]
    if nearer and not others:
        least = min(nearer, key=lambda v: v.storage or 0)
        return (
            f"The plan takes the model {_with(found)}, {found.storage or 0:,} bits: the one "
            f"{_with(least)} needs {least.storage or 0:,}, but meets the budget with less margin."
        )
    if not others:
        return f"The plan takes the model {_with(found)}; no other has a confirmed plan."
    least = min(others, key=lambda v: v.storage or 0)
    own, other = found.storage or 0, least.storage or 0
    if own == other:
        return f"The model {_with(found)} needs as little storage as {_with(least)}."
    return f"The model {_with(found)} needs {own:,} bits more storage, {_with(least)} {other:,}."


def _with(variant: VariantPart) -> str:
    return f"with bounds by {variant.bounds}" if variant.bounds else "as it is"


def variant_sentence(variant: VariantPart) -> str:
    """The bounds of a variant: where they come from and what they cost, or why they are none."""
    if variant.sha256 is None:
        return f"Bounds by {variant.bounds} are not considered: {variant.reason}."
    count = variant.activations
    text = (
        f"Bounds by {variant.bounds}: {count} activation{'s' * (count != 1)}, from "
        f"{variant.calibration}"
    )
    text += f" ({variant.calibration_note})." if variant.calibration_note else "."
    return f"{text} They are not considered: {variant.reason}." if variant.reason else text


def file_sentence(variant: VariantPart) -> str:
    """The file of the bounded model that a plan takes."""
    if variant.written:
        return f"{variant.model}, SHA-256 {variant.sha256}"
    return f"SHA-256 {variant.sha256}; write it with --out FILE"

"""Sentences of reports on activations, and numbers of any size as text."""

import math
from collections.abc import Iterator

from analyzer.faults.rates import show_rate
from analyzer.reports.activations.record import (
    ActivationPart,
    ActivationsReport,
    DistributionPart,
    ModelActivationsPart,
    Number,
    RateActivationsPart,
    value_of,
)
from analyzer.reports.shared import number_format as figures

WITHOUT = "without faults"

ORIGINS = {
    "bound": "of the graph itself",
    "file": "of the thresholds file",
    "maximum": "the range without faults",
}
"""Source of a threshold -> the words for it."""


def plain(held: Number) -> str:
    """A number of an activation, to three digits, in at most eight characters.

    >>> plain(3.14159), plain(-0.000123), plain(3.4e38), plain("inf"), plain(None), plain(0.0)
    ('3.14', '-1.23e-4', '3.40e38', 'inf', 'NaN', '0')
    >>> plain(12345.6), plain(99999.0)
    ('12,346', '99,999')
    """
    value = value_of(held)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value) or value == 0.0:
        return f"{value:.0f}"
    if 1e-3 <= abs(value) < 99_999.5:
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def threshold(site: ActivationPart) -> str:
    """The range of an activation.

    Args:
        site: the activation.
    """
    low, high = site.threshold.low, site.threshold.high
    return f"≤ {plain(high)}" if low is None else f"{plain(low)} … {plain(high)}"


def beyond(found: DistributionPart) -> str:
    """The share beyond the threshold in percent; a bound where nothing was seen."""
    return figures.estimate(found.beyond)


def beyond_with_limits(found: DistributionPart) -> str:
    """The same with its interval, where it has one that says more."""
    point, limits = figures.estimate(found.beyond), figures.bounds(found.beyond)
    if not limits or point[0] in f"≤≥{figures.UNKNOWN}" or found.beyond.low == found.beyond.high:
        return point
    return f"{point} ({limits.replace(' ', '')})"


def not_finite(found: DistributionPart) -> str:
    """The shares of NaN and of infinities in percent; empty where there are none."""
    shares = (("NaN", found.nan), ("inf", found.infinite))
    return ", ".join(f"{figures.percent(share)} % {word}" for word, share in shares if share)


def golden_parts(model: ModelActivationsPart) -> list[DistributionPart]:
    """The distributions of a model without faults, in the order of its activations."""
    return [site.golden for site in model.sites]


def rate_heading(rate: RateActivationsPart) -> str:
    """One rate in a line: its patterns, and why there are no more."""
    patterns = "pattern" if rate.patterns == 1 else "patterns"
    parts = [f"{rate.patterns:,} {patterns}"]
    if rate.p_faulty < 1.0:
        parts.append(f"{figures.percent(rate.p_faulty)} % of all patterns have an upset")
    if rate.failed:
        parts.append(f"{rate.failed:,} gave no answer and are in no figure")
    if rate.stop != "precision":
        parts.append({"budget": "cut short by the budget", "interrupted": "interrupted"}[rate.stop])
    return f"{show_rate(rate.rate)}: {'; '.join(parts)}"


def arithmetic(model: ModelActivationsPart) -> str:
    """A sentence that says if the activations are those of the model as it is."""
    found = model.answers
    under = f", {found.faulty} under faults" if found.faulty else ""
    runs = f"{found.golden + found.faulty} runs ({found.golden} without faults{under})"
    if not found.differing:
        return (
            "Arithmetic: returning the activations changed nothing. The answers were those of the "
            f"model alone, bit for bit, in {runs}."
        )
    return (
        "Arithmetic: ONNX Runtime fuses other nodes where activations are returned, and rounds "
        f"otherwise. The answers of {found.differing} of {runs} differed from the model alone, "
        f"without faults by at most {plain(found.largest)} of the largest number of an output."
    )


def error_sentence(report: ActivationsReport) -> str:
    """The error of quantiles, in a sentence."""
    return (
        f"Quartiles are within {100 * report.relative_error:.2g} % of themselves; mean, minimum, "
        "maximum and shares are exact for the values that were counted."
    )


def model_lines(model: ModelActivationsPart) -> Iterator[str]:
    """Notes for a reader of one model's figures, a sentence each."""
    origins = {site.threshold.origin for site in model.sites}
    told = [words for origin, words in ORIGINS.items() if origin in origins]
    yield f"Thresholds: {', or '.join(told)}."
    yield arithmetic(model)
    if model.stop:
        why = {"budget": "the budget", "interrupted": "an interruption"}[model.stop]
        yield f"Note: {why} ended the run without faults after {model.images:,} images."
    if model.paired:
        yield "Faults: those of A, where bits of the two models correspond."
    for note in model.model.notes:
        yield f"Note: {note}"
    reasons: dict[str, int] = {}
    for one in model.left:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    for reason, count in reasons.items():
        yield f"Not among them: {count} {'activation' if count == 1 else 'activations'}: {reason}."

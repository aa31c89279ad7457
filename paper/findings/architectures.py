"""Architectures and depth: which networks hold longer, by rate and by upset."""

from __future__ import annotations

import math
from itertools import combinations

from paper.figures.dots import Column, Series, dots
from paper.findings.commands import commands
from paper.findings.crossing import Crossing, interval, over_trainings
from paper.findings.finding import Finding, Glance, verdicts
from paper.findings.interval import Interval
from paper.findings.relative import relative_area
from paper.findings.results import SEEDS, Results
from paper.findings.seeds import contrast
from paper.findings.study import (
    NAMES,
    SUPERVISED,
    area,
    crossings,
    golden,
    in_upsets,
    per_seed,
    seed_interval,
)
from paper.findings.verdict import above, below
from paper.findings.words import number, percent, points, ratio, reached, table

FAMILIES = ("resnet20", "vgg", "densenet", "inception")
"""The paper's four architectures; ResNet by the one that is closest to the others in size."""

HEAD = (
    "network",
    "bits",
    "without faults, %",
    "area, %",
    "relative area, %",
    "half lost at rate",
    "half lost at upsets",
    "ActMax, relative area, %",
    "JSON",
)

Logs = dict[str, list[float]]


def find(results: Results) -> Finding:
    """Contrasts of the networks, and their order."""
    rates, upsets = _logs(results, "rates"), _logs(results, "upsets")
    glances = (
        *(_fragile(logs, unit) for unit, logs in (("rates", rates), ("upsets", upsets))),
        *(_sturdy(logs, unit) for unit, logs in (("rates", rates), ("upsets", upsets))),
        *(_deeper(logs, unit) for unit, logs in (("rates", rates), ("upsets", upsets))),
        _deeper_clipped(results),
    )
    block = "\n\n".join(
        (
            verdicts(glances),
            "Rule: the interval of the ratio lies beyond 1 (of the difference: beyond 0). It is "
            "that of a contrast of the means over training seeds of the logarithms, with the "
            "scatter of the seeds pooled. Half lost is interpolated as above. ResNet stands for "
            "ResNet-20 in the comparison with the other families.",
            "![Half-loss rates and upsets of the networks](images/paper-architectures.svg)",
            commands(results, "fp32/inception-1"),
            table(
                HEAD, [_row(results, m) for m in SUPERVISED if golden(results, "fp32", m, "float")]
            ),
            f"Order by rate: {_order(rates)}.",
            f"Order by upsets: {_order(upsets)}.",
        )
    )
    return Finding("architectures", "Architectures and depth", glances, block, _picture(results))


def _logs(results: Results, unit: str) -> Logs:
    measure = in_upsets if unit == "upsets" else crossings
    found = {m: list(measure(results, "fp32", m, "float").values()) for m in SUPERVISED}
    return {m: _known_logs(there) for m, there in found.items()}


def _known_logs(found: list[Crossing]) -> list[float]:
    """None at all where one training lies beyond the sweep: the mean of the rest would be low."""
    logs = [math.log(one.estimate) for one in found if one.estimate is not None]
    return logs if len(logs) == len(found) else []


def _times(logs: Logs, weights: dict[str, float]) -> Interval | None:
    found = contrast(logs, weights)
    return found.exp() if found else None


def _fragile(logs: Logs, unit: str) -> Glance:
    found = _times(logs, {"resnet20": 0.5, "densenet": 0.5, "vgg": -0.5, "inception": -0.5})
    claim = (
        "DenseNet and ResNet are fragile (section V, Figs 2-3): against VGG and Inception, in "
        f"{unit}"
    )
    return Glance(claim, f"half is lost at {ratio(found)} times the {unit}", below(found, 1.0))


def _sturdy(logs: Logs, unit: str) -> Glance:
    found = _times(logs, {"inception": 1.0, **dict.fromkeys(FAMILIES[:3], -1 / 3)})
    claim = (
        "Inception “stands out for its greater resilience” (section V, Fig. 3): against the "
        f"other three, in {unit}"
    )
    return Glance(claim, f"half is lost at {ratio(found)} times the {unit}", above(found, 1.0))


def _deeper(logs: Logs, unit: str) -> Glance:
    found = _times(logs, {"resnet56": 1.0, "resnet20": -1.0})
    claim = (
        "“The use of a smaller model enhances fault tolerance” (section V, Fig. 4): ResNet-56 "
        f"against ResNet-20, unprotected, in {unit}"
    )
    return Glance(claim, f"half is lost at {ratio(found)} times the {unit}", below(found, 1.0))


def _deeper_clipped(results: Results) -> Glance:
    figures = {
        m: list(per_seed(results, "fp32", m, "clipact", relative_area).values())
        for m in ("resnet20", "resnet56")
    }
    found = contrast(figures, {"resnet56": 1.0, "resnet20": -1.0})
    claim = (
        "With ClipAct the deeper ResNet does better (section V, Fig. 4): ResNet-56 less ResNet-20"
    )
    return Glance(claim, f"{points(found)} points of relative area", above(found))


def _row(results: Results, model: str) -> list[str]:
    rates = over_trainings(list(crossings(results, "fp32", model, "float").values()))
    upsets = over_trainings(list(in_upsets(results, "fp32", model, "float").values()))
    free = golden(results, "fp32", model, "float")
    bits = next(curve.bits for _, curve in results.curves("fp32", model, "float"))
    relative = (
        per_seed(results, "fp32", model, form, relative_area).values()
        for form in ("float", "actmax")
    )
    unprotected, clipped = (percent(seed_interval(values)) for values in relative)
    count = interval(upsets) if upsets else None
    beyond = upsets is not None and upsets.estimate is None
    return [
        NAMES[model],
        f"{bits / 1e6:.2f} M",
        percent(seed_interval(free.values())),
        percent(seed_interval(area(results, "fp32", model, "float").values())),
        unprotected,
        reached(rates),
        f"> {number(count.estimate)}" if count and beyond else _counted(count),
        clipped,
        results.links("fp32", [f"{model}-{seed}" for seed in SEEDS]),
    ]


def _counted(count: Interval | None) -> str:
    if count is None:
        return "–"
    return f"{number(count.estimate)} ({number(count.low)} to {number(count.high)})"


def _order(logs: Logs) -> str:
    """From sturdy to fragile, and which pairs are told apart by Bonferroni's level."""
    there = {m: values for m, values in logs.items() if len(values) > 1}
    means = sorted(there, key=lambda m: -sum(there[m]) / len(there[m]))
    pairs = list(combinations(means, 2))
    if not pairs:
        return "no two networks with two trainings yet"
    level = 1 - 0.05 / len(pairs)
    apart = []
    for one, other in pairs:
        found = contrast(there, dict.fromkeys(there, 0.0) | {one: 1.0, other: -1.0}, level)
        if found and found.low > 0:
            apart.append(f"{NAMES[one]} before {NAMES[other]}")
    told = "; ".join(apart) or "none"
    return (
        f"{', '.join(NAMES[m] for m in means)}. Pairs told apart with 95 % confidence for all "
        f"{len(pairs)} together (Bonferroni): {told}"
    )


def _picture(results: Results) -> dict[str, str]:
    models = [m for m in SUPERVISED if golden(results, "fp32", m, "float")]
    if not models:
        return {}
    columns = []
    for label, measure in (("bit error rate", crossings), ("upsets", in_upsets)):
        series = []
        for form, name in (("float", "unprotected"), ("ranger", "Ranger"), ("actmax", "ActMax")):
            found = [
                over_trainings(list(measure(results, "fp32", m, form).values())) for m in models
            ]
            beyond = [bool(one and one.estimate is None) for one in found]
            series.append(Series(name, [interval(one) if one else None for one in found], beyond))
        columns.append(Column(f"{label} at which half is lost", series, logarithmic=True))
    return {
        "paper-architectures.svg": dots(
            [NAMES[m] for m in models], columns, "Half-loss of networks"
        )
    }

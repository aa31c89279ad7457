"""Unprotected accuracy falls exponentially; clipping turns the fall into a slow decay."""

from __future__ import annotations

import math
from statistics import fmean

import numpy as np

from paper.figures.curves import Line, Panel, curves
from paper.findings.commands import commands
from paper.findings.crossing import log_times, over_trainings
from paper.findings.finding import Finding, Glance, sources, verdicts
from paper.findings.interval import Interval
from paper.findings.law import Law, fit
from paper.findings.results import SEEDS, Results
from paper.findings.seeds import average
from paper.findings.study import (
    FORMS,
    NAMES,
    SUPERVISED,
    area,
    crossings,
    golden,
    mean_curve,
    paired,
    seed_interval,
)
from paper.findings.verdict import Verdict, above, between
from paper.findings.words import (
    percent,
    points,
    ratio,
    reached,
    scientific,
    table,
    times,
)

NEAR_ONE = (0.8, 1.25)
"""A shape k between these is called exponential."""

TITLE = "Accuracy over the bit error rate, with fitted laws"

CLIPPED = ("actmax", "clipact")

LAWS = ("network", "k", "r0", "floor, %", "misfit", "fatal bits, %", "JSON")
SLOWER = (
    "network",
    "form",
    "a tenth lost",
    "half lost",
    "ratio of the former",
    "area less unprot.",
)


def find(results: Results) -> Finding:
    """Fits and ratios of every supervised network."""
    laws = {model: _laws(results, model) for model in SUPERVISED}
    gains = {
        m: paired(area(results, "fp32", m, "actmax"), area(results, "fp32", m, "float"))
        for m in SUPERVISED
    }
    shape = average(
        {m: [math.log(w.shape.estimate) for w in ws.values()] for m, ws in laws.items()}
    )
    glances = (_exponential(shape.exp() if shape else None, laws), _slow(average(gains)))
    block = "\n\n".join(
        (
            verdicts(glances),
            _rule(laws),
            "![Accuracy over the bit error rate, with fitted laws](images/paper-decay.svg)",
            commands(results, "fp32/resnet20-1"),
            table(LAWS, [_law_row(results, m, list(ws.values())) for m, ws in laws.items() if ws]),
        )
    )
    slower = table(SLOWER, [row for m in SUPERVISED for row in _slower(results, m)])
    details = f"{slower}\n\n{sources(results, 'fp32', SUPERVISED)}"
    pictures = _pictures(results, laws)
    return Finding("decay", "Fall and decay", glances, block, pictures, {"decay-rates": details})


def _laws(results: Results, model: str) -> dict[int, Law]:
    """By training seed; a curve that keeps too much of its accuracy has none."""
    found = {seed: fit(curve) for seed, curve in results.curves("fp32", model, "float")}
    return {seed: law for seed, law in found.items() if law}


def _exponential(shape: Interval | None, laws: dict[str, dict[int, Law]]) -> Glance:
    every = [law for found in laws.values() for law in found.values()]
    one = sum(law.shape.low <= 1 <= law.shape.high for law in every)
    ours = (
        f"k = {ratio(shape)}; the interval of {one} of {len(every)} trained networks contains 1"
        if shape
        else "no fit"
    )
    claim = "Unprotected accuracy “drops exponentially” (section VI, Figs 6-7): shape k of the fall"
    return Glance(claim, ours, between(shape, *NEAR_ONE))


def _slow(gain: Interval | None) -> Glance:
    claim = (
        "With clipping “a smoother logarithmic profile” (section VI): area, ActMax less unprotected"
    )
    return Glance(claim, f"{points(gain)} points", above(gain) if gain else Verdict.NO_DATA)


def _rule(laws: dict[str, dict[int, Law]]) -> str:
    every = [law for found in laws.values() for law in found.values()]
    low, high = NEAR_ONE
    rule = (
        f"Rule: the fall is called exponential if the interval of the mean k lies within {low} "
        f"to {high}, and not so if it lies outside. The decay is slower if the interval of the "
        "gain in area is above 0."
    )
    if not every:
        return rule
    worst = max(law.worst for law in every)
    bad = sum(law.misfit > 2 for law in every)
    return (
        f"{rule} Fits: {len(every)}. The largest residual is {worst:.2f} half-widths of its 95 % "
        f"interval; {bad} of the fits have a misfit (chi-square over degrees of freedom) above 2."
    )


def _law_row(results: Results, model: str, laws: list[Law]) -> list[str]:
    shape = seed_interval([math.log(law.shape.estimate) for law in laws])
    place = seed_interval([math.log(law.rate.estimate) for law in laws])
    fatal = seed_interval([math.log(law.fatal) for law in laws])
    return [
        NAMES[model],
        ratio(shape.exp() if shape else laws[0].shape),
        scientific(place.exp() if place else laws[0].rate),
        percent(seed_interval([law.floor.estimate for law in laws]) or laws[0].floor),
        f"{fmean(law.misfit for law in laws):.2f}",
        percent(fatal.exp(), 2) if fatal else "–",
        results.links("fp32", [f"{model}-{seed}" for seed in SEEDS]),
    ]


def _slower(results: Results, model: str) -> list[list[str]]:
    before = crossings(results, "fp32", model, "float", 0.1)
    rows = []
    for form in ("float", *CLIPPED):
        tenth, half = (crossings(results, "fp32", model, form, share) for share in (0.1, 0.5))
        if not tenth:
            continue
        logs, open_end = log_times(tenth, before)
        further = seed_interval(logs) if form != "float" else None
        gain = paired(area(results, "fp32", model, form), area(results, "fp32", model, "float"))
        rows.append(
            [
                NAMES[model] if form == "float" else "",
                FORMS[form],
                reached(over_trainings(list(tenth.values()))),
                reached(over_trainings(list(half.values()))),
                times(further.exp() if further else None, open_end, 1),
                points(seed_interval(gain)) if form != "float" else "–",
            ]
        )
    return rows


def _pictures(results: Results, laws: dict[str, dict[int, Law]]) -> dict[str, str]:
    panels = [
        _panel(results, m, laws[m]) for m in SUPERVISED if golden(results, "fp32", m, "float")
    ]
    return {"paper-decay.svg": curves(panels, "top-1", (3.6, 2.7), TITLE)} if panels else {}


def _panel(results: Results, model: str, laws: dict[int, Law]) -> Panel:
    lines = [
        Line(
            FORMS["float"],
            list(zip(curve.rates, curve.metric, strict=True)),
            0,
            _smooth(laws[seed]) if seed in laws else (),
        )
        for seed, curve in results.curves("fp32", model, "float")
    ]
    lines += [
        Line(FORMS[form], mean_curve(results, "fp32", model, form), place)
        for place, form in enumerate(("ranger", *CLIPPED), 1)
    ]
    return Panel(NAMES[model], [line for line in lines if line.points])


def _smooth(law: Law) -> list[tuple[float, float]]:
    rates = np.geomspace(1e-8, 1e-4, 60)
    return list(zip(rates.tolist(), law.at(rates).tolist(), strict=True))

"""ClipAct against ActMax, in both encodings, and what it costs without faults."""

from __future__ import annotations

from statistics import fmean

from paper.figures.dots import Column, Series, dots
from paper.findings.commands import commands
from paper.findings.finding import Finding, Glance, sources, verdicts
from paper.findings.interval import Interval, difference, mean
from paper.findings.results import Curve, Results
from paper.findings.seeds import average
from paper.findings.study import (
    ENCODINGS,
    MODELS,
    NAMES,
    TWENTIES,
    area,
    golden,
    paired,
    per_seed,
    seed_interval,
)
from paper.findings.verdict import above, below
from paper.findings.words import points, rate, table

FROM = 5e-7
"""Rates above this one are the paper's "greater than 3e-7"."""

RULE = (
    "Rule: the interval of ClipAct less ActMax, over the trainings of all networks, is above 0; "
    "for the cost, that of ClipAct less unprotected is below 0. The first figure is the mean "
    "over the rates above 3e-7. Intervals are 95 % each: of rows without any difference, one in "
    "twenty excludes 0 all the same."
)

SWEEPS = {"fp32": MODELS, "q15.16": TWENTIES}
HEAD = (
    "network",
    "above 3e-7",
    "of that, faults alone",
    "area",
    "without faults",
    "bounds narrowed",
)


def find(results: Results) -> Finding:
    """Paired differences over training seeds, by network."""
    glances = (
        *(_better(results, kind) for kind in SWEEPS),
        _cost(results),
    )
    block = "\n\n".join(
        (
            verdicts(glances),
            RULE,
            "![ClipAct less ActMax](images/paper-clipact.svg)",
            commands(results, "fp32/resnet20-1", "q15.16/resnet20-1"),
            *(part for kind in SWEEPS for part in _part(results, kind)),
        )
    )
    rates = "\n\n".join(part for kind in SWEEPS for part in _by_rate(results, kind))
    pictures = _picture(results)
    return Finding(
        "clipping", "ClipAct and ActMax", glances, block, pictures, {"clipping-rates": rates}
    )


def _over_rates(curve: Curve) -> float:
    taken = [m.estimate for r, m in zip(curve.rates, curve.metric, strict=True) if r > FROM]
    return fmean(taken)


def _gains(results: Results, kind: str, model: str) -> list[float]:
    forms = (per_seed(results, kind, model, f, _over_rates) for f in ("clipact", "actmax"))
    return paired(*forms)


def _better(results: Results, kind: str) -> Glance:
    found = average({m: _gains(results, kind, m) for m in SWEEPS[kind]})
    claim = (
        "“ClipAct performs better than ActMax … at fault rates greater than 3e-7” (section VI, "
        f"Figs 6-7), {ENCODINGS[kind]}"
    )
    return Glance(claim, f"{points(found, 2)} points", above(found))


def _cost(results: Results) -> Glance:
    losses = {
        m: paired(golden(results, "fp32", m, "clipact"), golden(results, "fp32", m, "float"))
        for m in MODELS
    }
    found = average(losses)
    claim = (
        "ClipAct “significantly degrades performance at baseline” on ImageNet (section VI, "
        "Table 3), here on CIFAR-10"
    )
    return Glance(claim, f"{points(found, 2)} points without faults", below(found))


def _part(results: Results, kind: str) -> list[str]:
    rows = [_row(results, kind, m) for m in SWEEPS[kind] if _gains(results, kind, m)]
    title = f"ClipAct less ActMax in points, {ENCODINGS[kind]}:"
    return [title, table(HEAD, rows), sources(results, kind, SWEEPS[kind])]


def _row(results: Results, kind: str, model: str) -> list[str]:
    areas = (area(results, kind, model, form) for form in ("clipact", "actmax"))
    free = (golden(results, kind, model, form) for form in ("clipact", "actmax"))
    return [
        NAMES[model],
        points(seed_interval(_gains(results, kind, model)), 2),
        points(_faults_alone(results, kind, model), 2),
        points(seed_interval(paired(*areas)), 2),
        points(seed_interval(paired(*free)), 2),
        _narrowed(results, model),
    ]


def _by_rate(results: Results, kind: str) -> list[str]:
    """The difference at each rate, over trainings."""
    there = [m for m in SWEEPS[kind] if _gains(results, kind, m)]
    title = f"ClipAct less ActMax at each rate, in points, {ENCODINGS[kind]}:"
    if not there:
        return [title, table((), ())]
    rates = next(curve.rates for _, curve in results.curves(kind, there[0], "actmax"))
    rows = [
        [NAMES[m], *(points(_at(results, kind, m, place)) for place in range(len(rates)))]
        for m in there
    ]
    return [title, table(["network", *(rate(r) for r in rates)], rows)]


def _at(results: Results, kind: str, model: str, place: int) -> Interval | None:
    forms = (
        per_seed(results, kind, model, form, lambda curve: curve.metric[place].estimate)
        for form in ("clipact", "actmax")
    )
    return seed_interval(paired(*forms))


def _faults_alone(results: Results, kind: str, model: str) -> Interval | None:
    """The error of the campaigns, as if the two models had met independent upsets."""
    found = []
    for form in ("clipact", "actmax"):
        above_it = [
            m
            for _, curve in results.curves(kind, model, form)
            for r, m in zip(curve.rates, curve.metric, strict=True)
            if r > FROM
        ]
        if not above_it:
            return None
        found.append(mean(above_it))
    return difference(*found)


def _narrowed(results: Results, model: str) -> str:
    """Bounds that the search put below the largest activation, of all bounds."""
    counts = [
        (
            sum(site["share"] < 1 for site in report["search"]["sites"]),
            len(report["search"]["sites"]),
        )
        for _, report in results.reports(model, "clipact.json")
    ]
    return ", ".join(f"{few} of {all_}" for few, all_ in counts) or "–"


def _picture(results: Results) -> dict[str, str]:
    models = [m for m in MODELS if any(_gains(results, kind, m) for kind in SWEEPS)]
    if not models:
        return {}
    columns = []
    for kind in SWEEPS:
        gains = [seed_interval(_gains(results, kind, m)) for m in models]
        free = [
            seed_interval(paired(*(golden(results, kind, m, f) for f in ("clipact", "actmax"))))
            for m in models
        ]
        series = [Series("rates above 3e-7", gains), Series("without faults", free)]
        columns.append(Column(f"ClipAct less ActMax (points), {kind}", series))
    return {"paper-clipact.svg": dots([NAMES[m] for m in models], columns, "ClipAct less ActMax")}

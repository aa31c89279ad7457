"""int8 by post-training quantization against float32, at equal rate and at equal upsets."""

from __future__ import annotations

from paper.figures.dots import Column, Series, dots
from paper.findings.commands import commands
from paper.findings.crossing import Crossing, interval, log_times, over_trainings
from paper.findings.finding import Finding, Glance, sources, verdicts
from paper.findings.relative import left_at
from paper.findings.results import SEEDS, Results
from paper.findings.seeds import average
from paper.findings.study import (
    FORMS,
    MODELS,
    NAMES,
    TWENTIES,
    area,
    crossings,
    golden,
    in_upsets,
    less,
    paired,
    per_seed,
    pretrained_less,
    seed_interval,
    swept,
)
from paper.findings.verdict import above, below
from paper.findings.words import percent, points, reached, table, times

NEAR = 0.9
"""A network that keeps this much of its accuracy above chance is near its fault-free accuracy."""

GONE = 0.1

HEAD = (
    "network",
    "half lost, float32",
    "half lost, int8",
    "ratio of rates",
    "ratio of upsets",
    "without faults",
    "area less ActMax",
    "JSON",
)


def find(results: Results) -> Finding:
    """Ratios of the rates and of the upsets at which half is lost."""
    glances = (
        _near(results),
        _gone(results, "float"),
        _gone(results, "clipact"),
        _times(results, "rates"),
        _times(results, "upsets"),
        _than_clipping(results),
        _ssl_loses(results),
        _ssql_repairs(results),
    )
    rows = [_row(results, m) for m in MODELS if golden(results, "int8", m, "ptq")]
    block = "\n\n".join(
        (
            verdicts(glances),
            "Rule: the interval over the trainings of all networks lies beyond the bound that "
            f"the sentence names. Near is {NEAR:.0%} or more of the accuracy above chance that "
            f"the same network has without faults, gone is {GONE:.0%} or less. Half lost: the "
            "rate at which half of the accuracy above chance is lost, interpolated over the "
            "logarithm of the rate between two rates of the sweep. Upsets are that rate times "
            "the bits of the file: int8 has about a quarter of them. Rows are 95 % each.",
            "![Rates and upsets at which half is lost](images/paper-int8.svg)",
            commands(results, "ptq/resnet20-1", "int8/resnet20-1"),
            table(HEAD, rows),
            sources(results, "int8", MODELS),
        )
    )
    return Finding("quantization", "int8 and float32", glances, block, _picture(results))


def log_ratios(
    results: Results, model: str, forms: tuple[str, str], unit: str
) -> tuple[list[float], bool]:
    """By training: the logarithm of how many times as far one form goes until half is lost.

    Args:
        results: with the int8 sweeps.
        model: its name in the study.
        forms: the one and the other.
        unit: ``rates`` or ``upsets``.

    Returns:
        The logarithms; true if they are only lower limits, for the sweep ends before.
    """
    measure = in_upsets if unit == "upsets" else crossings
    one, other = (measure(results, "int8", model, form) for form in forms)
    return log_times(one, other)


def shown_ratio(results: Results, model: str, forms: tuple[str, str], unit: str) -> str:
    """The same as a cell of a table: see `log_ratios`."""
    logs, open_end = log_ratios(results, model, forms, unit)
    found = seed_interval(logs)
    return times(found.exp() if found else None, open_end)


def _near(results: Results) -> Glance:
    left = {m: list(per_seed(results, "int8", m, "ptq", left_at(1e-4)).values()) for m in MODELS}
    found = average(left)
    claim = "int8: “near fault-free performance up to a fault rate of 0.0001” (section X, Fig. 11)"
    return Glance(
        claim, f"{percent(found)} % of accuracy above chance left at 1e-4", above(found, NEAR)
    )


def _gone(results: Results, form: str) -> Glance:
    left = left_at(3e-5)
    found = average(
        {m: list(per_seed(results, "q15.16", m, form, left).values()) for m in TWENTIES}
    )
    claim = (
        "“In all cases, performance degrades to random guessing when the fault rate reaches "
        f"3e-5” (section VI, Figs 6-7): {FORMS[form]}, q15.16"
    )
    return Glance(claim, f"{percent(found)} % of accuracy above chance left", below(found, GONE))


def _times(results: Results, unit: str) -> Glance:
    every = {m: log_ratios(results, m, ("ptq", "float"), unit) for m in MODELS}
    found = average({m: logs for m, (logs, _) in every.items()})
    further = found.exp() if found else None
    shown = times(further, any(open_end for _, open_end in every.values()))
    claim = f"int8 holds longer than unprotected float32 (section VIII, Table 3), at equal {unit}"
    return Glance(claim, f"half is lost at {shown} times the {unit}", above(further, 1.0))


def _than_clipping(results: Results) -> Glance:
    found = average({m: _less_actmax(results, m) for m in MODELS})
    claim = (
        "int8, there with SSQL, “outperforms previous experiments using ClipAct across all "
        "failure rates” (section VIII): all networks, against ActMax in float32"
    )
    return Glance(claim, f"{points(found)} points of area, {_range(results)}", above(found))


def _range(results: Results) -> str:
    return next((found for m in MODELS if (found := swept(results, "int8", m, "ptq"))), "")


def _less_actmax(results: Results, model: str) -> list[float]:
    return paired(*(area(results, "int8", model, form) for form in ("ptq", "actmax")))


def _lost(results: Results, model: str) -> dict[int, float]:
    """Fault-free accuracy of int8 less that of float32, by training."""
    one, other = (golden(results, "int8", model, form) for form in ("ptq", "float"))
    return less(one, other)


def _ssl_loses(results: Results) -> Glance:
    found = pretrained_less({m: _lost(results, m) for m in TWENTIES})
    claim = (
        "SSL with int8 loses more fault-free accuracy than supervised (section VIII, Table 3): "
        "SimSiam, SwAV, DINO"
    )
    return Glance(claim, f"{points(found, 2)} points", below(found))


def _ssql_repairs(results: Results) -> Glance:
    ssql, simsiam = (_lost(results, f"resnet20-{name}") for name in ("ssql", "simsiam"))
    found = seed_interval(paired(ssql, simsiam))
    claim = "SSQL loses less to int8 than SimSiam (section VIII: 1.21 points against 3.18)"
    return Glance(claim, f"{points(found, 2)} points", above(found))


def _row(results: Results, model: str) -> list[str]:
    both = [
        over_trainings(list(crossings(results, "int8", model, form).values()))
        for form in ("float", "ptq")
    ]
    return [
        NAMES[model],
        *(reached(found) for found in both),
        *(shown_ratio(results, model, ("ptq", "float"), unit) for unit in ("rates", "upsets")),
        points(seed_interval(_lost(results, model).values())),
        points(seed_interval(_less_actmax(results, model))),
        results.links("int8", [f"{model}-{seed}" for seed in SEEDS]),
    ]


def _picture(results: Results) -> dict[str, str]:
    models = [m for m in MODELS if golden(results, "int8", m, "ptq")]
    if not models:
        return {}
    columns = [
        _column("bit error rate at which half is lost", results, models, "rates"),
        _column("upsets at which half is lost", results, models, "upsets"),
    ]
    return {
        "paper-int8.svg": dots([NAMES[m] for m in models], columns, "Half-loss of float32 and int8")
    }


def _column(label: str, results: Results, models: list[str], unit: str) -> Column:
    measure = in_upsets if unit == "upsets" else crossings
    series = []
    names = {
        "float": "float32",
        "actmax": "float32 ActMax",
        "ptq": "int8",
        "actmax_ptq": "int8 ActMax",
    }
    for form, name in names.items():
        found: list[Crossing | None] = [
            over_trainings(list(measure(results, "int8", m, form).values())) for m in models
        ]
        values = [interval(one) if one else None for one in found]
        beyond = [bool(one and one.estimate is None) for one in found]
        series.append(Series(name, values, beyond))
    return Column(label, series, logarithmic=True)

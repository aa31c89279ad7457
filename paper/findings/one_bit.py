"""The part of an unprotected curve that one bit position explains."""

from __future__ import annotations

import math
from collections.abc import Iterator

from paper.findings.commands import commands
from paper.findings.finding import Finding, Glance, verdicts
from paper.findings.interval import Interval, quotient
from paper.findings.places import SEED, top_exponent
from paper.findings.results import SEEDS, Curve, Results
from paper.findings.study import BASE, NAMES, SUPERVISED, seed_interval, swept
from paper.findings.verdict import above
from paper.findings.words import NOTHING, percent, rate, table

LARGE = 0.02
"""A loss of accuracy below this one is not told from noise by a sweep of this precision."""

HEAD = (
    "network",
    "rate",
    "loss measured, points",
    "loss by the top exponent bit alone, points",
    "its share, %",
)

MOST = 0.5


def find(results: Results) -> Finding:
    """Predicted from the map; and measured, by a memory that protects this bit alone."""
    glances = (_by_repair(results),)
    rows = [row for model in SUPERVISED for row in _rows(results, model)]
    block = "\n\n".join(
        (
            verdicts(glances),
            "Two ways. By the map: each flip of the top exponent bit (30) takes the accuracy "
            "that the map found, and flips add up as in the exponential law; the predicted loss "
            "stands beside the measured one. By repair: MSET keeps that bit three times and "
            "reads the majority, so that what an MSET memory does not lose is what the bit had "
            f"cost. Rule: the interval of that share, over seeds, is above {MOST:.0%}. Rates "
            f"with a measured loss of less than {100 * LARGE:g} points are left out. Limits of a "
            "share come from the limits of both losses.",
            commands(results, "map/resnet20-1", "fp32/resnet20-1", "protect/resnet20-1"),
            table(HEAD, rows),
        )
    )
    return Finding("one-bit", "One bit position", glances, block)


def _rows(results: Results, model: str) -> Iterator[list[str]]:
    content = results.json(f"map/{model}-{SEED}.json")
    sweep = results.sweep("fp32", model, SEED)
    curve = sweep.form("float") if sweep else None
    top = top_exponent(content) if content else None
    if curve is None or top is None:
        return
    harm = Interval.of(top["loss"])
    first = True
    for at, metric in zip(curve.rates, curve.metric, strict=True):
        lost = Interval(
            curve.golden - metric.estimate, curve.golden - metric.high, curve.golden - metric.low
        )
        if lost.low < LARGE:
            continue
        alone = _alone(curve, at * top["bits"], harm)
        share = quotient(alone, lost)
        yield [
            NAMES[model] if first else "",
            rate(at),
            percent(lost),
            percent(alone),
            percent(share),
        ]
        first = False


def _alone(curve: Curve, upsets: float, harm: Interval) -> Interval:
    """Accuracy lost to a Poisson number of flips, each of which takes the same share of it."""

    def lost(each: float) -> float:
        return curve.golden * (1 - math.exp(-upsets * max(each, 0.0) / curve.golden))

    return Interval(lost(harm.estimate), lost(harm.low), lost(harm.high))


def _by_repair(results: Results) -> Glance:
    claim = (
        "Not in the paper: the part of the area lost that the top exponent bit costs (ResNet-20, "
        "float32)"
    )
    found = seed_interval(_repaired(results))
    shown = f"{percent(found)} %, {swept(results, 'protect', BASE, 'float')}" if found else NOTHING
    return Glance(claim, shown, above(found, MOST))


def _repaired(results: Results) -> Iterator[float]:
    for seed in SEEDS:
        sweep = results.sweep("protect", BASE, seed)
        if sweep is None:
            continue
        bare = [c for c in sweep.curves if not c.protection or c.protection["rules"] == "none"]
        mset = [c for c in sweep.curves if c.protection and c.protection["rules"] == "mset"]
        if bare and mset:
            lost, left = (c.golden - c.area.estimate for c in (bare[0], mset[0]))
            yield 1 - left / lost

"""Accuracy at every rate, of every network in every form: the figures behind the curves."""

from __future__ import annotations

from collections.abc import Iterator

from paper.findings.finding import Finding
from paper.findings.interval import Interval
from paper.findings.results import Results
from paper.findings.study import (
    FORMS,
    MODELS,
    NAMES,
    TWENTIES,
    golden,
    mean_curve,
    seed_interval,
)
from paper.findings.words import percent, rate, table

SWEEPS = {
    "fp32": (MODELS, ("float", "relu6", "ranger", "actmax", "clipact"), "float32 as stored"),
    "q15.16": (TWENTIES, ("float", "relu6", "ranger", "actmax", "clipact"), "q15.16"),
    "int8": (MODELS, ("float", "actmax", "ptq", "actmax_ptq", "qat"), "int8 beside float32"),
}


def find(results: Results) -> Finding:
    """Tables without verdicts."""
    parts = [part for kind in SWEEPS for part in _sweep(results, kind)]
    return Finding("accuracy", "Accuracy", (), "\n\n".join(parts))


def _sweep(results: Results, kind: str) -> Iterator[str]:
    models, forms, title = SWEEPS[kind]
    yield f"Top-1 in percent, {title} (`{kind}/*`):"
    rates: tuple[float, ...] = ()
    rows = []
    for model in models:
        there = [
            (form, found) for form in forms if (found := mean_curve(results, kind, model, form))
        ]
        for place, (form, found) in enumerate(there):
            rates = tuple(r for r, _ in found)
            name = NAMES[model] if not place else ""
            free = _without_faults(results, kind, model, form)
            rows.append([name, FORMS[form], free, *(percent(metric) for _, metric in found)])
    yield table(("network", "form", "none", *map(rate, rates)), rows)


def _without_faults(results: Results, kind: str, model: str, form: str) -> str:
    values = list(golden(results, kind, model, form).values())
    spread: Interval | None = seed_interval(values)
    return percent(spread) if spread else f"{100 * values[0]:.1f}"

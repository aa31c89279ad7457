"""The one picture that matters most: unprotected, bounded and int8, over training seeds."""

from __future__ import annotations

from paper.figures.curves import Line, Panel, curves
from paper.findings.finding import Finding
from paper.findings.results import Results
from paper.findings.study import BASE, NAMES, mean_curve

DRAWN = (
    ("float", "float32, unprotected"),
    ("actmax", "float32, ActMax"),
    ("ptq", "int8 (PTQ)"),
    ("actmax_ptq", "int8 (PTQ), ActMax"),
)


def find(results: Results) -> Finding:
    """Curves of the int8 sweeps, which have all four forms under rates up to 1e-3."""
    lines = [
        Line(name, mean_curve(results, "int8", BASE, form), place)
        for place, (form, name) in enumerate(DRAWN)
    ]
    drawn = [line for line in lines if line.points]
    seeds = len(list(results.curves("int8", BASE, "float")))
    title = f"{NAMES[BASE]}: {_meant(seeds)}"
    pictures = (
        {"paper-curves.svg": curves([Panel(title, drawn)], "top-1", (7.6, 4.0))} if drawn else {}
    )
    block = "![Top-1 over the bit error rate: float32, ActMax and int8](images/paper-curves.svg)"
    return Finding("curves", "", (), block, pictures)


def _meant(trainings: int) -> str:
    if trainings > 1:
        return f"mean of {trainings} trainings, 95 % intervals over them (Student's t)"
    return "one training, 95 % intervals over fault patterns"

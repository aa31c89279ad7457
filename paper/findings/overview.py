"""The one picture that matters most: unprotected, bounded and int8, over training seeds."""

from __future__ import annotations

from paper.figures.curves import Line, Panel, curves
from paper.findings.finding import Finding
from paper.findings.interval import Interval
from paper.findings.results import Results
from paper.findings.study import BASE, NAMES, mean_curve
from paper.findings.words import percent, rate

DRAWN = (
    ("float", "float32, unprotected"),
    ("actmax", "float32, ActMax"),
    ("ptq", "int8 (PTQ)"),
    ("actmax_ptq", "int8 (PTQ), ActMax"),
)


TITLE = "Accuracy over the bit error rate: float32, ActMax and int8"

README = "readme"
"""Block of the page above the others, which only the project's own pages have."""

CAPTION = 3e-5
"""The rate that the caption is about: the highest of the paper's for float32."""


def find(results: Results) -> Finding:
    """Curves of the int8 sweeps, which have all four forms."""
    lines = [
        Line(name, mean_curve(results, "int8", BASE, form), place)
        for place, (form, name) in enumerate(DRAWN)
    ]
    drawn = [line for line in lines if line.points]
    seeds = len(list(results.curves("int8", BASE, "float")))
    title = f"{NAMES[BASE]}: {_meant(seeds)}"
    pictures = (
        {"paper-curves.svg": curves([Panel(title, drawn)], "top-1", (7.6, 4.0), TITLE)}
        if drawn
        else {}
    )
    block = "![Top-1 over the bit error rate: float32, ActMax and int8](images/paper-curves.svg)"
    return Finding("curves", "", (), block, pictures, {README: _readme(results) if drawn else ""})


def _readme(results: Results) -> str:
    """The same picture for the page above, with a caption."""
    seeds = len(list(results.curves("int8", BASE, "float")))
    found = [(name, _at(results, form)) for form, name in DRAWN]
    said = [f"{name} {percent(there[1])} %" for name, there in found if there]
    measured = next((there[0] for _, there in found if there), CAPTION)
    return (
        "![Top-1 accuracy over the bit error rate: curves of float32 unprotected, float32 with "
        "ActMax, int8, and int8 with ActMax, each with 95 % intervals]"
        "(docs/images/paper-curves.svg)\n\n"
        f"{NAMES[BASE]} on CIFAR-10, {_meant(seeds)}. Top-1 at a bit error rate of "
        f"{rate(measured)}: {'; '.join(said)}. Which findings of a paper hold on such networks, "
        "and the command behind each figure: [findings](docs/paper.md)."
    )


def _at(results: Results, form: str) -> tuple[float, Interval] | None:
    """The rate of the sweep that is nearest to the caption's, if it is near, and the accuracy."""
    points = mean_curve(results, "int8", BASE, form)
    return next(((r, m) for r, m in points if abs(r / CAPTION - 1) < 0.1), None)


def _meant(trainings: int) -> str:
    if trainings > 1:
        return f"mean of {trainings} trainings, 95 % intervals over them (Student's t)"
    return "one training, 95 % intervals over fault patterns"

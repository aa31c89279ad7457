"""All findings, in the order of the page, and what they generate together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from paper.findings import (
    accuracy,
    architectures,
    clipping,
    costs,
    decay,
    one_bit,
    one_event,
    overview,
    places,
    pretraining,
    protection,
    qat,
    quantization,
    segmentation,
    setup,
)
from paper.findings.finding import Finding, shown
from paper.findings.results import Results
from paper.findings.verdict import Verdict
from paper.findings.words import table

CLAIMS: tuple[Callable[[Results], Finding], ...] = (
    overview.find,
    decay.find,
    clipping.find,
    pretraining.find,
    quantization.find,
    qat.find,
    architectures.find,
    places.find,
    segmentation.find,
    one_bit.find,
    protection.find,
    one_event.find,
    costs.find,
    setup.find,
    accuracy.find,
)

NO_EO_DATA = ("EO data sets", "harder or easier than CIFAR-10 (section VI, Fig. 7, Table 4)")
"""A claim for which there is nothing to compute."""


@dataclass(frozen=True)
class Generated:
    """Content of the pages: blocks by marker, pictures by file name."""

    blocks: Mapping[str, str]
    pictures: Mapping[str, str]


def generated(results: Results) -> Generated:
    """Every block and picture.

    Args:
        results: of the study, complete or not.

    Returns:
        Blocks say what is absent.
    """
    found = [find(results) for find in CLAIMS]
    blocks = {name: text for one in found for name, text in (_own(one), *one.blocks.items())}
    blocks["glance"] = _glance(found)
    blocks["absent"] = _absent(results)
    pictures = {name: svg for one in found for name, svg in one.pictures.items()}
    return Generated(blocks, pictures)


def _own(one: Finding) -> tuple[str, str]:
    """Without the line of a picture that could not be drawn."""
    lines = (
        line
        for line in one.block.split("\n")
        if not line.startswith("![") or any(f"/{name})" in line for name in one.pictures)
    )
    return one.name, re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _glance(found: Sequence[Finding]) -> str:
    rows = [
        [one.title if not place else "", glance.claim, shown(glance), f"**{glance.verdict.value}**"]
        for one in found
        for place, glance in enumerate(one.glances)
    ]
    rows.append([*NO_EO_DATA, "no such data at hand", f"**{Verdict.NO_DATA.value}**"])
    judged = sum(glance.verdict is not Verdict.NO_DATA for one in found for glance in one.glances)
    return (
        f"{table(('', 'the paper', 'ours, with 95 % interval', 'holds?'), rows)}\n\n"
        f"Sentences that are judged: {judged}, each with 95 % for itself. Where there is no "
        "difference at all, one in twenty is decided by chance. A verdict says nothing of the "
        "size: the figure does."
    )


def _absent(results: Results) -> str:
    kinds: dict[str, int] = {}
    for name in results.absent():
        kind = name.partition("/")[0]
        kinds[kind] = kinds.get(kind, 0) + 1
    if not kinds:
        return "Every file that these pages ask for is there."
    counted = ", ".join(f"{count} of `{kind}/*`" for kind, count in kinds.items())
    return f"Not every file that these pages ask for is there yet. Absent: {counted}."

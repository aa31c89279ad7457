"""One finding: what the page says at a glance, its block, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from paper.findings.results import Results
from paper.findings.study import NAMES, listed
from paper.findings.verdict import Verdict
from paper.findings.words import NOTHING


@dataclass(frozen=True)
class Glance:
    """A line of the first table.

    Attributes:
        claim: sentence of the paper, shortened, with its figure or table.
        ours: our figure with its interval.
        verdict: by the rule that the block states.
    """

    claim: str
    ours: str
    verdict: Verdict


@dataclass(frozen=True)
class Finding:
    """A claim, as the page shows it.

    Attributes:
        name: of the markers in the page, and of the anchor.
        title: in the first table.
        glances: one for each part of the claim.
        block: Markdown between the markers.
        pictures: SVG text by file name.
        blocks: further marked blocks, by the names of their markers.
    """

    name: str
    title: str
    glances: tuple[Glance, ...]
    block: str
    pictures: Mapping[str, str] = field(default_factory=dict)
    blocks: Mapping[str, str] = field(default_factory=dict)


def verdicts(glances: tuple[Glance, ...]) -> str:
    """A list of the parts of a claim with their verdicts."""
    return "\n".join(
        f"- {g.claim}: {shown(g)}. **{g.verdict.value.capitalize()}**." for g in glances
    )


def shown(glance: Glance) -> str:
    """Our figure; a dash where there is none."""
    return NOTHING if glance.verdict is Verdict.NO_DATA else glance.ours


def sources(results: Results, kind: str, models: Sequence[str]) -> str:
    """Links to the JSON that figures are from, and what of it is absent.

    Args:
        results: the folder.
        kind: of the stages, such as ``fp32``.
        models: names in the study.
    """
    named = [(model, results.links(kind, listed([model]))) for model in models]
    there = "; ".join(f"{NAMES[model]} {links}" for model, links in named if links)
    lacking = [model for model in models if model not in dict(n for n in named if n[1])]
    some = [
        name
        for name in listed(models)
        if name.rpartition("-")[0] not in lacking
        and not (results.folder / kind / f"{name}.json").exists()
    ]
    absent = ", ".join([*(NAMES[model] for model in lacking), *some])
    if not there:
        return f"JSON of `{kind}/*`: not there yet."
    return f"JSON of `{kind}/*`, by training seed: {there}." + (
        f" Not there yet: {absent}." if absent else ""
    )

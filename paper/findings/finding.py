"""One finding: what the page says at a glance, its block, and its pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from paper.findings.results import Results
from paper.findings.study import NAMES, listed
from paper.findings.verdict import Verdict


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
    return "\n".join(f"- {g.claim}: {g.ours}. **{g.verdict.value}**." for g in glances)


def sources(results: Results, kind: str, models: Sequence[str]) -> str:
    """Where the figures are from: links to the JSON of a kind of stages, by model."""
    named = [(model, results.links(kind, listed([model]))) for model in models]
    there = "; ".join(f"{NAMES[model]} {links}" for model, links in named if links)
    names = listed(models)
    absent = [n for n in names if not (results.folder / kind / f"{n}.json").exists()]
    lacking = f" Not there yet: {', '.join(absent)}." if absent else ""
    return f"JSON of `{kind}/*`, by training seed: {there or 'none'}.{lacking}"

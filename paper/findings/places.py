"""Maps: which tensors and which bit positions carry the harm of an upset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from paper.figures.bits import Positions, positions
from paper.findings.commands import commands
from paper.findings.finding import Finding
from paper.findings.interval import Interval, quotient
from paper.findings.results import Results
from paper.findings.study import NAMES, SUPERVISED
from paper.findings.words import NOTHING, percent, table

SEED = 1
"""Of the trainings that were mapped."""

TOP = 3
"""Tensors that are named."""

HEAD = (
    "network",
    "SDC of one upset, %",
    "top exponent bit: its share, %",
    "weights' share of bits",
    "JSON",
)
TENSORS = (
    "network",
    "tensor",
    "share of bits, %",
    "SDC of one upset in it, %",
    "its share of SDC, %",
)

TOP_EXPONENT = 30


def find(results: Results) -> Finding:
    """No verdict: the paper has no such figures."""
    found = list(_maps(results))
    block = "\n\n".join(
        (
            "SDC is the probability that one upset, anywhere in the weights, changes the "
            "decision on an image. A share is the part of all SDC that falls to the bit "
            "position or to the tensor: its size times its SDC, over the whole; its limits come "
            "from the limits of both. Intervals are 99 % each. Networks of seed 1, unprotected, "
            "float32.",
            "![SDC of one upset by bit position](images/paper-bits.svg)",
            commands(results, "map/densenet-1"),
            table(HEAD, [_row(results, model, content) for model, content in found]),
        )
    )
    tensors = table(TENSORS, [row for model, content in found for row in _tensors(model, content)])
    return Finding("places", "Where the harm is", (), block, _picture(found), {"tensors": tensors})


def _maps(results: Results) -> Iterator[tuple[str, Any]]:
    for model in SUPERVISED:
        content = results.json(f"map/{model}-{SEED}.json")
        if content is not None:
            yield model, content


def share_of(part: Mapping[str, Any], whole: Mapping[str, Any], figure: str = "sdc") -> Interval:
    """The share of all harm that falls to a part of the memory.

    Args:
        part: a row of a map.
        whole: its row for the whole memory.
        figure: ``sdc`` or ``loss``.

    Returns:
        Limits from the limits of both.
    """
    size = part["bits"] / whole["bits"]
    return quotient(Interval.of(part[figure]).times(size), Interval.of(whole[figure]))


def top_exponent(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row of a map for the highest exponent bit of float32."""
    rows = (row for row in content["bits"] if row["dtype"] == "float32")
    return next((row for row in rows if row["bit"] == TOP_EXPONENT), None)


def _row(results: Results, model: str, content: Mapping[str, Any]) -> list[str]:
    whole, top = content["whole"], top_exponent(content)
    weights = sum(kind["bits"] for kind in content["kinds"] if kind["kind"] == "weight")
    return [
        NAMES[model],
        percent(Interval.of(whole["sdc"]), 2),
        percent(share_of(top, whole)) if top else NOTHING,
        f"{100 * weights / whole['bits']:.1f} %",
        f"[{SEED}]({results.link}/map/{model}-{SEED}.json)",
    ]


def _tensors(model: str, content: Mapping[str, Any]) -> list[list[str]]:
    whole = content["whole"]
    ranked = sorted(content["tensors"], key=lambda t: -t["bits"] * t["sdc"]["estimate"])
    return [
        [
            NAMES[model] if not place else "",
            f"`{tensor['name']}`",
            f"{100 * tensor['bits'] / whole['bits']:.1f}",
            percent(Interval.of(tensor["sdc"]), 2),
            percent(share_of(tensor, whole)),
        ]
        for place, tensor in enumerate(ranked[:TOP])
    ]


def _picture(found: Sequence[tuple[str, Any]]) -> dict[str, str]:
    drawn = [
        Positions(NAMES[model], [(row["bit"], Interval.of(row["sdc"])) for row in content["bits"]])
        for model, content in found
    ]
    return {"paper-bits.svg": positions(drawn)} if drawn else {}

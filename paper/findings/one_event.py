"""The view of a single event: what one upset does, and failures in time in a stated memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from paper.findings.commands import commands
from paper.findings.crossing import crossing
from paper.findings.finding import Finding
from paper.findings.interval import Interval
from paper.findings.results import SEEDS, Results
from paper.findings.study import BASE, FORMS
from paper.findings.words import NOTHING, number, numbers, percent, reached, table

SWEPT = {"float": "fp32", "actmax": "fp32", "ptq": "int8"}
"""The sweep that has each form's rates."""

HEAD = (
    "ResNet-20",
    "seed",
    "bits at risk",
    "events, FIT",
    "SDC of one event, %",
    "DUE of one event, %",
    "SDC, FIT",
    "a tenth lost at rate",
    "JSON",
)


def find(results: Results) -> Finding:
    """No verdict: the paper gives rates alone."""
    found = list(_targets(results))
    rows = [_row(results, form, seed, content) for form, seed, content in found]
    block = "\n\n".join(
        (
            "A bit error rate says how many upsets are in the memory at once. Hardware meets "
            "them one by one, and corrects or refreshes in between. SDC and DUE of one event: "
            "the probability that it changes the decision on an image, or that the answer is "
            "NaN or none. FIT: events in 10⁹ hours. What was never seen is given as an upper "
            f"limit. The last column is the rate view of the same network. {_memory(found)}",
            commands(results, "fit/resnet20-1-float"),
            table(HEAD, rows),
        )
    )
    return Finding("one-event", "One event and FIT", (), block)


def _targets(results: Results) -> Iterator[tuple[str, int, Any]]:
    for form in SWEPT:
        for seed in SEEDS:
            content = results.json(f"fit/{BASE}-{seed}-{form}.json")
            if content is not None:
                yield form, seed, content


def _memory(found: list[tuple[str, int, Any]]) -> str:
    """The target as its report describes it."""
    if not found:
        return ""
    content = found[0][2]
    region = content["regions"][0]
    protection = region["protection"]
    return (
        f"The memory is the target `{content['target']['name']}`: {content['target']['about']} "
        f"Raw rate: {region['raw']['fit_per_mbit']:g} FIT/Mbit ({region['raw']['standing']}); "
        f"protection: {protection['rules'] if protection else 'none'}. Intervals are "
        f"{100 * content['campaign']['interval_confidence']:.3g} % each."
    )


def _row(results: Results, form: str, seed: int, content: Any) -> list[str]:
    region = content["regions"][0]
    given, fit = region["given_event"], region["fit"]
    sweep = results.sweep(SWEPT[form], BASE, seed)
    curve = sweep.form(form) if sweep else None
    return [
        FORMS[form],
        str(seed),
        f"{region['bits_at_risk'] / 1e6:.2f} M",
        number(fit["raw"]),
        _share(given["sdc"]),
        _share(given["due"]),
        _count(fit["sdc"]),
        reached(crossing(curve, 0.1)) if curve else NOTHING,
        f"[{seed}]({results.link}/fit/{BASE}-{seed}-{form}.json)",
    ]


def _share(part: dict[str, float]) -> str:
    """An upper limit where nothing was seen."""
    if part["estimate"] == 0:
        return f"≤ {100 * part['high']:.3g}"
    return percent(Interval.of(part), 2)


def _count(part: dict[str, float]) -> str:
    if part["estimate"] == 0:
        return f"≤ {number(part['high'])}"
    return numbers(Interval.of(part))

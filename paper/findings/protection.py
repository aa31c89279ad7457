"""The same networks in protected memories, beside bounded activations."""

from __future__ import annotations

from collections.abc import Iterator

from paper.figures.curves import Line, Panel, curves
from paper.findings.commands import commands
from paper.findings.crossing import crossing, over_trainings
from paper.findings.finding import Finding, sources
from paper.findings.interval import mean
from paper.findings.results import SEEDS, Curve, Results
from paper.findings.seeds import over_seeds
from paper.findings.study import BASE, seed_interval
from paper.findings.words import percent, points, reached, table

HEAD = (
    "ResNet-20",
    "further bits",
    "a tenth lost at",
    "half lost at",
    "area, %",
    "area less unprotected",
    "DUE at the highest rate, %",
)

TITLE = "Accuracy over the bit error rate: protected memories and bounds"

SHOWN = {"none": "unprotected", "secded:64": "SEC-DED, 64-bit words", "mset": "MSET"}


def find(results: Results) -> Finding:
    """No verdict: the paper has no protected memories."""
    kinds = _kinds(results)
    clipped = {
        name: list(results.curves("fp32", BASE, form))
        for name, form in (("ActMax", "actmax"), ("ClipAct", "clipact"))
    }
    every = {**kinds, **clipped}
    bare = {seed: curve.area.estimate for seed, curve in kinds.get("unprotected", [])}
    rows = [_row(name, found, bare) for name, found in every.items() if found]
    block = "\n\n".join(
        (
            "SEC-DED (Hsiao 1970) corrects one flipped bit of a word and ends the run at two; "
            "MSET copies the top exponent bit into the two lowest mantissa bits. ActMax and "
            "ClipAct are the files of the comparison above in an unprotected memory. Check bits "
            "are at risk as well. Intervals over training seeds, 95 % each; no verdict, since "
            "the paper has no such memory.",
            "![Protected memories and bounds](images/paper-protection.svg)",
            commands(results, "protect/resnet20-1"),
            table(HEAD, rows),
            sources(results, "protect", (BASE,)),
        )
    )
    return Finding("protection", "Protected memory", (), block, _picture(every))


def _kinds(results: Results) -> dict[str, list[tuple[int, Curve]]]:
    found: dict[str, list[tuple[int, Curve]]] = {}
    for seed in SEEDS:
        sweep = results.sweep("protect", BASE, seed)
        for curve in sweep.curves if sweep else ():
            rules = curve.protection["rules"] if curve.protection else "none"
            found.setdefault(SHOWN.get(rules, rules), []).append((seed, curve))
    return found


def _row(name: str, found: list[tuple[int, Curve]], bare: dict[int, float]) -> list[str]:
    first = found[0][1]
    more = first.protection["check_bits"] / first.protection["data_bits"] if first.protection else 0
    gains = [curve.area.estimate - bare[seed] for seed, curve in found if seed in bare]
    lost = (over_trainings([crossing(curve, share) for _, curve in found]) for share in (0.1, 0.5))
    return [
        name,
        f"{100 * more:.1f} %",
        *(reached(one) for one in lost),
        percent(seed_interval(curve.area.estimate for _, curve in found)),
        points(seed_interval(gains)) if name != "unprotected" else "–",
        percent(seed_interval(curve.due[-1].estimate for _, curve in found)),
    ]


def _picture(every: dict[str, list[tuple[int, Curve]]]) -> dict[str, str]:
    lines = list(_lines(every))
    panel = Panel("ResNet-20, mean over training seeds", lines)
    return {"paper-protection.svg": curves([panel], "top-1", (7.2, 3.8), TITLE)} if lines else {}


def _lines(every: dict[str, list[tuple[int, Curve]]]) -> Iterator[Line]:
    for place, (name, found) in enumerate(every.items()):
        columns = list(zip(*(curve.metric for _, curve in found), strict=False))
        means = [over_seeds([m.estimate for m in column]) or mean(column) for column in columns]
        if means:
            yield Line(name, list(zip(found[0][1].rates, means, strict=False)), place)

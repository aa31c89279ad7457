"""Segmentation: a small Swin-UNet, whatever comparisons of it there are."""

from __future__ import annotations

from pathlib import PurePosixPath
from statistics import fmean

from paper.findings.finding import Finding, Glance, verdicts
from paper.findings.results import Results, Sweep
from paper.findings.seeds import over_seeds
from paper.findings.verdict import above
from paper.findings.words import code, percent, points, table

FOLDER = "segmentation"
Form = tuple[bool, bool]
"""Pretrained, and bounded by ActMax."""

PRETRAINED = ("simsiam", "swav", "dino", "ssql", "ssl", "pretrained")
OTHERS = ("ptq", "qat", "int8", "relu6", "ranger", "clipact")

HEAD = ("comparison", "model", "without faults, %", "area, %", "area less the first model", "JSON")


def find(results: Results) -> Finding:
    """ActMax over all comparisons; pretraining where both kinds were swept."""
    sweeps = [sweep for sweep in (_read(results, name) for name in results.files(FOLDER)) if sweep]
    glances = (_clipped(sweeps), _pretrained(sweeps))
    block = "\n\n".join(
        (
            verdicts(glances),
            "Rule: the interval of the gain in area, over comparisons of different seeds, is "
            "above 0.",
            code("python -m paper 'segmentation/*'"),
            table(HEAD, [row for sweep in sweeps for row in _rows(results, sweep)]),
        )
    )
    return Finding("segmentation", "Segmentation", glances, block)


def _read(results: Results, name: str) -> Sweep | None:
    stage = PurePosixPath(name).with_suffix("").name
    model, _, seed = stage.rpartition("-")
    content = results.json(name)
    if content is None or "models" not in content or not seed.isdigit():
        return None
    return results.sweep(FOLDER, model, int(seed))


def _areas(sweeps: list[Sweep]) -> dict[int, dict[Form, float]]:
    """Areas by training seed; other forms than bare and ActMax are left out."""
    found: dict[int, dict[Form, float]] = {}
    for sweep in sweeps:
        model, _, seed = sweep.stage.removeprefix(f"{FOLDER}/").rpartition("-")
        for curve in sweep.curves:
            if any(word in curve.form for word in OTHERS):
                continue
            words = f"{model} {curve.form}".lower()
            form = (any(name in words for name in PRETRAINED), "actmax" in words)
            found.setdefault(int(seed), {})[form] = curve.area.estimate
    return found


def _gains(
    areas: dict[int, dict[Form, float]], pairs: tuple[tuple[Form, Form], ...]
) -> list[float]:
    """By seed, the mean over pairs of forms of the one less the other."""
    by_seed = (
        [there[one] - there[other] for one, other in pairs if one in there and other in there]
        for there in areas.values()
    )
    return [fmean(gains) for gains in by_seed if gains]


def _clipped(sweeps: list[Sweep]) -> Glance:
    pairs = tuple(((p, True), (p, False)) for p in (False, True))
    found = over_seeds(_gains(_areas(sweeps), pairs))
    claim = "ActMax helps a SwinUNet “in all scenarios” (section IX, Table 5)"
    return Glance(claim, f"{points(found)} points of area", above(found))


def _pretrained(sweeps: list[Sweep]) -> Glance:
    pairs = tuple(((True, c), (False, c)) for c in (False, True))
    found = over_seeds(_gains(_areas(sweeps), pairs))
    claim = "SSL pretraining helps a SwinUNet “across all fault levels” (section IX, Table 5)"
    return Glance(claim, f"{points(found)} points of area", above(found))


def _rows(results: Results, sweep: Sweep) -> list[list[str]]:
    return [
        [
            sweep.stage.removeprefix(f"{FOLDER}/") if not place else "",
            curve.form,
            f"{100 * curve.golden:.1f}",
            percent(curve.area),
            points(curve.area_gain),
            f"[JSON]({results.link}/{sweep.stage}.json)" if not place else "",
        ]
        for place, curve in enumerate(sweep.curves)
    ]

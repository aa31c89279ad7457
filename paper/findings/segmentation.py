"""Segmentation: a small Swin-UNet, whatever comparisons of it there are."""

from __future__ import annotations

from pathlib import PurePosixPath

from paper.findings.finding import Finding, Glance, verdicts
from paper.findings.results import Results, Sweep
from paper.findings.seeds import over_seeds
from paper.findings.verdict import Verdict, above
from paper.findings.words import code, percent, points, table

FOLDER = "segmentation"
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


def _model(sweep: Sweep) -> tuple[str, int]:
    model, _, seed = sweep.stage.removeprefix(f"{FOLDER}/").rpartition("-")
    return model, int(seed)


def _clipped(sweeps: list[Sweep]) -> Glance:
    gains = [
        curve.area_gain.estimate
        for sweep in sweeps
        for curve in sweep.curves
        if curve.form == "actmax" and curve.area_gain
    ]
    found = over_seeds(gains)
    claim = "ActMax helps a SwinUNet “in all scenarios” (section IX, Table 5)"
    return Glance(claim, f"{points(found)} points of area", above(found))


def _pretrained(sweeps: list[Sweep]) -> Glance:
    claim = "SSL pretraining helps a SwinUNet “across all fault levels” (section IX, Table 5)"
    bare = {_model(s): s.curves[0].area.estimate for s in sweeps}
    plain = {seed: area for (model, seed), area in bare.items() if not _is_pretrained(model)}
    gains = [
        area - plain[seed]
        for (model, seed), area in bare.items()
        if _is_pretrained(model) and seed in plain
    ]
    found = over_seeds(gains)
    verdict = above(found) if found else Verdict.NO_DATA
    return Glance(claim, f"{points(found)} points of area", verdict)


def _is_pretrained(model: str) -> bool:
    return any(name in model for name in ("simsiam", "swav", "dino", "ssql", "ssl", "pretrained"))


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

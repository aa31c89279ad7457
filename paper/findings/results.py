"""The committed JSON of the study, read: sweeps by stage, model and seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paper.findings.interval import Interval

SEEDS = (1, 2, 3)
"""Of the trainings."""


@dataclass(frozen=True)
class Curve:
    """A metric over the bit error rate, of one form of one network.

    Attributes:
        form: name of the model's file without its ending, such as ``actmax``.
        golden: fault-free metric on the test images.
        bits: at risk.
        rates: ascending, per bit.
        metric: at each rate.
        due: share of detected errors at each rate.
        area: mean of the metric over the logarithm of the rate.
        gain: metric less that of the first model of the sweep, under the same upsets.
        area_gain: the same of the area.
        protection: of its memory; None: none.
    """

    form: str
    golden: float
    bits: int
    parameters: int
    file_bytes: int
    rates: tuple[float, ...]
    metric: tuple[Interval, ...]
    due: tuple[Interval, ...]
    area: Interval
    gain: tuple[Interval | None, ...] = ()
    area_gain: Interval | None = None
    protection: Mapping[str, Any] | None = None

    def at(self, rate: float) -> Interval | None:
        """The metric at the rate of the sweep that is this one up to a tenth."""
        near = [i for i, r in enumerate(self.rates) if abs(r / rate - 1) < 0.1]
        return self.metric[near[0]] if near else None


@dataclass(frozen=True)
class Sweep:
    """A comparison: curves of several forms of one network under the same upsets."""

    stage: str
    metric: str
    curves: tuple[Curve, ...]

    def form(self, name: str) -> Curve | None:
        """The curve of a form; None: the comparison does not have it."""
        return next((curve for curve in self.curves if curve.form == name), None)


@dataclass(frozen=True)
class Results:
    """A folder of results.

    Attributes:
        folder: as ``paper/results``.
        link: path of the folder from the page, for links.
        asked: names of files that were asked for, true where they are there.
        kept: what was read.
    """

    folder: Path
    link: str = "../paper/results"
    asked: dict[str, bool] = field(default_factory=dict, compare=False, hash=False)
    kept: dict[str, Any] = field(default_factory=dict, compare=False, hash=False)

    def json(self, name: str) -> Any:
        """A file of the folder, such as ``map/vgg-1.json``; None where it is absent.

        What was asked for is remembered, so that a page can say what was absent.
        """
        if name not in self.kept:
            self.kept[name] = _read(self.folder / name)
            self.asked[name] = self.kept[name] is not None
        return self.kept[name]

    def sweep(self, kind: str, model: str, seed: int) -> Sweep | None:
        """A comparison; None where it is absent.

        Args:
            kind: of the stage, such as ``fp32``.
            model: name in the study.
            seed: of its training.
        """
        stage = f"{kind}/{model}-{seed}"
        if stage not in self.kept:
            content = self.json(f"{stage}.json")
            self.kept[stage] = None if content is None else _sweep(stage, content)
        found: Sweep | None = self.kept[stage]
        return found

    def curves(self, kind: str, model: str, form: str) -> Iterator[tuple[int, Curve]]:
        """One form of one network, for each training seed that is there.

        Args:
            kind: of the stages.
            model: name in the study.
            form: name of the model's file, such as ``actmax``.
        """
        for seed in SEEDS:
            sweep = self.sweep(kind, model, seed)
            curve = sweep.form(form) if sweep else None
            if curve:
                yield seed, curve

    def reports(self, model: str, name: str) -> Iterator[tuple[int, Any]]:
        """A report of each seed beside its networks.

        Args:
            model: name in the study.
            name: of the file, such as ``train.json``.
        """
        for seed in SEEDS:
            content = self.json(f"models/{model}-{seed}/{name}")
            if content is not None:
                yield seed, content

    def record(self, stage: str) -> Any:
        """The record of a stage: its command, seed, times; None where it was not run."""
        return self.records().get(stage)

    def records(self) -> Mapping[str, Any]:
        """All records by stage: collected in one file, or a file each as stages leave them."""
        collected = _read(self.folder / "records.json")
        if collected is not None:
            return dict(collected)
        found = (_read(self.folder / name) for name in self.files("records"))
        return {record["stage"]: record for record in found}

    def files(self, folder: str) -> list[str]:
        """Names of the JSON files in a folder and below, sorted."""
        below = sorted((self.folder / folder).rglob("*.json"))
        return [path.relative_to(self.folder).as_posix() for path in below]

    def absent(self) -> list[str]:
        """Stages that were asked for and are not there, sorted."""
        return sorted(name.removesuffix(".json") for name, there in self.asked.items() if not there)

    def links(self, kind: str, names: Sequence[str]) -> str:
        """Links to files of one kind, by the names that are there.

        Args:
            kind: of the stages.
            names: of the files without ending, such as ``vgg-1``.
        """
        there = [n for n in names if (self.folder / kind / f"{n}.json").exists()]
        return " · ".join(f"[{_short(n)}]({self.link}/{kind}/{n}.json)" for n in there)


def _short(name: str) -> str:
    return name.rpartition("-")[2] if name.rpartition("-")[2].isdigit() else name


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8")) if path.is_file() else None


def _sweep(stage: str, content: Mapping[str, Any]) -> Sweep:
    curves = tuple(_curve(model) for model in content["models"])
    return Sweep(stage, content["metric"] or "agreement", curves)


def _curve(model: Mapping[str, Any]) -> Curve:
    rows = sorted(model["rates"], key=lambda row: row["rate"])
    differences = [(row["difference"] or {}).get("metric") for row in rows]
    gain = model.get("area_difference")
    return Curve(
        form=Path(model["model"]["path"]).stem,
        golden=model["golden"],
        bits=model["model"]["bits_at_risk"],
        parameters=model["model"]["parameters"],
        file_bytes=model["file_bytes"],
        rates=tuple(row["rate"] for row in rows),
        metric=tuple(Interval.of(row["metric"]) for row in rows),
        due=tuple(Interval.of(row["due"]) for row in rows),
        area=Interval.of(model["area"]),
        gain=tuple(Interval.of(d) if d else None for d in differences),
        area_gain=Interval.of(gain) if gain else None,
        protection=model.get("protection"),
    )

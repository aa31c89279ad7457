"""Trials of a report: found again, and checked to be of the same model, data and plan."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.campaign.cells import Cell
from analyzer.campaign.patterns import Draw
from analyzer.errors import BadOption, BadReport, ReportMismatch, quoted
from analyzer.evaluation.outcomes import Outcomes
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.data import data_beside
from analyzer.jobs.render import read_report
from analyzer.jobs.sources import open_model
from analyzer.jobs.sweep import SweepReport
from analyzer.jobs.worst import draw_again
from analyzer.model import Model
from analyzer.reports.shared.trials import TrialPart, trial_name
from analyzer.reports.sweep.record import Report
from analyzer.reports.target.record import TargetReport
from analyzer.reports.target.trials import EventTrialPart
from analyzer.targets.read import shipped_targets

PATHS = ("model", "labels", "masks", "severity", "target")


@dataclass(frozen=True)
class ReportedTrial:
    """One trial of a report.

    Attributes:
        name: Rate, stratum and index; of an event its cell and index.
        draw: Its batches and its pattern, drawn again.
        part: What the report says of it; None: it is none of the worst.
    """

    name: str
    draw: Draw
    part: TrialPart | EventTrialPart | None

    def agrees(self, found: Outcomes) -> bool | None:
        """True if outcomes are those of the report; None where it does not say."""
        if self.part is None:
            return None
        told = (self.part.images, self.part.sdc, self.part.due, self.part.critical_sdc or 0)
        return told == (found.images, found.sdc, found.due, found.critical)


def reported(path: Path, given: Mapping[str, Any]) -> tuple[Report, dict[str, Any]]:
    """The report of a run, and the settings by which its trials are drawn again.

    Args:
        path: the JSON file.
        given: settings that flags give; the report need not have them.

    Raises:
        BadReport: it is no report of a run.
        BadOption: the report does not say where model or data are, and no flag does.
        ReportMismatch: the model is another one.
    """
    found = read_report(path)
    if not isinstance(found, SweepReport):
        raise BadReport(f"{path} is no report of a run, and only those have trials to be replayed")
    record = found.record
    settings = settings_of_report(path, record, given)
    settings |= {"rates": [row.rate for row in record.rates], "batch": record.plan.batch}
    settings |= {"confidence": record.plan.confidence, "precision": record.plan.precision}
    return record, settings


def settings_of_report(
    path: Path, record: Report | TargetReport, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The settings that a report records, its files found again, and its model recognized.

    Args:
        path: of the report.
        record: the report.
        given: settings that flags give; the report need not have them.

    Raises:
        BadOption: the report does not say where model or data are, and no flag does.
        ReportMismatch: the model is another one.
    """
    settings = dict(record.run.settings or {})
    for name in PATHS:
        if name in settings and name not in given and settings[name] not in shipped_targets():
            settings[name] = str(_found(path, settings[name], name))
    if "model" not in {**settings, **given}:
        raise BadOption(f"--model is missing: {path} does not say where its model is")
    model = _model(path, record, Path(given.get("model") or settings["model"]))
    named = settings.pop("data", None)
    if "data" not in given and (data := _data(path, record, model, named)):
        settings["data"] = str(data)
    return settings


def _model(report: Path, record: Report | TargetReport, path: Path) -> Model:
    """The model of a report.

    Raises:
        ReportMismatch: the file holds another one.
    """
    model = open_model(path)
    if model.sha256 != record.model.sha256:
        raise ReportMismatch(
            f"{report} is a report of another model: of {record.model.path} with SHA-256 "
            f"{record.model.sha256[:12]}..., and {path} has {model.sha256[:12]}...; name the right "
            "file by --model"
        )
    return model


def _data(
    report: Path, record: Report | TargetReport, model: Model, named: str | None
) -> Path | None:
    """The data set of a report: where the report says, or the model; None: random inputs.

    A model says so by its metadata, or has the data set beside it under its own name; its digest
    is compared later, as that of any other.

    Raises:
        BadOption: neither leads to a data set.
    """
    found = _place(report, named) if named else None
    if found is None and record.data.kind != "generated":
        found = data_beside(model)
        if found is None:
            why = f"names {quoted(named)}, which is not there" if named else "does not say where"
            raise BadOption(
                f"--data is missing: {report} is a report on {record.data.name}, {why}, and the "
                "model leads to no data set either"
            )
    return found


def _found(report: Path, path: str, name: str) -> Path:
    """A file that a report names.

    Raises:
        BadOption: it is nowhere.
    """
    if found := _place(report, path):
        return found
    raise BadOption(f"--{name} is missing: {report} names {quoted(path)}, which is not there")


def _place(report: Path, path: str) -> Path | None:
    """A path that a report names: as it is named, or beside the report; None: in neither place."""
    named = Path(path)
    places = (named.expanduser(), report.parent / named, report.parent / named.name)
    return next((place for place in places if place.exists()), None)


def check_same(
    path: Path, record: Report | TargetReport, own: str, analysis: Analysis, *, strictly: bool
) -> None:
    """Refuse a report of other data or another plan.

    Args:
        path: of the report.
        record: the report.
        own: id of its plan.
        analysis: the campaign that was made ready.
        strictly: the plan must be the same as well; not for faults of a list.

    Raises:
        ReportMismatch: it is.
    """
    if record.data.kind == "generated" and analysis.data.kind != record.data.kind:
        raise ReportMismatch(
            f"{path} is a report on random inputs, and the model has the data set "
            f"{analysis.data.name} now; replay it on a copy of the model in a folder without one, "
            "by --model"
        )
    if analysis.data.sha256 != record.data.sha256:
        raise ReportMismatch(
            f"{path} is a report on other data: {record.data.name} with SHA-256 "
            f"{record.data.sha256[:12]}..., and {analysis.data.name} has "
            f"{analysis.data.sha256[:12]}...; name the right data by --data"
        )
    plan = analysis.context.plan
    if strictly and plan.id != own:
        raise ReportMismatch(
            f"{path} is a report of plan {own}, and these settings make plan {plan.id}, "
            "whose trials are others; leave out the flags that change the campaign, or give those "
            "by which the report was made"
        )


def find_trials(
    path: Path, record: Report, analysis: Analysis, asked: str | None
) -> Iterator[ReportedTrial]:
    """The trials that are asked for, drawn again.

    Args:
        path: of the report.
        record: the report.
        analysis: the same campaign, made ready.
        asked: number of one of the worst trials, ``RATE/STRATUM/INDEX``, or None: all of the worst.

    Raises:
        BadOption: there is no such trial.
    """
    if asked is None:
        if not record.worst:
            raise BadOption(
                f"{path} has no worst trials: none did any harm, or an older version wrote it; "
                "name a trial by --trial RATE/STRATUM/INDEX"
            )
        for part in record.worst:
            yield _drawn(analysis, part.rate, part.severe, part.trial, part)
        return
    if asked.isdecimal():
        if not 1 <= int(asked) <= len(record.worst):
            raise BadOption(
                f"--trial {asked}: {path} has {len(record.worst)} worst trials, numbered from 1"
            )
        part = record.worst[int(asked) - 1]
        yield _drawn(analysis, part.rate, part.severe, part.trial, part)
        return
    yield _named(analysis, record, asked)


def _named(analysis: Analysis, record: Report, asked: str) -> ReportedTrial:
    """The trial that is asked for by its name.

    Raises:
        BadOption: the name is none, or names a rate or a stratum that there is not.
    """
    rate_text, _, rest = asked.partition("/")
    stratum, _, index = rest.rpartition("/")
    try:
        rate, number = float(rate_text), int(index)
    except ValueError as error:
        raise BadOption(
            f"--trial {quoted(asked)} names no trial; write a number like 1, or "
            "RATE/STRATUM/INDEX like 1e-6/1/42"
        ) from error
    rates = {row.rate: [s.severe for s in row.strata] for row in record.rates}
    if rate not in rates or stratum not in rates[rate] or number < 0:
        known = "; ".join(f"{r!r}: {', '.join(names)}" for r, names in rates.items())
        raise BadOption(
            f"--trial {quoted(asked)}: the report has no such rate or stratum; it has {known}"
        )
    same = (p for p in record.worst if (p.rate, p.severe, p.trial) == (rate, stratum, number))
    return _drawn(analysis, rate, stratum, number, next(same, None))


def _drawn(
    analysis: Analysis, rate: float, stratum: str, index: int, part: TrialPart | None
) -> ReportedTrial:
    strata = analysis.context.patterns.split(rate).strata
    place = next(i for i, found in enumerate(strata) if found.name == stratum)
    name = trial_name(rate, stratum, index)
    return ReportedTrial(name, draw_again(analysis, Cell(rate, place), index), part)

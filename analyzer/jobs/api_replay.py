"""The Python API, the part that runs single patterns again."""

import csv
import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Unpack

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, quoted
from analyzer.jobs.keywords import ReplayKeywords
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.replay import replay as run_again
from analyzer.jobs.replayed_report import ReplayedReport
from analyzer.jobs.report import Report
from analyzer.jobs.requests.replay import ReplayRequest
from analyzer.jobs.signatures import takes
from analyzer.jobs.sources import ModelInMemory, ModelLike, data_source, model_source
from analyzer.jobs.sweep import SweepReport
from analyzer.jobs.target import TargetReport


@takes(ReplayKeywords)
def replay(
    source: SweepReport | TargetReport | ModelLike,
    *,
    observer: Observer = SILENT,
    **options: Unpack[ReplayKeywords],
) -> ReplayedReport:
    """Run single fault patterns again, bit for bit: trials of a report, or a fault list.

    Args:
        source: what `analyzer.run` returned, or the path of its JSON report; with ``faults``, a
            model as `analyzer.run` takes it.
        observer: is told how it goes.
        options: keywords, each optional.

            - ``trial``: number of one of the report's worst trials, from 1, or its name; all of the
              worst without it.
            - ``model``, ``data``, ``target``: those of the report, if they are not where it says,
              or were in memory.
            - ``faults``: a fault list: path of a CSV file, or rows ``(injection, tensor, index,
              bit)`` with bit 0 the least significant. ``faults_out``: file to write such a list to.
            - ``oracle``: True to compare each pattern of a list with an edited file, too.
            - ``keep_outputs``: True to get all outputs as arrays, with and without faults.
            - ``fault``, ``protect``, ``encoding``, ``seed``, ``batch`` and so on, as of
              `analyzer.run`; of a report they are known.

    Returns:
        One pattern after the other: ``patterns`` has their bits and arrays, ``record`` the answer
        to each image, and ``status`` says whether a report, or an edited file, is contradicted.

    Raises:
        ReportMismatch: the model, the data or the target are not those of the report.
        RelcheckError: whatever is wrong with the options, the report, the model or the data.

    >>> import analyzer
    >>> found = replay(
    ...     analyzer.demonstration_model(), faults=[(0, "head.bias", 3, 30)], images=64
    ... )
    >>> found.patterns[0].bits
    (ChangedBit(tensor='head.bias', index=3, bit=30),)
    """
    _check_names(options)
    with TemporaryDirectory(prefix="relcheck-") as place:
        flags = _flags(options, Path(place))
        return run_again(_file_of(source, Path(place)), flags, "analyzer.replay", observer)


def _check_names(options: Mapping[str, Any]) -> None:
    """Refuse keywords that there are not.

    Raises:
        BadOption: there is one.
    """
    known = ReplayKeywords.__annotations__.keys() | ReplayRequest.formats().keys()
    for name in options:
        if name not in known:
            raise BadOption(f"analyzer.replay has no keyword {quoted(name)}{meant(name, known)}")


def _flags(options: Mapping[str, Any], place: Path) -> dict[str, Any]:
    """Keywords as flags hold them; what a program holds is written to files where need be.

    Args:
        options: keywords by name.
        place: folder for such files.
    """
    flags = {name: value for name, value in options.items() if value is not None}
    if "data" in flags:
        flags["data"] = data_source(flags["data"], flags.get("images"))
    if "model" in flags:
        flags["model"] = _model_file(flags["model"], place)
    if "trial" in flags:
        flags["trial"] = str(flags["trial"])
    if "faults" in flags and not isinstance(flags["faults"], str | os.PathLike):
        flags["faults"] = _list_file(flags["faults"], place)
    return flags


def _list_file(rows: Any, place: Path) -> Path:
    """A fault list of rows.

    Raises:
        BadOption: they are no rows.
    """
    path = place / "faults.csv"
    try:
        with path.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(("injection", "tensor", "index", "bit"))
            writer.writerows(rows)
    except (TypeError, csv.Error) as error:
        raise BadOption(
            "--faults is neither a path nor rows (injection, tensor, index, bit)"
        ) from error
    return path


def _file_of(source: Any, place: Path) -> Path:
    """The file of a report or of a model; what a program holds is written.

    Raises:
        BadOption: a report of another job.
    """
    if not isinstance(source, Report):
        return _model_file(source, place)
    if not isinstance(source, SweepReport | TargetReport):
        raise BadOption(
            f"{type(source).__name__} has no trials to be replayed; give what analyzer.run returned"
        )
    path = place / "report.json"
    path.write_text(source.to_json(), "utf-8")
    return path


def _model_file(model: ModelLike, place: Path) -> Path:
    """The file of a model; of a report, its path as it is."""
    source = model_source(model)
    if not isinstance(source, ModelInMemory):
        return source
    path = place / "model.onnx"
    path.write_bytes(source.content)
    return path

"""The Python API, third part: reports that were written, compared; and lists of models."""

from pathlib import Path
from typing import Unpack

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, quoted
from analyzer.jobs.calls import request_from
from analyzer.jobs.diff import diff_reports
from analyzer.jobs.difference_report import DifferenceReport
from analyzer.jobs.keywords import PathLike
from analyzer.jobs.log_odds import LogOddsFound, find_log_odds
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report_keywords import DiffKeywords, LogOddsKeywords
from analyzer.jobs.requests.diff import DiffRequest
from analyzer.jobs.requests.log_odds import LogOddsRequest
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.signatures import takes


@takes(DiffKeywords)
def diff(
    old: PathLike, new: PathLike, *, observer: Observer = SILENT, **options: Unpack[DiffKeywords]
) -> DifferenceReport:
    """Say from two reports whether the new model is significantly worse; run nothing.

    Args:
        old: path of the JSON report of the baseline, of a run or a map.
        new: path of the JSON report that is judged.
        observer: is told of waivers that fit no condition.
        options: keywords, each optional.

            - ``gate``: a condition like ``"top1 >= A - 0.01 @ 1e-6"``, or several. ``waivers``:
              file of those that are excused.
            - ``confidence``: of all differences together, a fraction. ``tolerance``: differences
              up to this are neither worse nor better, a fraction.
            - ``across``: what may differ beside the model, like ``"runtime"``, or several.
            - ``missing_baseline``: ``"error"``, or ``"pass"`` where there may be no old report.
            - ``json``, ``html``, ...: files to write.

    Returns:
        The difference; one row per figure.

    Raises:
        RelcheckError: a file that is no report, or reports that cannot be compared.
    """
    known = DiffKeywords.__annotations__.keys()
    if unknown := [name for name in options if name not in known]:
        name = unknown[0]
        raise BadOption(f"analyzer.diff has no keyword {quoted(name)}{meant(name, known)}")
    flags = {**dict.fromkeys(known), **options}
    return diff_reports(
        ask(DiffRequest, flags, job="diff", old=Path(old), new=Path(new), command="analyzer.diff"),
        observer,
    )


@takes(LogOddsKeywords)
def log_odds(
    listed: PathLike, *, observer: Observer = SILENT, **options: Unpack[LogOddsKeywords]
) -> LogOddsFound:
    """Log-odds of the fault-free figures of many models over several data sets.

    Args:
        listed: path of a CSV file with the columns ``method``, ``dataset``, ``model`` and ``data``,
            and, if wanted, ``variant``, ``labels`` and ``x``.
        observer: is told how it goes.
        options: keywords, each optional.

            - ``images``, ``batch``, ``seed``, ``layout``, ``color``, ``resize``, ``crop``,
              ``scale``, ``mean``, ``std``: as of `analyzer.run`, for every model.
            - ``metric``, ``task``, ``output``: how answers are judged.
            - ``confidence``: of each interval, a fraction.
            - ``json``, ``html``, ``csv``: files to write.

    Returns:
        Means over data sets, and changes between variants; one row per combination.

    Raises:
        BadModelList: the list cannot be read, or lacks a combination.
        RelcheckError: whatever is wrong with the options, a model or its data.
    """
    sources = {"listed": Path(listed), "command": "analyzer.log_odds"}
    return find_log_odds(
        request_from(LogOddsRequest, LogOddsKeywords, options, **sources), observer
    )

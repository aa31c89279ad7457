"""Log-odds of many models over several data sets: judge each without faults, and report."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from scipy.stats import norm

from analyzer.errors import BadModelList, quoted
from analyzer.evaluation.choose import Asked
from analyzer.jobs.before_after import read_images
from analyzer.jobs.expect import sampling_interval
from analyzer.jobs.fault_free import FaultFree, measure
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.model_list import ListedModel, read_model_list
from analyzer.jobs.observer import SILENT, CountStage, Observer
from analyzer.jobs.provenance import tool_part
from analyzer.jobs.report import Report
from analyzer.jobs.requests.log_odds import LogOddsRequest
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.sources import open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.formats import RecordKind
from analyzer.reports.log_odds.build import Study
from analyzer.reports.log_odds.record import UNPROTECTED, JudgedModelPart, LogOddsReport
from analyzer.reports.log_odds.text import log_odds_text
from analyzer.reports.log_odds.words import ASSUMPTIONS
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.tables import Row, log_odds_rows
from analyzer.stats.log_odds import log_odds
from exporters.hardening.metadata import method_of

Cell = tuple[str, str, str]
"""Method, data set, variant."""


@dataclass(frozen=True, repr=False, kw_only=True)
class LogOddsFound(Report[LogOddsReport]):
    """Log-odds of all models of a list."""

    kind: ClassVar[RecordKind | None] = RecordKind.LOG_ODDS

    def to_text(self) -> str:
        """The tables as plain text, 80 columns wide."""
        return log_odds_text(self.record)

    def rows(self) -> list[Row]:
        """One row per method, data set and variant."""
        return log_odds_rows(self.record)


def find_log_odds(request: LogOddsRequest, observer: Observer = SILENT) -> LogOddsFound:
    """Judge every model that is listed without faults, and report their log-odds.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        BadModelList: the list cannot be read, lacks combinations, or mixes metrics.
        RelcheckError: whatever is wrong with a model or its data.
    """
    listed = read_model_list(request.listed)
    inputs = [path for line in listed for path in (line.model, line.data)]
    check_targets([*request.outputs.values()], [request.listed, *inputs])
    watch = Stopwatch(math.inf, inline=True)
    observer.prepared()
    judged: dict[Cell, list[JudgedModelPart]] = {}
    found: list[tuple[ListedModel, FaultFree]] = []
    with observer.stage(CountStage(len(listed), "judging models")):
        for number, line in enumerate(listed):
            variant, figure, part = _judge(line, request, observer)
            found.append((line, figure))
            judged.setdefault((line.method, line.dataset, variant), []).append(part)
            observer.step(number)
    _check_metrics(found)
    study = _study(request, listed, judged)
    record = _record(request, listed, study, found[0][1].metric, watch)
    written = write_report(RecordKind.LOG_ODDS, record, request.outputs)
    return LogOddsFound(
        record=record, written=tuple(written), printed=printed_form(request.outputs)
    )


def _judge(
    line: ListedModel, request: LogOddsRequest, observer: Observer
) -> tuple[str, FaultFree, JudgedModelPart]:
    """One model: its variant, its figure, and the part of the record."""
    model = open_model(line.model)
    own = request.model_copy(update={"data": line.data, "labels": line.labels})
    asked = Asked(request.task, request.output, request.metric)
    images = replace(read_images(model, own, observer), asked=asked)
    figure = measure(model, images, observer)
    interval = None
    if figure.counted:
        low, high = sampling_interval(
            figure.value, figure.images, float(norm.ppf((1.0 + request.confidence) / 2.0))
        )
        interval = IntervalPart(estimate=figure.value, low=low, high=high)
    part = JudgedModelPart(
        model=str(line.model),
        model_sha256=model.sha256,
        data=images.data.name,
        data_sha256=images.data.sha256,
        images=figure.images,
        accuracy=figure.value,
        interval=interval,
        log_odds=log_odds(figure.value, figure.images),
        half_added=figure.value in (0.0, 1.0),
        fed=images.data.recipe.summary,
        remarks=list(images.data.remarks),
    )
    return line.variant or method_of(model.proto) or UNPROTECTED, figure, part


def _check_metrics(found: Sequence[tuple[ListedModel, FaultFree]]) -> None:
    """Refuse models that are judged by different metrics.

    Raises:
        BadModelList: there are such.
    """
    first, wanted = found[0]
    for line, figure in found:
        if figure.metric != wanted.metric:
            raise BadModelList(
                f"{line.where} is judged by {figure.metric}, and {first.where} by "
                f"{wanted.metric}; name one --metric for all"
            )


def _study(
    request: LogOddsRequest,
    listed: Sequence[ListedModel],
    judged: dict[Cell, list[JudgedModelPart]],
) -> Study:
    """The judged models by method, data set and variant, none missing.

    Raises:
        BadModelList: a combination has no model.
    """
    methods, datasets = _once(m.method for m in listed), _once(m.dataset for m in listed)
    variants = _once(variant for _, _, variant in judged)
    if UNPROTECTED in variants:
        variants = [UNPROTECTED, *(v for v in variants if v != UNPROTECTED)]
    for variant in variants:
        for method in methods:
            for dataset in datasets:
                if (method, dataset, variant) not in judged:
                    raise BadModelList(
                        f"{request.listed} lists no model of method {quoted(method)} on "
                        f"{quoted(dataset)} in the variant {quoted(variant)}; the difficulty of a "
                        "data set can be removed only where every method met it"
                    )
    return Study(methods, datasets, variants, judged, request.confidence)


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _record(
    request: LogOddsRequest,
    listed: Sequence[ListedModel],
    study: Study,
    metric: str,
    watch: Stopwatch,
) -> LogOddsReport:
    places = {line.method: line.x for line in listed if line.x is not None}
    if places.keys() != set(study.methods):
        _check_places(places, study, request.listed)
        places = {}
    return LogOddsReport(
        tool=tool_part(),
        listed=request.listed.name,
        metric=metric,
        confidence=study.confidence,
        methods=list(study.methods),
        datasets=list(study.datasets),
        variants=list(study.variants),
        places=places,
        cells=study.cells(),
        means=study.means(),
        effects=study.effects(),
        line=study.line(places),
        assumptions=list(ASSUMPTIONS),
        started=watch.started,
        wall_seconds=round(watch.wall_seconds, 3),
        command=request.command,
    )


def _check_places(places: dict[str, float], study: Study, path: Path) -> None:
    """Refuse an axis on which some methods have no place.

    Raises:
        BadModelList: there are such beside others.
    """
    if places:
        without = next(method for method in study.methods if method not in places)
        raise BadModelList(f"{path} gives {quoted(without)} no x, and others one; give all or none")

"""``relcheck check``: try the usual recipes, and show the fault-free figure of each."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import ClassVar

from analyzer.answers import Failure
from analyzer.errors import BadOption, DataMismatch, GoldenFailed
from analyzer.evaluation.choose import Asked
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.in_memory import Arrays
from analyzer.evaluation.of_model import define_for_model
from analyzer.evaluation.outcome import Judge
from analyzer.evaluation.preprocess import target_of
from analyzer.evaluation.readers import read_data
from analyzer.evaluation.recipe import changes
from analyzer.evaluation.usual_recipes import Entries, other_layouts, usual_sizes, usual_values
from analyzer.jobs.data import data_beside
from analyzer.jobs.expect import check_expectations, sampling_interval
from analyzer.jobs.files import check_targets, write_report
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report import Report
from analyzer.jobs.requests.checks import RecipesRequest
from analyzer.jobs.sources import files_of, open_model
from analyzer.model import Model, Preprocessing, read_preprocessing
from analyzer.reports.formats import RecordKind
from analyzer.reports.recipes import RecipePart, RecipesReport, recipes_text
from analyzer.reports.tables import Row
from analyzer.runtime.ort.session import open_session, run_session, session_options

CHECKED = 256
"""Images on which recipes are tried if nobody says how many. The right recipe of a network and
a wrong one differ by more than chance does in such a sample."""

TOGETHER = 16
"""Images of one run."""

FINALISTS = 3
"""Recipes that are tried with other sizes and layouts, beside what is stated."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One recipe and what came of it.

    Attributes:
        how: The recipe.
        words: The same in words.
        score: Sum of the scores, with usual metrics the images whose answer is right; None: the
            model failed.
        failure: Why.
    """

    how: Preprocessing
    words: str
    score: int | None
    failure: str = ""

    @property
    def rank(self) -> int:
        """The lower the better."""
        return 1 if self.score is None else -self.score


class RecipeTrials:
    """Recipes tried out on one model and one data set."""

    def __init__(
        self, model: Model, source: Path | Arrays, request: RecipesRequest, observer: Observer
    ) -> None:
        """Open the model, and read the data as is stated.

        Args:
            model: the model.
            source: of its data.
            request: what was asked for.
            observer: hears of every run.

        Raises:
            DataMismatch: the data has no labels.
            InputError: model or data cannot be used.
        """
        self._model, self._source, self._request = model, source, request
        self._observer = observer
        self._session = open_session(model.proto, session_options())
        self.stated = request.preprocessing(model.metadata.preprocessing)
        self.first = self._read(self.stated)
        if self.first.labels is None:
            why = "; ".join(filter(None, (self.first.note, *self.first.remarks)))
            raise DataMismatch(
                f"relcheck check needs labels to tell right answers from wrong ones, and "
                f"{self.first.name} has none{f' ({why})' if why else ''}"
            )
        self._judge = self._found_judge()
        self.metric = self._judge.metric
        self.decision = self._judge.definition.sentence()
        self._tried: dict[Preprocessing, Tried] = {}

    def _read(self, how: Preprocessing) -> Dataset:
        request = self._request
        return read_data(
            self._source,
            self._model.signature,
            how,
            request.images or CHECKED,
            seed=request.seed,
            labels=request.labels,
            masks=request.masks,
            part=request.part,
            names=self._model.metadata.labels,
        )

    def _batches(self, data: Dataset) -> tuple[AnyBatch, ...]:
        fixed = self._model.signature.fixed_batch
        return make_batches(data, fixed or min(TOGETHER, len(data)), 0, fixed is not None)

    def _found_judge(self) -> Judge:
        batch, run = self._batches(self.first)[0], partial(run_session, self._session)
        answer = run(batch.feeds(self._model.signature.name))
        if isinstance(answer, Failure):
            raise GoldenFailed(f"the model fails without any fault: {answer.message}")
        request = self._request
        asked = Asked(request.task, request.output, request.metric)
        return Judge(define_for_model(self._model, self.first, batch, answer, run, asked))

    def run(self) -> list[Tried]:
        """Try every usual recipe: values and colors, then sizes and layouts of the best of them.

        Returns:
            The best first; of equals, what is stated, then those tried earlier.
        """
        self._try(self.stated)
        if self.first.recipe.steps:
            signature, target = self._model.signature, target_of(self._model.signature, self.stated)
            values = list(usual_values(target, self.stated))
            self._try_all([self.stated], values)
            if any(step.name == "fit" for step in self.first.recipe.steps):
                self._vary(list(usual_sizes(target, self.stated)), values)
            self._vary(list(other_layouts(signature, self.stated)), values)
        return self._ranked()

    def _ranked(self) -> list[Tried]:
        return sorted(self._tried.values(), key=lambda tried: tried.rank)

    def _vary(self, ways: Sequence[Entries], values: Sequence[Entries]) -> None:
        """Try other sizes or layouts with what was best so far; all values again if that helps.

        Under a wrong size or layout, the right values may not be the best.
        """
        before = self._ranked()
        self._try_all([self.stated, *(tried.how for tried in before[:FINALISTS])], ways)
        best = self._ranked()[0]
        if best.rank < before[0].rank:
            self._try_all([best.how], values)

    def _try_all(self, bases: Sequence[Preprocessing], ways: Sequence[Entries]) -> None:
        for base, entries in product(bases, ways):
            self._try(read_preprocessing(entries, "option", base))

    def _try(self, how: Preprocessing) -> None:
        if how in self._tried:
            return
        data = self.first if how == self.stated else self._read(how)
        try:
            score, failure = self._score(data), ""
        except GoldenFailed as error:
            score, failure = None, str(error)
        self._tried[how] = Tried(how, data.recipe.plain, score, failure)

    def _score(self, data: Dataset) -> int:
        """Sum of the scores of all images.

        Raises:
            GoldenFailed: the model fails, or answers NaN.
        """
        judge, found = self._judge, 0
        for batch in self._batches(data):
            answer = run_session(self._session, batch.feeds(self._model.signature.name))
            found += judge.golden(answer, batch.labels, batch.images).total
            self._observer.alive()
        return found


@dataclass(frozen=True, repr=False, kw_only=True)
class RecipesFound(Report[RecipesReport]):
    """The recipes that were tried, the best first."""

    kind: ClassVar[RecordKind | None] = RecordKind.RECIPES

    def to_text(self) -> str:
        """The recipes as a table, 80 columns wide."""
        return recipes_text(self.record)

    def rows(self) -> list[Row]:
        """One row per recipe."""
        return [recipe.model_dump(exclude={"flags"}) for recipe in self.record.recipes]


def check_recipes(request: RecipesRequest, observer: Observer = SILENT) -> RecipesFound:
    """Try the usual recipes on a model and its labelled images.

    Args:
        request: what is asked for; preprocessing flags fix entries that are not to be varied.
        observer: is told how it goes.

    Raises:
        BadOption: there is no data.
        InputError: model or data cannot be used, or the data has no labels.
        UnexpectedAccuracy: no recipe reaches what is expected.
    """
    check_targets([*request.outputs.values()], [*files_of(request.model), *request.data_files])
    model = open_model(request.model)
    source = request.data or data_beside(model)
    if source is None:
        raise BadOption("relcheck check needs images with labels; give --data")
    trials = RecipeTrials(model, source, request, observer)
    tried, images = trials.run(), len(trials.first)
    if request.expect and tried[0].score is not None:
        units = images * trials.metric.denominator
        check_expectations(request.expect, trials.metric.name, tried[0].score / units, images)
    record = _record(model, source, request, trials, tried)
    written = write_report(RecordKind.RECIPES, record, request.outputs)
    return RecipesFound(record=record, written=tuple(written))


def _record(
    model: Model,
    source: Path | Arrays,
    request: RecipesRequest,
    trials: RecipeTrials,
    tried: list[Tried],
) -> RecipesReport:
    own, best = model.metadata.preprocessing, tried[0]
    flags = changes(own, best.how)
    words = [word for name, value in flags for word in (f"--{name}", value)]
    out = model.path.with_name(f"{model.path.stem}.fed.onnx")
    data = source.name if isinstance(source, Arrays) else str(source)
    sets = {"labels": request.labels, "masks": request.masks, "part": request.part}
    asked = {"task": request.task, "output": request.output, "metric": request.metric}
    named = {"data": data, **sets, **asked}
    given = [word for k, v in named.items() if v is not None for word in (f"--{k}", str(v))]
    return RecipesReport(
        model=model.path.name,
        model_sha256=model.sha256,
        data=trials.first.name,
        images=len(trials.first),
        metric=trials.metric.name,
        decision=trials.decision,
        recipes=[_part(one, trials, own) for one in tried],
        note=trials.first.note,
        remarks=list(trials.first.remarks),
        run=shlex.join(["relcheck", "run", str(model.path), *given, *words]),
        annotate=shlex.join(["relcheck", "annotate", str(model.path), *words, "-o", str(out)]),
    )


def _part(tried: Tried, trials: RecipeTrials, own: Preprocessing) -> RecipePart:
    images = len(trials.first)
    value = None if tried.score is None else tried.score / (images * trials.metric.denominator)
    low, high = (None, None) if value is None else sampling_interval(value, images)
    return RecipePart(
        recipe=tried.words,
        flags=dict(changes(own, tried.how)),
        stated=tried.how == trials.stated,
        right=tried.score,
        value=value,
        low=low,
        high=high,
        failure=tried.failure,
    )

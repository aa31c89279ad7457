"""Outcomes of a trial: each image masked, SDC or DUE, and the score of its answer.

*Decision*: as the decision rule reads it (`analyzer.evaluation.rules`).
*DUE* (detected unrecoverable error): a runtime error, or NaN or infinity in an output where the
golden run has none. *SDC* (silent data corruption): a decision other than golden's that nothing
announces. *Masked*: the rest. A DUE scores 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure, Result
from analyzer.errors import GoldenFailed
from analyzer.evaluation.dataset import Labels, digest
from analyzer.evaluation.decisions import (
    Bools,
    GoldenForm,
    golden_form,
    has_nan,
    non_finite_images,
    only_row,
)
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.golden_pixels import GoldenPixels, golden_pixels, pixel_harm
from analyzer.evaluation.image_classes import harm_by_class, image_classes
from analyzer.evaluation.metrics.metric import AnswerBatch, Metric
from analyzer.evaluation.outcomes import Outcomes
from analyzer.evaluation.rules.rule import GoldenDecisions, Ints, Outputs, as_class_rule
from analyzer.evaluation.rules.several import decided_anew
from analyzer.evaluation.told import Told, told_answers

Scores = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Golden:
    """The fault-free answers to one batch, as far as judging needs them.

    Outputs themselves are kept only where the rule or the metric compares with them: those of all
    batches may be larger than memory.

    Attributes:
        decisions: The decisions, with outputs where the rule needs them.
        scored: The outputs that the metric sees, where it needs them; else empty.
        forms: Form of each watched output, in the order of the definition.
        scores: int64 (images,), by the metric, in units of 1 over its denominator.
        digest: SHA-256 of the watched outputs.
        only_row: SHA-256 of the judged rows of an image, if those of all images are equal; else
            empty.
        size: Bytes of all outputs together.
        classes: int64 (images,), the decision on each image, where some confusions are critical;
            else None.
        image_classes: int64 (images,), the class by which outcomes are told apart; None: an image
            is of no one class.
        pixels: The answer to the pixels; None: decisions are no classes of pixels.
    """

    decisions: GoldenDecisions
    scored: Outputs
    forms: tuple[GoldenForm, ...]
    scores: Scores
    digest: str
    size: int
    only_row: str = ""
    classes: Ints | None = None
    image_classes: Ints | None = None
    pixels: GoldenPixels | None = None

    @cached_property
    def total(self) -> int:
        """Sum of the scores."""
        return int(self.scores.sum())


class Judge:
    """Compares the answers of faulty runs with golden, and scores them by a metric."""

    def __init__(self, definition: AnswerDefinition) -> None:
        """Keep the definition of an answer.

        Args:
            definition: which outputs are judged, by which rule, and scored by which metric.
        """
        self.definition = definition
        self._axes = tuple((i, definition.axes[i]) for i in definition.watched)
        places = {index: place for place, index in enumerate(definition.watched)}
        self._judged = tuple(places[index] for index in definition.judged)

    @property
    def metric(self) -> Metric:
        """The metric."""
        return self.definition.metric

    def golden(self, result: Result, labels: Labels | None, images: int) -> Golden:
        """Take in the fault-free answer to one batch.

        Args:
            result: what the golden run returned.
            labels: (images, ...), or None.
            images: how many rows count.

        Raises:
            GoldenFailed: the fault-free model fails, or answers NaN or no row of numbers per image.
        """
        if isinstance(result, Failure):
            raise GoldenFailed(f"the model fails without any fault: {result.message}")
        rows = self._rows(result, images)
        self._check_golden(rows, images)
        forms = tuple(
            golden_form(output, axis.found)
            for output, (_, axis) in zip(rows, self._axes, strict=True)
        )
        definition, judged = self.definition, self._judged_rows(rows)
        kept = judged if definition.rule.needs_outputs else ()
        decisions = GoldenDecisions(definition.rule.decide(judged, images), kept, images)
        seen = definition.scored_outputs(judged)
        rule, unharmed = definition.scored_rule, np.ones(images, bool)
        scores = self.metric.score(AnswerBatch(seen, seen, labels, unharmed, rule))
        scored = seen if self.metric.needs_golden else ()
        size = sum(output.nbytes for output in result.outputs)
        only = only_row(judged)
        classes = None
        if definition.confusions is not None:
            classes = self._predicted(judged, images)
            assert classes is not None, "the definition was made for a rule with classes"
        of_image = image_classes(definition.rule, labels, judged, images)
        sha, pixels = digest(*rows), golden_pixels(definition.rule, decisions, labels)
        return Golden(decisions, scored, forms, scores, sha, size, only, classes, of_image, pixels)

    def fitted(self, golden: Sequence[Golden]) -> tuple["Judge", tuple[Golden, ...]]:
        """Fix what the rule takes from the whole data set, and decide anew where that matters.

        Args:
            golden: the golden answers to every batch.
        """
        definition = self.definition.fitted([batch.decisions for batch in golden])
        decided = (decided_anew(definition.rule, batch.decisions) for batch in golden)
        found = (replace(own, decisions=d) for own, d in zip(golden, decided, strict=True))
        return Judge(definition), tuple(found)

    def _check_golden(self, rows: Outputs, images: int) -> None:
        """Refuse answers that cannot be golden.

        Raises:
            GoldenFailed: NaN, or an output without a row per image where other batches have one.
        """
        for output, (index, axis) in zip(rows, self._axes, strict=True):
            name = self.definition.names[index]
            if axis.found and output.shape[:1] != (images,):
                raise GoldenFailed(
                    f"output {name!r} has shape {output.shape} for {images} images, and does not "
                    "have one row per image; name the output that is to be judged by --output"
                )
            if has_nan(output):
                raise GoldenFailed(
                    f"the model answers NaN without any fault (output {name!r}); check the data "
                    "and their preprocessing"
                )

    def outcomes(self, golden: Golden, result: Result, labels: Labels | None) -> Outcomes:
        """Judge one faulty answer.

        Args:
            golden: the golden answer to the same batch.
            result: what the faulty run returned.
            labels: (images, ...), or None.
        """
        images, before, unit = len(golden.scores), golden.total, self.metric.denominator
        detected = images * result.detected
        if isinstance(result, Answer) and result.as_written:
            golden_ones = Outcomes(images, masked=images, right=before, denominator=unit)
            return replace(golden_ones, corrected=images)
        if isinstance(result, Failure):
            return replace(self.no_answer(golden), detected=detected)
        rows = self._rows(result, images)
        due, changed = self._marks(golden, rows)
        masked = ~(changed | due)
        own = golden.decisions, golden.pixels
        pixels = pixel_harm(self.definition.rule, own, self._judged_rows(rows), labels, due)
        if masked.all() and self.metric.follows_decision:
            unharmed = Outcomes(images, 0, 0, images, 0, 0, before, detected, unit)
            return replace(unharmed, pixels=pixels)
        moved = self._scores(golden, rows, labels, due, masked) - golden.scores
        sdc, found = int(np.count_nonzero(changed)), int(np.count_nonzero(due))
        lost = -int(np.minimum(moved, 0).sum())
        gained = int(moved.sum()) + lost
        kept = images - sdc - found
        whole = Outcomes(images, sdc, found, kept, lost, gained, before, detected, unit)
        whole = replace(whole, pixels=pixels)
        if not sdc:
            return whole
        critical = self._critical(golden, rows, changed)
        by_class = harm_by_class(golden.image_classes, changed, critical)
        return replace(whole, critical=int(np.count_nonzero(critical)), by_class=by_class)

    def _critical(self, golden: Golden, rows: Outputs, changed: Bools) -> Bools:
        """Images whose silent corruption is critical: bool (images,)."""
        confusions = self.definition.confusions
        if confusions is None or golden.classes is None:
            return np.zeros_like(changed)
        faulty = self._predicted(self._judged_rows(rows), len(changed))
        return confusions.critical(golden.classes, faulty, changed)

    def _predicted(self, judged: Outputs, images: int) -> Ints | None:
        """The class of each image, int64 (images,); None where the answer tells none."""
        rule = as_class_rule(self.definition.rule)
        assert rule is not None, "confusions are of classes"
        try:
            return rule.predicted(judged, images, 1)[:, 0]
        except GoldenFailed:
            return None

    def no_answer(self, golden: Golden) -> Outcomes:
        """Outcomes of a run without an answer: DUE on every image.

        Args:
            golden: the golden answer to the same batch.
        """
        images, right, unit = len(golden.scores), golden.total, self.metric.denominator
        none = Outcomes(images, due=images, lost=right, right=right, denominator=unit)
        return none if golden.pixels is None else replace(none, pixels=golden.pixels.lost)

    def classes(self, golden: Golden, result: Result) -> npt.NDArray[np.int8]:
        """The outcome of each image.

        Args:
            golden: the golden answer.
            result: what the faulty run returned.

        Returns:
            int8 (images,): 0 masked, 1 SDC, 2 DUE.
        """
        if isinstance(result, Failure):
            return np.full(len(golden.scores), 2, np.int8)
        due, changed = self._marks(golden, self._rows(result, len(golden.scores)))
        return np.where(due, 2, changed).astype(np.int8)

    def told(self, result: Result, images: int) -> list[Told | None]:
        """The answer to each image as people read it; None where there is no class to tell.

        Args:
            result: what a run returned.
            images: how many rows count.
        """
        if isinstance(result, Failure):
            return [None] * images
        return told_answers(
            self.definition.rule, self._judged_rows(self._rows(result, images)), images
        )

    def scores(self, golden: Golden, result: Answer, labels: Labels | None) -> Scores:
        """Scores of a faulty answer.

        Args:
            golden: the golden answer to the same batch.
            result: the faulty one.
            labels: (images, ...), or None.

        Returns:
            int64 (images,), in units of 1 over the metric's denominator.
        """
        rows = self._rows(result, len(golden.scores))
        due, changed = self._marks(golden, rows)
        return self._scores(golden, rows, labels, due, ~(changed | due))

    def _rows(self, answer: Answer, images: int) -> Outputs:
        """Every watched output, the axis of images first."""
        return tuple(axis.rows(answer.outputs[index], images) for index, axis in self._axes)

    def _judged_rows(self, rows: Outputs) -> Outputs:
        return tuple(rows[place] for place in self._judged)

    def _scores(
        self, golden: Golden, rows: Outputs, labels: Labels | None, due: Bools, masked: Bools
    ) -> Scores:
        """Scores of an answer whose images have been marked."""
        definition = self.definition
        seen = definition.scored_outputs(self._judged_rows(rows))
        answers = AnswerBatch(seen, golden.scored, labels, masked, definition.scored_rule)
        try:
            scores = self.metric.score(answers)
        except GoldenFailed:  # the answer is not of the form that the rule reads
            return np.zeros(len(masked), np.int64)
        return np.where(due, 0, scores) if due.any() else scores

    def _marks(self, golden: Golden, rows: Outputs) -> tuple[Bools, Bools]:
        """Images with a detected error, and others that changed: bool (images,) each."""
        due = non_finite_images(rows, golden.forms, len(golden.scores))
        changed = self.definition.rule.changed(golden.decisions, self._judged_rows(rows))
        return due, ~due & changed

"""Replayed patterns -> `ReplayReport`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from analyzer.campaign.replay import ImageAnswer, Replayed
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.confusions import Confusions
from analyzer.evaluation.dataset import Dataset, batch_order
from analyzer.evaluation.told import Told
from analyzer.faults.bit_changes import ElementChange
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.reports.replay.record import (
    AnswerPart,
    ImagePart,
    PatternPart,
    ReplayPlanPart,
    ReplayReport,
)
from analyzer.reports.shared.build import NO_NOTES, ModelNotes, data_part, model_part
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.records import GoldenPart, ProtectionPart, RunPart, ToolPart
from analyzer.reports.shared.severity import severity_part
from analyzer.reports.shared.trials import element_part

OUTCOMES: tuple[Literal["masked", "sdc", "due"], ...] = ("masked", "sdc", "due")

MOST_ELEMENTS = 64
"""Changed elements of one pattern in a report; those that move farthest."""


@dataclass(frozen=True)
class PatternFindings:
    """One pattern that was run again.

    Attributes:
        name: Of the injection, or of the trial.
        upsets: Number of faults.
        changed: Number of elements that they change.
        elements: Those that move farthest, the farthest first.
        again: What it did.
        reproduced: Whether the outcomes are those of the report; None: there is none.
    """

    name: str
    upsets: int
    changed: int
    elements: Sequence[ElementChange]
    again: Replayed
    reproduced: bool | None


@dataclass(frozen=True)
class _Images:
    """Names of images and of their classes."""

    starts: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]
    names: Sequence[str]
    confusions: Confusions | None

    def part(self, image: ImageAnswer) -> ImagePart:
        """One image."""
        place = int(self.starts[image.batch]) + image.row
        outcome = OUTCOMES[image.outcome]
        return ImagePart(
            image=int(self.order[place]),
            outcome=outcome,
            critical=outcome == "sdc" and self._is_critical(image),
            golden=self._answer(image.golden),
            faulty=self._answer(image.faulty),
        )

    def _is_critical(self, image: ImageAnswer) -> bool:
        if self.confusions is None or image.golden is None:
            return False
        if image.faulty is None:
            return True
        return self.confusions.is_critical(image.golden.chosen, image.faulty.chosen)

    def _answer(self, told: Told | None) -> AnswerPart | None:
        if told is None:
            return None
        named = 0 <= told.chosen < len(self.names)
        name = self.names[told.chosen] if named else ""
        return AnswerPart(number=told.chosen, name=name, score=told.score)


def build_replay(
    context: TrialContext,
    model: Model,
    space: FaultSpace,
    data: Dataset,
    source: str,
    fault: str,
    found: Sequence[PatternFindings],
    tool: ToolPart,
    run: RunPart,
    notes: ModelNotes = NO_NOTES,
    protection: ProtectionPart | None = None,
) -> ReplayReport:
    """Put everything that was found into one record.

    Args:
        context: of the campaign that the patterns belong to.
        model: the ONNX file.
        space: its bits at risk.
        data: the data set.
        source: name of the fault list, or of the report.
        fault: the fault model, or the events, as reports write them.
        found: the patterns, in the order in which they were run.
        tool: versions.
        run: times and host.
        notes: on how the model ran.
        protection: of the memory.
    """
    plan, definition = context.plan, context.golden.judge.definition
    starts = np.concatenate(([0], context.golden.ends[:-1]))
    order = batch_order(len(data), plan.seed)
    images = _Images(starts, order, model.metadata.labels, definition.confusions)
    return ReplayReport(
        tool=tool,
        model=model_part(model, space, notes),
        data=data_part(data),
        golden=GoldenPart(metric=plan.metric, value=context.golden.metric),
        decision=decision_part(definition),
        plan=ReplayPlanPart(
            source=source,
            id=plan.id,
            exposure=plan.exposure.value,
            encoding=plan.encoding,
            fault=fault,
            batch=plan.batch,
            seed=plan.seed,
        ),
        protection=protection,
        severity=severity_part(definition.confusions),
        patterns=[_pattern(one, images) for one in found],
        run=run,
    )


def _pattern(found: PatternFindings, images: _Images) -> PatternPart:
    o = found.again.outcomes
    edited: Literal["same", "different"] | None = None
    if found.again.compared:
        edited = "different" if found.again.differing else "same"
    return PatternPart(
        name=found.name,
        images=o.images,
        sdc=o.sdc,
        critical_sdc=None if images.confusions is None else o.critical,
        due=o.due,
        masked=o.masked,
        lost=(o.lost - o.gained) / o.denominator,
        upsets=found.upsets,
        changed=found.changed,
        elements=[element_part(change) for change in found.elements],
        outputs_sha256=found.again.digest,
        edited_file=edited,
        reproduced=found.reproduced,
        shown=[images.part(image) for image in found.again.images],
    )

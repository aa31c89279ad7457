"""A campaign of single events taken apart: by class, by tensor, by bit position, and its worst."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from analyzer.campaign.class_shares import CellTrials, ClassShares, class_shares, image_classes
from analyzer.campaign.events.parts import MemoryPart, memory_parts
from analyzer.campaign.events.result import UNTRIED
from analyzer.campaign.events.task import EventTask
from analyzer.campaign.events.trials import StratumTrials, event_trials
from analyzer.campaign.events.worst import WorstEvent, worst_events
from analyzer.campaign.trials import TrialContext
from analyzer.faults.bit_positions import BitPosition
from analyzer.faults.space import FaultSpace

Key = TypeVar("Key", bound=Hashable)

FIRST = 20
"""Tensors that a report lists singly before it adds up the rest."""


@dataclass(frozen=True)
class EventBreakdown:
    """Figures of parts, given one event anywhere in the memory; and the worst trials.

    Attributes:
        classes: Silent corruption by class; None: decisions are no classes, or there is but one.
        tensors: By index in the fault space; the most silent corruption per bit of storage first.
        rest: Those behind the first `FIRST` together; None: there are none.
        bits: By bit position, in the same order.
        worst: The worst one first.
        confidence: Of each interval of tensors and bits: that of the last look.
    """

    classes: ClassShares | None
    tensors: Mapping[int, MemoryPart]
    rest: MemoryPart | None
    bits: Mapping[BitPosition, MemoryPart]
    worst: Sequence[WorstEvent]
    confidence: float


def broken_down(task: EventTask) -> EventBreakdown:
    """Take a finished campaign apart.

    Args:
        task: the campaign.
    """
    context, trials = task.context, event_trials(task)
    parts = partial(memory_parts, context, trials, confidence=task.confidence)
    tensors = _ranked(parts(key=_tensor))
    behind = set(list(tensors)[FIRST:])
    rest = parts(key=lambda tensor, _: tensor in behind).get(True) if behind else None
    return EventBreakdown(
        classes=_classes(context, trials, task.confidence),
        tensors=tensors,
        rest=rest,
        bits=_ranked(parts(key=partial(_position, context.space))),
        worst=worst_events(trials),
        confidence=task.confidence,
    )


def _tensor(tensor: int, _bit: int) -> int:
    return tensor


def _position(space: FaultSpace, tensor: int, bit: int) -> BitPosition:
    site = space.tensors[tensor]
    return BitPosition(site.dtype, site.codec.name, bit)


def _ranked(parts: Mapping[Key, MemoryPart]) -> dict[Key, MemoryPart]:
    """By silent corruption per bit of storage; what has no estimate comes last, by its share."""

    def place(entry: tuple[Key, MemoryPart]) -> tuple[bool, float, float]:
        part = entry[1]
        share = part.sdc_share.estimate if part.sdc_share else 0.0
        return part.sdc is None, -part.sdc.estimate if part.sdc else 0.0, -share

    return dict(sorted(parts.items(), key=place))


def _classes(
    context: TrialContext, trials: Sequence[StratumTrials], confidence: float
) -> ClassShares | None:
    """Silent corruption by class, over all regions with events."""
    classes = image_classes(context.golden)
    if classes is None:
        return None
    cells = [
        CellTrials(own.weight, own.outcomes, own.batches, counted=own.seen.exact is not None)
        for own in trials
        if own.weight > 0.0
    ]
    told = context.golden.judge.definition.confusions is not None
    return class_shares(classes, cells, confidence, UNTRIED, told)

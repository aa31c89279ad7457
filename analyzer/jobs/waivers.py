"""Waivers of a gate: read before the work, put beside verdicts after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from analyzer.errors import BadGate
from analyzer.gate import Condition, Judgement, Level, Waiver
from analyzer.gate.difference import AnyCondition
from analyzer.gate.map_condition import MapCondition
from analyzer.gate.waiver import parse_waivers
from analyzer.jobs.observer import Observer


def read_waivers(
    path: Path | None, conditions: Sequence[AnyCondition | MapCondition], observer: Observer
) -> tuple[Waiver, ...]:
    """The waivers of a file; one that excuses no condition, or has expired, is told.

    Args:
        path: of the file; None: there are no waivers.
        conditions: of the gate.
        observer: is told.

    Raises:
        BadGate: the file cannot be read, or holds something else.
    """
    if path is None:
        return ()
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadGate(f"the file of waivers {path} cannot be read") from error
    waivers = parse_waivers(text, str(path), datetime.now(UTC).date())
    known = {condition.id for condition in conditions}
    for waiver in waivers:
        if waiver.gate not in known:
            observer.message(f"{path} waives {waiver.gate}, which is no condition of this gate")
        elif waiver.expired:
            observer.message(f"the waiver of {waiver.gate} expired on {waiver.expires}")
    return waivers


def unexcused(conditions: Sequence[AnyCondition], waivers: Sequence[Waiver]) -> list[AnyCondition]:
    """Conditions that are not waived: these must be decided.

    Args:
        conditions: of the gate.
        waivers: of its file.
    """
    excused = {waiver.gate for waiver in waivers if not waiver.expired}
    return [condition for condition in conditions if condition.id not in excused]


def with_waivers(
    judgements: Sequence[Judgement], waivers: Sequence[Waiver]
) -> tuple[Judgement, ...]:
    """Judgements with what excuses them.

    Args:
        judgements: of a gate.
        waivers: of its file.
    """
    by_gate = {waiver.gate: waiver for waiver in waivers}
    return tuple(replace(j, waiver=by_gate.get(j.condition.id)) for j in judgements)


def hopeless(
    conditions: Sequence[Condition], waivers: Sequence[Waiver], metric: str, golden: float
) -> Condition | None:
    """A condition that fails the gate without any trial, if there is one.

    Args:
        conditions: of the gate.
        waivers: of its file.
        metric: name of the campaign's metric.
        golden: that metric without faults.
    """
    excused = {waiver.gate for waiver in waivers if not waiver.expired}
    for condition in conditions:
        counts = condition.level is Level.ERROR and condition.id not in excused
        if counts and condition.beyond(metric, golden):
            return condition
    return None

"""The gate of a vulnerability map: conditions on the whole memory, on tensors, on bit positions."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from analyzer.errors import BadGate
from analyzer.faults.bit_positions import BitPosition, field_of
from analyzer.faults.space import FaultSpace
from analyzer.gate import Judgement, Waiver, judge, overall
from analyzer.gate.map_condition import MapCondition
from analyzer.reports.map.gate import WHOLE
from analyzer.reports.map.record import AreaPart, MapConditionPart, MapGatePart, MapReport
from analyzer.reports.shared.waivers import waiver_part
from analyzer.stats.intervals import Interval


def check_parts(conditions: Sequence[MapCondition], space: FaultSpace) -> None:
    """Refuse conditions on parts that the model does not have, before any trial.

    Args:
        conditions: of the gate.
        space: the bits at risk.

    Raises:
        BadGate: a glob or bits that nothing matches.
    """
    names = [site.name for site in space.tensors]
    positions = {
        BitPosition(site.dtype, site.codec.name, bit)
        for site in space.tensors
        for bit in range(site.bits // max(1, site.elements))
    }
    bits = {(position.bit, field_of(position)) for position in positions}
    for condition in conditions:
        if condition.tensors and not any(fnmatchcase(n, condition.tensors) for n in names):
            raise BadGate(
                f"gate {str(condition)!r}: no tensor at risk is named so; relcheck inspect lists "
                "them"
            )
        if condition.bits and not any(condition.takes_bit(*bit) for bit in bits):
            fields = ", ".join(sorted({field for _, field in bits}))
            top = max(bit for bit, _ in bits)
            raise BadGate(
                f"gate {str(condition)!r}: there are no such bits, but 0 to {top}, and the fields "
                f"{fields}"
            )


def judge_map(
    report: MapReport, conditions: Sequence[MapCondition], waivers: Sequence[Waiver] = ()
) -> MapGatePart | None:
    """Judge every condition in every part that it is on.

    Args:
        report: the map, with every such part.
        conditions: of the gate; without any there is no verdict.
        waivers: of its file; one excuses its condition in all parts.
    """
    excuses = {waiver.gate: waiver for waiver in waivers}
    found = [
        (condition, name, area, replace(_judge(condition, area), waiver=excuses.get(condition.id)))
        for condition in conditions
        for name, area in _parts(report, condition)
    ]
    verdict = overall([judged for *_, judged in found], report.model.share_out_of_scope)
    if verdict is None:
        return None
    parts = [
        MapConditionPart(
            condition=str(condition),
            metric=condition.metric,
            bound=condition.bound,
            place=name,
            tensor=name if condition.tensors else None,
            verdict=judged.verdict.value,
            evidence=getattr(area, condition.metric),
            trials=area.trials,
            more_trials=judged.more_trials,
            level=condition.level.value,
            waiver=waiver_part(judged.waiver),
        )
        for condition, name, area, judged in found
    ]
    return MapGatePart(verdict=verdict.value, conditions=parts)


def _parts(report: MapReport, condition: MapCondition) -> Iterator[tuple[str, AreaPart]]:
    """The parts of the memory that a condition is on, with their names."""
    if condition.bits:
        for bit in report.bits:
            if condition.takes_bit(bit.bit, bit.field):
                held = bit.dtype if bit.encoding == "stored" else f"{bit.dtype} as {bit.encoding}"
                yield f"{held} bit {bit.bit}", bit
    elif condition.tensors:
        for tensor in report.tensors:
            if fnmatchcase(tensor.name, condition.tensors):
                yield tensor.name, tensor
    else:
        yield WHOLE, report.whole


def _judge(condition: MapCondition, area: AreaPart) -> Judgement:
    """One part, by its interval: the upper limit counts what is untried as if all of it did harm.

    The limits of `analyzer.stats.areas.estimate_area` are such.
    """
    part = getattr(area, condition.metric)
    interval = None if part is None else Interval(part.estimate, part.low, part.high)
    return judge(condition.plain, interval, area.trials)

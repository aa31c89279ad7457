"""Circumstances of two reports: what must be alike, for a difference to be that of the models."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from analyzer.errors import NotComparable, short
from analyzer.reports.map.record import MapReport
from analyzer.reports.shared.number_format import runtime
from analyzer.reports.sweep.record import Report

AnyRecord = Report | MapReport

SHOWN = 200
"""Characters of one circumstance in a message."""


@dataclass(frozen=True, slots=True)
class Circumstance:
    """One thing that decides figures beside the model.

    Attributes:
        word: Of ``--across``.
        about: Its name in a sentence.
        shown: Its value in a report, as text.
        concerns: Whether it matters to two reports.
        compared: A text that is equal in reports that are alike; None: the one that is shown.
    """

    word: str
    about: str
    shown: Callable[[AnyRecord], str]
    concerns: Callable[[AnyRecord, AnyRecord], bool] = lambda old, new: True
    compared: Callable[[AnyRecord], str] | None = None

    def differs(self, old: AnyRecord, new: AnyRecord) -> bool:
        """True if it matters to two reports, and they are not alike.

        Args:
            old: a report.
            new: another one of the same kind.
        """
        text = self.compared or self.shown
        return self.concerns(old, new) and text(old) != text(new)


def _data(record: AnyRecord) -> str:
    data = record.data
    return f"{data.name} ({data.images} images, sha256 {data.sha256[:12]})"


def _rule(record: AnyRecord) -> str:
    """The rule, and its parameters if they were asked for; others follow from a model's answers."""
    decision, asked = record.decision, record.decision.chosen == "asked"
    values = [f"{key}={value}" for key, value in sorted(decision.parameters.items()) if asked]
    outputs = len(decision.outputs)
    where = f" on {outputs} outputs" if outputs > 1 else ""
    return f"{':'.join([decision.rule, ','.join(values)]).rstrip(':')}{where}"


def _metric(record: AnyRecord) -> str:
    own = record.decision.metric_function
    return f"{record.golden.metric} {own}".strip()


def _severity(record: AnyRecord) -> str:
    part = record.severity
    return "none" if part is None else f"{part.file} (sha256 {part.sha256[:12]})"


def _confusions(record: AnyRecord) -> str:
    return "" if record.severity is None else record.severity.sha256


def _both_tell(old: AnyRecord, new: AnyRecord) -> bool:
    return old.severity is not None and new.severity is not None


def _faults(record: AnyRecord) -> str:
    exposure = getattr(record.plan, "exposure", "")
    return f"{exposure} {record.plan.fault}, encoding {record.plan.encoding}".strip()


def _selection(record: AnyRecord) -> str:
    plan = record.plan
    lists = {"include": plan.include, "exclude": plan.exclude, "kinds": plan.kinds}
    return "; ".join(f"{k} {','.join(v)}" for k, v in lists.items() if v) or "all tensors"


def _protection(record: AnyRecord) -> str:
    return record.protection.rules if record.protection else "none"


def _runtime(record: AnyRecord) -> str:
    exact = ", exact int8 sums" if record.plan.precise_int8 else ""
    return f"{runtime(record.tool)}{exact}"


def _coupled(old: AnyRecord, new: AnyRecord) -> bool:
    return old.model.coupled or new.model.coupled


CIRCUMSTANCES = (
    Circumstance("data", "data set", _data, compared=lambda record: record.data.sha256),
    Circumstance("rule", "decision rule", _rule),
    Circumstance("metric", "metric", _metric),
    Circumstance(
        "severity", "table of critical confusions", _severity, _both_tell, compared=_confusions
    ),
    Circumstance("preprocessing", "preprocessing", lambda record: record.data.fed or "none"),
    Circumstance("batch", "images per run", lambda record: str(record.plan.batch), _coupled),
    Circumstance("faults", "faults", _faults),
    Circumstance("selection", "tensors at risk", _selection),
    Circumstance("protection", "protection of the memory", _protection),
    Circumstance("runtime", "runtime", _runtime),
)


def check_alike(
    old: AnyRecord, new: AnyRecord, across: Sequence[str], names: tuple[str, str]
) -> list[str]:
    """Refuse reports of which a difference would not be that of the models.

    Args:
        old: a report.
        new: another one of the same kind.
        across: words of circumstances that may differ.
        names: of both reports, for messages.

    Returns:
        Sentences on whatever is not alike.

    Raises:
        NotComparable: a circumstance differs that may not.
    """
    found = [c for c in CIRCUMSTANCES if c.differs(old, new)]
    if refused := [c for c in found if c.word not in across]:
        differ = "; ".join(_differs(c, old, new) for c in refused)
        words = ",".join(dict.fromkeys([*across, *(c.word for c in refused)]))
        raise NotComparable(
            f"{names[0]} and {names[1]} do not differ in the model alone: {differ}; run both "
            f"alike, or compare them all the same by --across {words}"
        )
    return [*(f"NOT ALIKE: {_differs(c, old, new)}." for c in found), *_conditions(old, new)]


def _differs(circumstance: Circumstance, old: AnyRecord, new: AnyRecord) -> str:
    first, second = (short(circumstance.shown(record), SHOWN) for record in (old, new))
    return f"{circumstance.about} was {first} and is {second}"


def _conditions(old: AnyRecord, new: AnyRecord) -> Iterator[str]:
    """Sentences on what differs, and leaves the difference that of the models, or nearly."""
    if old.decision.rule == new.decision.rule and (
        old.decision.parameters != new.decision.parameters and _rule(old) == _rule(new)
    ):
        yield (
            f"The tolerances of {new.decision.rule} follow from each model's own answers, and "
            "differ a little; --task fixes them in both runs."
        )
    if old.tool.version != new.tool.version:
        yield f"relcheck was {old.tool.version} and is {new.tool.version}."
    sums = {record.run.int8_sums for record in (old, new)} - {""}
    if len(sums) > 1:
        yield (
            "The processors of the two runs add up 8-bit integers in different ways, which matters "
            "to quantized models; --precise-int8 makes them alike."
        )
    if old.plan.id == new.plan.id:
        yield (
            "Both reports are of one plan, the same model under the same faults: their trials are "
            "the same, and the intervals, which are those of independent runs, are wider than need "
            "be."
        )
    elif old.model.sha256 == new.model.sha256:
        yield "Both reports are of the same model file."

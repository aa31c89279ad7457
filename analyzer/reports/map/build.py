"""`VulnerabilityMap` -> `MapReport`."""

from analyzer.campaign.maps.map import Area, VulnerabilityMap, tensor_bits
from analyzer.campaign.maps.result import SiteStratumResult, TensorResult
from analyzer.campaign.plan import Plan
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.faults.bit_positions import BitPosition, field_of
from analyzer.model import Model
from analyzer.reports.map.record import (
    AreaPart,
    BitPart,
    ColumnPart,
    KindPart,
    LossPart,
    MapPlanPart,
    MapReport,
    SiteStratumPart,
    TensorPart,
)
from analyzer.reports.map.worth import with_worth
from analyzer.reports.shared.assumptions import (
    ReportAssumptions,
    assumptions,
    encoding_sentence,
    shared_bytes,
)
from analyzer.reports.shared.build import (
    NO_NOTES,
    ModelNotes,
    crash_part,
    data_part,
    interval_part,
    model_part,
    plan_fields,
)
from analyzer.reports.shared.decision import decision_part
from analyzer.reports.shared.records import GoldenPart, ProtectionPart, RunPart, ToolPart
from analyzer.reports.shared.severity import severity_part
from analyzer.stats.areas import AreaStratum
from analyzer.stats.intervals import Interval


def build_map_report(
    found: VulnerabilityMap,
    model: Model,
    data: Dataset,
    definition: AnswerDefinition,
    tool: ToolPart,
    run: RunPart,
    exhaustive: bool,
    notes: ModelNotes = NO_NOTES,
    protection: ProtectionPart | None = None,
) -> MapReport:
    """Put everything a reviewer needs into one record.

    Args:
        found: the finished map.
        model: the ONNX file.
        data: the data set.
        definition: what an answer is.
        tool: versions.
        run: times and host.
        exhaustive: whether every site met every image.
        notes: on how the model ran.
        protection: of the memory.
    """
    report = MapReport(
        tool=tool,
        model=model_part(model, found.space, notes),
        data=data_part(data),
        golden=GoldenPart.model_validate({"metric": found.plan.metric, "value": found.golden}),
        decision=decision_part(definition),
        plan=MapPlanPart(
            id=found.plan.id,
            margin=found.plan.precision,
            exhaustive=exhaustive,
            **plan_fields(found.plan),
        ),
        protection=protection,
        severity=severity_part(definition.confusions),
        whole=_area(found.whole),
        kinds=[KindPart(kind=kind, **dict(_area(area))) for kind, area in found.kinds.items()],
        bits=[_bit(position, area) for position, area in found.bits.items()],
        tensors=[
            _tensor(found, tensor, share)
            for tensor, share in zip(found.tensors, found.sdc_shares, strict=True)
        ],
        trials=found.trials,
        leveugle=found.leveugle,
        assumptions=[*map_assumptions(found.plan, data), *shared_bytes(found.space)],
        run=run,
    )
    return with_worth(report)


def _area(area: Area) -> AreaPart:
    found = area.estimate
    return AreaPart(
        bits=area.sites,
        trials=area.trials,
        untried=area.untried,
        sdc=interval_part(found.sdc if found else None),
        due=interval_part(found.due if found else None),
        loss=_loss(found.loss) if found else None,
        critical_sdc=interval_part(found.critical_sdc if found else None),
    )


def _loss(loss: Interval) -> LossPart:
    """Cut to [-1, 1], which a sum of weights may miss by an ulp."""
    ends = (loss.estimate, loss.low, loss.high)
    estimate, low, high = (min(max(x, -1.0), 1.0) for x in ends)
    return LossPart(estimate=estimate, low=low, high=high)


def _bit(position: BitPosition, area: Area) -> BitPart:
    return BitPart(
        dtype=position.dtype,
        encoding=position.codec,
        bit=position.bit,
        field=field_of(position),
        **dict(_area(area)),
    )


def _tensor(found: VulnerabilityMap, tensor: TensorResult, share: float | None) -> TensorPart:
    site = found.space.tensors[tensor.tensor]
    area = Area(site.bits, tensor.trials, tensor.untried, tensor.estimate)
    return TensorPart(
        name=site.name,
        kind=site.kind.value,
        dtype=site.dtype,
        shape=list(site.shape),
        sdc_share=None if share is None else min(share, 1.0),
        exhaustive=tensor.exhaustive,
        leveugle=tensor.leveugle,
        stop=tensor.stop.value,
        strata=[_stratum(s) for s in tensor.strata],
        columns=[_column(bit, seen) for bit, seen in sorted(tensor_bits(tensor), key=_first)],
        crashes=[crash_part(c) for c in tensor.crashes],
        **dict(_area(area)),
    )


def _first(entry: tuple[int, AreaStratum]) -> int:
    return entry[0]


def _stratum(stratum: SiteStratumResult) -> SiteStratumPart:
    return SiteStratumPart.model_validate(
        {
            "reach": str(stratum.reach),  # pydantic 2.8 takes no StrEnum for a Literal
            "positions": list(stratum.positions),
            "trials": stratum.seen.tally.trials,
            "exhaustive": stratum.seen.exact is not None,
        }
    )


def _column(bit: int, seen: AreaStratum) -> ColumnPart:
    tally = seen.tally
    if seen.exact is not None:
        return ColumnPart(bit=bit, trials=tally.trials, sdc=seen.exact.sdc, due=seen.exact.due)
    if not tally.trials:
        return ColumnPart(bit=bit, trials=0, sdc=None, due=None)
    whole = tally.trials * tally.unit
    sdc, due = tally.sdc.total / whole, tally.due.total / whole
    return ColumnPart(bit=bit, trials=tally.trials, sdc=sdc, due=due)


def map_assumptions(plan: Plan, data: Dataset) -> list[str]:
    """The assumptions of a map, in sentences.

    Args:
        plan: of the map.
        data: the data set.
    """
    faults = [
        "Each figure is a probability given exactly one upset (fault model "
        f"{plan.fault}) placed uniformly in the part it stands for, and one image of the data set "
        f"chosen uniformly. {encoding_sentence(plan)}"
    ]
    if plan.fault.kind.caveat:
        faults.append(plan.fault.kind.caveat)
    own = ReportAssumptions(
        faults=faults,
        trials=(
            "Trials of a tensor are stratified by how far an upset moves its values and stop when "
            f"half the width of its {plan.confidence:.0%} intervals of SDC and of DUE is at most "
            f"{100 * plan.precision:g} points. Where everything was counted, the figure is exact.",
        ),
        covered="the choice of upsets and of images from it, not that of the data set",
    )
    return assumptions(plan, data, own)

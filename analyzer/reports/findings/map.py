"""The findings of a vulnerability map: that it is finished, and the tensors that carry most SDC."""

from analyzer.reports.findings.parts import (
    artifacts_of,
    completeness,
    facts_of,
    titled,
    with_bounds,
)
from analyzer.reports.findings.record import Findings, Table
from analyzer.reports.map.record import AreaPart, MapReport, TensorPart, advice, by_share
from analyzer.reports.shared import number_format as figures

SHOWN = 20
"""Tensors in the table; CSV, HTML and JSON have all."""


def map_findings(report: MapReport) -> Findings:
    """Findings for a pipeline from a map."""
    stops = [tensor.stop for tensor in report.tensors]
    checks = (completeness(stops, "the map", report.trials),)
    whole = report.whole
    return Findings(
        title=titled(checks),
        artifacts=artifacts_of([report.model], report.run),
        version=report.tool.version,
        started=report.run.started,
        seconds=report.run.wall_seconds,
        command=report.run.command,
        checks=checks,
        lead=(
            f"One upset anywhere causes SDC with a probability of {with_bounds(whole.sdc)} %, and "
            f"DUE with {with_bounds(whole.due)} %.",
            advice(report),
        ),
        tables=(_tensors(report),),
        notes=(f"In brackets: {100 * report.plan.confidence:g} % confidence intervals.",),
        facts=(
            *facts_of([report.model], report.data, report.tool, report.run),
            ("plan", f"{report.plan.id}, seed {report.plan.seed}, {report.plan.fault}"),
        ),
    )


def _tensors(report: MapReport) -> Table:
    ranked = by_share(report)
    rows = [
        (t.name, figures.si(t.bits), *_cells(t), _share(t), f"{t.trials:,}") for t in ranked[:SHOWN]
    ]
    heads = ("tensor", "bits", "SDC %", "DUE %", "share of SDC %", "trials")
    of = f" (of {len(ranked)})" if len(ranked) > SHOWN else ""
    return Table(f"Tensors that carry most SDC{of}", heads, tuple(rows))


def _cells(area: AreaPart) -> tuple[str, str]:
    return with_bounds(area.sdc), with_bounds(area.due)


def _share(tensor: TensorPart) -> str:
    share = tensor.sdc_share
    return figures.UNKNOWN if share is None else figures.percent(share)

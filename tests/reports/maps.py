"""Vulnerability maps written by hand: what they render to is the same everywhere."""

from typing import Any

from analyzer.gate.map_condition import parse_map_gate
from analyzer.jobs.map_gate import judge_map
from analyzer.reports.map.record import (
    AreaPart,
    KindPart,
    LossPart,
    MapPlanPart,
    MapReport,
    TensorPart,
)
from tests.reports.examples import example_report, interval


def area(bits: int, sdc: float) -> dict[str, Any]:
    """A part of the memory in which one upset is silently corrupting with probability ``sdc``."""
    return {
        "bits": bits,
        "trials": 640,
        "untried": 0.0,
        "sdc": interval(sdc, max(0.0, sdc - 0.01), sdc + 0.01),
        "due": interval(0.0, 0.0, 0.008),
        "loss": LossPart(estimate=0.9 * sdc, low=0.8 * sdc, high=sdc),
    }


def tensor(name: str, bits: int, sdc: float, share: float, **changed: Any) -> TensorPart:
    fields: dict[str, Any] = {
        **area(bits, sdc),
        "name": name,
        "kind": "weight",
        "dtype": "float32",
        "shape": [bits // 32],
        "sdc_share": share,
        "exhaustive": False,
        "leveugle": 16000,
        "stop": "precision",
        "strata": [],
        "columns": [],
        "crashes": [],
    }
    return TensorPart(**{**fields, **changed})


def example_map(**changed: Any) -> MapReport:
    """Two tensors; any part can be replaced."""
    base = example_report()
    fields: dict[str, Any] = {
        "tool": base.tool,
        "model": base.model,
        "data": base.data,
        "golden": base.golden,
        "decision": base.decision,
        "plan": MapPlanPart(
            id="0123456789abcdef",
            seed=0,
            encoding="stored",
            fault="flip",
            margin=0.01,
            confidence=0.99,
            batch=32,
            exhaustive=False,
            include=[],
            exclude=[],
            kinds=[],
        ),
        "whole": AreaPart(**area(96_000, 0.03)),
        "kinds": [KindPart(**area(96_000, 0.03), kind="weight")],
        "bits": [],
        "tensors": [
            tensor("conv1.weight", 32_000, 0.06, 0.7),
            tensor("head.weight", 64_000, 0.015, 0.3),
        ],
        "trials": 1280,
        "leveugle": 32000,
        "assumptions": [],
        "run": base.run.model_copy(update={"command": "relcheck map digits.onnx"}),
    }
    return MapReport(**{**fields, **changed})


def unfinished_map() -> MapReport:
    """The budget ended in one tensor."""
    first, second = example_map().tensors
    return example_map(tensors=[first, second.model_copy(update={"stop": "budget"})])


def gated_map() -> MapReport:
    """Conditions on the whole memory, on tensors and on bits: one of each verdict."""
    texts = ("sdc <= 0.05", "sdc <= 0.1 @ conv*", "warn: due <= 0.001 @ *")
    gate = judge_map(example_map(), [*map(parse_map_gate, texts)])
    return example_map(gate=gate)


MAPS = {
    "map": example_map,
    "unfinished-map": unfinished_map,
    "map-gated": gated_map,
}

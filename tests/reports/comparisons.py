"""Comparisons written by hand: what they render to is the same everywhere."""

from typing import Any

from analyzer.gate import Verdict
from analyzer.reports.comparison.record import (
    ComparedConditionPart,
    ComparedGatePart,
    ComparedModelPart,
    ComparedRatePart,
    Comparison,
    CorrespondencePart,
    RateDifferencePart,
    SharedPlanPart,
)
from analyzer.reports.shared.records import ModelPart
from analyzer.reports.shared.signed_numbers import DifferencePart
from tests.reports.examples import example_report, interval

RATES = (1e-7, 3e-6, 1e-4)


def change(estimate: float, low: float, high: float) -> DifferencePart:
    return DifferencePart(estimate=estimate, low=low, high=high)


def compared_rate(rate: float, loss: float, than: float | None, **changed: Any) -> ComparedRatePart:
    """One model that loses ``loss`` where the reference loses ``than``."""
    difference = None
    if than is not None:
        less = than - loss
        difference = RateDifferencePart(
            metric=change(less, less - 0.012, less + 0.011),
            sdc=change(-less, -less - 0.011, -less + 0.012),
            due=change(0.0, -0.008, 0.008),
            paired_trials=1200,
            reached=less < 0.3,
            pairing_gain=0.42,
        )
    fields: dict[str, Any] = {
        "rate": rate,
        "expected_flips": 8609088 * rate,
        "trials": 1234,
        "stop": "precision",
        "metric": interval(0.98 - loss, 0.97 - loss, min(1.0, 0.99 - loss)),
        "sdc": interval(loss, max(0.0, loss - 0.01), loss + 0.01),
        "due": interval(0.0, 0.0, 0.0041),
        "crashes": 0,
        "difference": difference,
    }
    return ComparedRatePart(**{**fields, **changed})


LOSSES = (0.0, 0.12, 0.9)


def compared_model(label: str, path: str, share: float, **changed: Any) -> ComparedModelPart:
    """A model that loses ``share`` of what the reference loses."""
    reference = label == "A"
    area = 0.98 - share * sum(LOSSES) / 3
    fields: dict[str, Any] = {
        "label": label,
        "model": ModelPart(
            path=path, sha256="ab" * 32, opset=17, parameters=269034, bits_at_risk=8609088
        ),
        "file_bytes": 1_081_344,
        "plan_id": "0123456789abcdef",
        "golden": 0.9833,
        "correspondence": None
        if reference
        else CorrespondencePart(
            bits=8608000, of_reference=1.0, of_model=0.99987, faults="paired", same_file=False
        ),
        "rates": [
            compared_rate(r, share * x, None if reference else x)
            for r, x in zip(RATES, LOSSES, strict=True)
        ],
        "area": interval(area, area - 0.004, area + 0.004),
        "area_difference": None if reference else change(area - 0.64, area - 0.65, area - 0.63),
    }
    return ComparedModelPart(**{**fields, **changed})


def example_comparison(**changed: Any) -> Comparison:
    """A network, its clipped and its int8 version; any part can be replaced."""
    base = example_report()
    fields: dict[str, Any] = {
        "tool": base.tool,
        "data": base.data,
        "decision": base.decision,
        "plan": SharedPlanPart(**base.plan.model_dump(exclude={"id"})),
        "metric": "top1",
        "models": [
            compared_model("A", "resnet20.onnx", 1.0),
            compared_model("B", "resnet20_clipact.onnx", 0.25),
            compared_model(
                "C",
                "resnet20_int8.onnx",
                0.05,
                correspondence=CorrespondencePart(
                    bits=0, of_reference=0.0, of_model=0.0, faults="independent", same_file=False
                ),
            ),
        ],
        "assumptions": ["Every bit at risk is hit independently."],
        "run": base.run.model_copy(update={"command": "relcheck compare resnet20.onnx ..."}),
    }
    return Comparison(**{**fields, **changed})


def unlabelled(model: ComparedModelPart) -> ComparedModelPart:
    """The same without anything that needs labels."""
    rows = [
        row.model_copy(
            update={
                "metric": None,
                "difference": row.difference and row.difference.model_copy(update={"metric": None}),
            }
        )
        for row in model.rates
    ]
    nothing = {"golden": None, "area": None, "area_difference": None}
    return model.model_copy(update={"rates": rows, **nothing})


def generated_comparison() -> Comparison:
    """Random inputs, the same file twice, a budget that ended, a pattern that kills."""
    base = example_comparison()
    data = base.data.model_copy(
        update={"kind": "generated", "name": "generated", "images": 64, "labelled": False}
    )
    first, second = (unlabelled(m) for m in base.models[:2])
    short = second.rates[2].model_copy(update={"stop": "budget", "trials": 48, "crashes": 2})
    matched = second.correspondence
    assert matched is not None
    same = second.model_copy(
        update={
            "rates": [*second.rates[:2], short],
            "correspondence": matched.model_copy(update={"same_file": True, "of_model": 1.0}),
        }
    )
    return example_comparison(data=data, metric=None, models=[first, same])


def gated_comparison() -> Comparison:
    """Conditions on differences and on a figure, for two models beside the reference."""

    def part(text: str, model: str, verdict: str, *evidence: float) -> ComparedConditionPart:
        metric, operator, rest = text.removeprefix("warn: ").split(maxsplit=2)
        bound, _, rate = rest.partition(" @ ")
        found = change(*evidence) if evidence else None
        return ComparedConditionPart(
            condition=text,
            model=model,
            metric=metric,
            operator=">=" if operator == ">=" else "<=",
            bound=float(bound.lstrip("A ").replace(" ", "") or 0),
            relative=bound.startswith("A"),
            rate=float(rate),
            verdict=Verdict(verdict).value,
            evidence=found,
            more_trials=480 if verdict == "undecided" and evidence else None,
            level="warning" if text.startswith("warn") else "error",
        )

    conditions = [
        part("top1 >= A - 0.01 @ 3e-6", "B", "fail", -0.02, -0.03, -0.01004),
        part("top1 >= A - 0.01 @ 3e-6", "C", "pass", 0.114, 0.102, 0.125),
        part("sdc <= A + 0.005 @ 1e-7", "B", "undecided", 0.0, -0.011, 0.012),
        part("warn: top1 >= 0.99 @ 1e-7", "B", "fail", 0.98, 0.97, 0.98996),
        part("sdc <= A @ 1e-4", "C", "undecided"),
    ]
    gate = ComparedGatePart(verdict="fail", conditions=conditions)
    return example_comparison(gate=gate)


COMPARISONS = {
    "labelled": example_comparison,
    "generated": generated_comparison,
    "gated": gated_comparison,
}

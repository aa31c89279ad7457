"""Reports written by hand: no model is run, so that what they render to is the same everywhere."""

from datetime import date
from typing import Any

from analyzer.reports.shared.decision import DecisionPart
from analyzer.reports.shared.records import (
    DataPart,
    GoldenPart,
    IntervalPart,
    ModelPart,
    RunPart,
    ToolPart,
)
from analyzer.reports.shared.waivers import WaiverPart
from analyzer.reports.sweep.record import (
    ConditionPart,
    DevicesPart,
    GatePart,
    PlanPart,
    RatePart,
    Report,
)


def interval(estimate: float, low: float, high: float) -> IntervalPart:
    return IntervalPart(estimate=estimate, low=low, high=high)


NOTHING_SEEN = interval(0.0, 0.0, 0.0116)
EXACTLY_ZERO = interval(0.0, 0.0, 0.0)


def row(rate: float, loss: float, **changed: Any) -> RatePart:
    """One rate at which ``loss`` of the images are silently corrupted."""
    right, sdc = 0.9833 - 0.9 * loss, loss
    fields: dict[str, Any] = {
        "rate": rate,
        "expected_flips": 8609088 * rate,
        "p_faulty": 0.98,
        "trials": 1234,
        "images": 39488,
        "stop": "precision",
        "metric": interval(right, right - 0.009, min(1.0, right + 0.008)),
        "sdc": interval(sdc, max(0.0, sdc - 0.008), sdc + 0.009),
        "due": NOTHING_SEEN,
        "masked": interval(1 - loss, 1 - loss - 0.009, min(1.0, 1 - loss + 0.008)),
        "devices": None,
        "crashes": [],
        "strata": [],
    }
    return RatePart(**{**fields, **changed})


NO_ESTIMATE: dict[str, Any] = dict.fromkeys(("metric", "sdc", "due", "masked"))


def unknown_row(rate: float, trials: int = 0) -> RatePart:
    """One rate of which the budget left too much untried."""
    return row(rate, 0.5, trials=trials, stop="budget", **NO_ESTIMATE)


def condition(text: str, verdict: str, **evidence: float) -> ConditionPart:
    """A judged condition; without numbers there is no estimate."""
    metric, operator, bound, _, rate = text.split()
    parts: dict[str, Any] = {"operator": operator, "verdict": verdict}
    return ConditionPart(
        condition=text,
        metric=metric,
        bound=float(bound),
        rate=float(rate),
        evidence=interval(**evidence) if evidence else None,
        more_trials=12_544 if evidence and verdict == "undecided" else None,
        **parts,
    )


def example_report(**changed: Any) -> Report:
    """A labelled sweep over three rates; any part can be replaced."""
    parts: dict[str, Any] = {
        "tool": ToolPart(
            version="0.1.0",
            onnxruntime="1.20.0",
            onnx="1.17.0",
            numpy="2.0.0",
            provider="CPUExecutionProvider",
        ),
        "model": ModelPart(
            path="digits.onnx",
            sha256="ab" * 32,
            opset=17,
            parameters=269034,
            bits_at_risk=8609088,
        ),
        "data": DataPart(
            kind="npz", name="digits.npz", sha256="cd" * 32, images=360, labelled=True, note=""
        ),
        "golden": GoldenPart(metric="top1", value=354 / 360),
        "decision": DecisionPart(
            rule="classification",
            parameters={"axis": 1, "top": 1},
            sentence="highest class score (classification of 'y', found from the model)",
            chosen="found",
            outputs=["y"],
            side_outputs=[],
            scored_output="",
            labels_unused="",
            metric_function="",
        ),
        "plan": PlanPart(
            id="0123456789abcdef",
            seed=0,
            exposure="transient",
            encoding="stored",
            fault="flip",
            confidence=0.95,
            precision=0.01,
            batch=32,
            include=[],
            exclude=[],
            kinds=[],
        ),
        "rates": [row(1e-7, 0.0, sdc=NOTHING_SEEN), row(1e-6, 0.031), row(1e-5, 0.2604)],
        "gate": GatePart(verdict=None, conditions=[]),
        "assumptions": ["Every bit at risk is hit independently."],
        "run": RunPart(
            started="2025-01-02T03:04:05+00:00",
            wall_seconds=12.3,
            cpu_seconds=12.1,
            trial_cpu_seconds=0.02,
            host="context",
            platform="Linux x86_64",
            python="3.11.0",
            journal="",
            command="relcheck digits.onnx",
        ),
    }
    return Report(**{**parts, **changed})


def generated_report() -> Report:
    """No data set: agreement with golden, and a budget that ended early."""
    base = example_report()
    return example_report(
        data=base.data.model_copy(
            update={"kind": "generated", "name": "generated", "images": 64, "labelled": False}
        ),
        golden=GoldenPart(metric="agreement", value=1.0),
        rates=[
            row(3e-6, 0.0, metric=interval(1.0, 0.99996, 1.0), sdc=EXACTLY_ZERO, due=EXACTLY_ZERO),
            row(1e-3, 0.9, stop="budget", trials=3, due=interval(0.05, 0.00002, 0.4)),
        ],
    )


def gated_report() -> Report:
    """Three conditions, one of each verdict."""
    return example_report(
        gate=GatePart(
            verdict="fail",
            conditions=[
                condition("top1 >= 0.9 @ 1e-6", "pass", estimate=0.955, low=0.946, high=0.963),
                condition("sdc <= 0.03 @ 1e-6", "undecided", estimate=0.031, low=0.023, high=0.04),
                condition("top1 >= 0.9 @ 1e-5", "fail", estimate=0.749, low=0.74, high=0.757),
            ],
        )
    )


def resident_report() -> Report:
    """Resident faults, with the spread over devices."""
    spread = DevicesPart(minimum=0.08, p05=0.1139, median=0.9806, p95=0.9833, maximum=1.0)
    plan = example_report().plan.model_copy(update={"exposure": "resident", "fault": "burst:4"})
    rows = [row(1e-6, 0.031, devices=spread), row(1e-5, 0.26, devices=spread, stop="interrupted")]
    return example_report(plan=plan, rates=rows)


def cut_report() -> Report:
    """A budget that ended before two of three rates had an estimate, and their gates with them."""
    return example_report(
        rates=[row(1e-7, 0.001), unknown_row(1e-6, 48), unknown_row(1e-5)],
        gate=GatePart(
            verdict="undecided", conditions=[condition("sdc <= 0.1 @ 1e-6", "undecided")]
        ),
    )


def excused_report() -> Report:
    """A warning, a waiver, one that expired, one that is not needed, and a floor out of reach."""
    evidence = {"estimate": 0.955, "low": 0.94996, "high": 0.963}
    texts: dict[str, tuple[str, dict[str, Any]]] = {
        "warn: top1 >= 0.97 @ 1e-6": ("fail", {"level": "warning"}),
        "top1 >= 0.98 @ 1e-6": ("fail", {"waiver": excuse(False)}),
        "top1 >= 0.975 @ 1e-6": ("fail", {"waiver": excuse(True)}),
        "top1 >= 0.9 @ 1e-6": ("pass", {"waiver": excuse(False)}),
        "top1 >= 0.95 @ 1e-6": ("undecided", {"more_trials": 160}),
        "top1 >= 0.99 @ 1e-6": ("fail", {"reason": "the fault-free model is below this floor"}),
    }
    parts = [
        condition(text.removeprefix("warn: "), verdict, **evidence).model_copy(
            update={"condition": text, **more}
        )
        for text, (verdict, more) in texts.items()
    ]
    return example_report(gate=GatePart(verdict="fail", conditions=parts))


def excuse(expired: bool) -> WaiverPart:
    return WaiverPart(reason="ticket 7", expires=date(2025, 1, 31), expired=expired)


EXAMPLES = {
    "excused": excused_report,
    "sweep": example_report,
    "generated": generated_report,
    "gated": gated_report,
    "resident": resident_report,
    "cut": cut_report,
}

"""Protection plans written by hand: what they render to is the same everywhere."""

from collections.abc import Callable
from typing import Any

from analyzer.reports.protect.record import (
    AlternativePart,
    AmountPart,
    BudgetPart,
    ChosenPart,
    ProtectedRegionPart,
    ProtectionPlanReport,
    RoundPart,
    RulePart,
    SearchPart,
)
from analyzer.reports.protect.variants import RatioPart, VariantHarmPart, VariantPart
from tests.reports.examples import example_report, interval


def budget(**changed: Any) -> BudgetPart:
    fields: dict[str, Any] = {
        "condition": "sdc <= 0.001 @ one event",
        "outcome": "sdc",
        "unit": "per event",
        "bound": 0.001,
        "verdict": "pass",
        "unprotected": 0.00902,
        "planned": 0.00064,
        "planned_deviation": 0.00009,
        "found": AmountPart(estimate=0.00066, low=0.0006, high=0.00099996),
    }
    return BudgetPart(**{**fields, **changed})


def rule(text: str, removed: float, checks: int) -> RulePart:
    return RulePart(
        region="memory",
        rule=text,
        tensors=8,
        protected_bits=64 * checks // 8,
        check_bits=checks,
        sdc_before=0.0082,
        sdc_after=0.000003,
        removed_share=removed,
        removed_per_kib=removed * 8192 / checks if checks else None,
    )


def region(**changed: Any) -> ProtectedRegionPart:
    fields: dict[str, Any] = {
        "name": "memory",
        "fault": "flip",
        "tensors": 20,
        "data_bits": 2_480_000,
        "protect": "secded:64@kind=weight,bits=30",
        "protected_bits": 72_064,
        "check_bits": 9_008,
        "trials": 30_112,
        "sdc": interval(0.00066, 0.0006, 0.00099),
        "due": interval(0.0, 0.0, 0.0001),
        "note": "",
    }
    return ProtectedRegionPart(**{**fields, **changed})


def alternative(name: str, checks: int, sdc: float, meets: bool) -> AlternativePart:
    return AlternativePart(
        name=name, check_bits=checks, overhead=checks / 2_480_000, sdc=sdc, due=5e-05, meets=meets
    )


def example_plan(**changed: Any) -> ProtectionPlanReport:
    """A plan that passes; any part can be replaced."""
    base = example_report()
    fields: dict[str, Any] = {
        "tool": base.tool,
        "model": base.model,
        "data": base.data,
        "golden": base.golden,
        "decision": base.decision,
        "target": "",
        "verdict": "pass",
        "reached": True,
        "protect": "secded:64@kind=weight,bits=30",
        "budgets": [budget()],
        "data_bits": 2_480_000,
        "check_bits": 9_008,
        "regions": [region()],
        "rules": [rule("secded:64@kind=weight,bits=30", 0.93, 9_008)],
        "alternatives": [
            alternative("no protection", 0, 0.00902, False),
            alternative("this plan", 9_008, 0.00064, True),
            alternative("secded:64 on everything", 310_000, 0.0, True),
        ],
        "rounds": [
            RoundPart(
                protect=["secded:64@kind=weight,bits=30"],
                check_bits=9_008,
                seed=1,
                trials=30_112,
                verdict="pass",
                found=[AmountPart(estimate=0.00066, low=0.0006, high=0.00099996)],
            )
        ],
        "coding_loss": None,
        "search": SearchPart(
            seed=0,
            schemes=["secded:64", "tmr"],
            encoding="stored",
            batch=1,
            confidence=0.95,
            interval_confidence=1.0 - 0.05 / 3.0,
            deviations=1.645,
            part_of_budget=0.8,
            rounds_allowed=3,
            least_check_bits=9_000,
            optimal=False,
            survey_trials=34_944,
            include=[],
            exclude=[],
            kinds=[],
        ),
        "tensors": [
            ChosenPart(
                region="memory",
                tensor="conv1.weight",
                bits=73_728,
                scheme="secded:64",
                positions=[30],
                check_bits=288,
                sdc_before=0.00038,
                sdc_after=0.0,
                due_before=0.0,
                due_after=0.0,
            )
        ],
        "notes": [],
        "assumptions": ["An event may hit check bits."],
        "run": base.run.model_copy(update={"command": "relcheck protect digits.onnx"}),
    }
    return ProtectionPlanReport(**{**fields, **changed})


def without_a_plan() -> ProtectionPlanReport:
    """No scheme meets the budget."""
    return example_plan(
        verdict="fail",
        reached=False,
        protect="mset",
        check_bits=0,
        budgets=[budget(verdict="fail", planned=0.0021, found=None)],
        regions=[region(protect="mset", check_bits=0, trials=0, sdc=None, due=None)],
        rules=[rule("mset", 0.77, 0)],
        alternatives=[
            alternative("no protection", 0, 0.00902, False),
            alternative("this plan", 0, 0.0021, False),
        ],
        rounds=[],
    )


def on_a_target() -> ProtectionPlanReport:
    """Two memories, two budgets in FIT, a name that no shell takes, and no decision."""
    fit = {"unit": "FIT", "bound": 10.0, "unprotected": 147.6, "planned": 8.0}
    found = AmountPart(estimate=8.2, low=6.1, high=10.0004)
    return example_plan(
        target="two memories",
        verdict="undecided",
        protect="",
        budgets=[
            budget(condition="sdc_fit <= 10", verdict="undecided", found=found, **fit),
            budget(condition="due_fit <= 10", outcome="due", **{**fit, "planned": 0.0}),
        ],
        regions=[
            region(name="block RAM", protect="secded:64@conv[[]1],bits=30"),
            region(name="cache", protect="none", fault="mix:flip=0.7,burst:2=0.3"),
        ],
        notes=["in the region 'cache' several events often come between two refreshes"],
    )


def variant(bounds: str, state: str, **changed: Any) -> VariantPart:
    fields: dict[str, Any] = {
        "bounds": bounds,
        "state": state,
        "reason": "",
        "model": f"digits_{bounds}.onnx" if bounds else "digits.onnx",
        "sha256": "0123456789abcdef" * 4,
        "written": not bounds,
        "activations": 12 if bounds else 0,
        "calibration": "4,000 images of train.npz" if bounds else "",
        "calibration_note": "",
        "accuracy": 0.9742,
        "accuracy_metric": "top1",
        "latency": RatioPart(ratio=1.06, low=1.04, high=1.09, pairs=400) if bounds else None,
        "survey_trials": 34_944,
        "harm": [
            VariantHarmPart(outcome="sdc", unprotected=0.00902, deviation=0.0002, planned=0.00064)
        ],
        "added_bits": 1_088 if bounds else 0,
        "protect": ["secded:64@bits=30"],
        "check_bits": 9_008,
        "storage": 9_008 + (1_088 if bounds else 0),
    }
    return VariantPart(**{**fields, **changed})


def with_bounds() -> ProtectionPlanReport:
    """Clamped activations leave less to be protected; another method loses accuracy."""
    lossy = "its fault-free top-1 is 90.10 %, 7.3 points below 97.40 % without bounds"
    nothing: dict[str, Any] = {
        "harm": [],
        "added_bits": 0,
        "protect": [],
        "check_bits": None,
        "storage": None,
    }
    return example_plan(
        bounds="ranger",
        variants=[
            variant("", "takes more"),
            variant("ranger", "chosen", written=True, check_bits=512, storage=1_600),
            variant("relu6", "not considered", reason=lossy, accuracy=0.901, **nothing),
            variant(
                "actmax",
                "not considered",
                reason="digits.onnx is hardened already",
                sha256=None,
                latency=None,
                accuracy=None,
                **nothing,
            ),
        ],
    )


def with_less_margin() -> ProtectionPlanReport:
    """The cheaper variant would use up what the uncertainty of its survey needs."""
    return example_plan(
        variants=[
            variant("", "chosen"),
            variant("ranger", "less margin", check_bits=512, storage=1_600),
        ]
    )


PLANS: dict[str, Callable[[], ProtectionPlanReport]] = {
    "passed": example_plan,
    "without-a-plan": without_a_plan,
    "on-a-target": on_a_target,
    "with-bounds": with_bounds,
    "with-less-margin": with_less_margin,
}

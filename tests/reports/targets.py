"""Reports on targets, written by hand: no model is run; figures are those of a small network."""

from typing import Any

from analyzer.reports.shared.classes import ClassesPart, ClassSdcPart
from analyzer.reports.shared.records import ProtectionPart
from analyzer.reports.shared.trials import ElementPart
from analyzer.reports.target.memory import (
    AmountPart,
    BadStatePart,
    EventPatternPart,
    EventStratumPart,
    ExposurePart,
    FitPart,
    LossPart,
    OutcomesPart,
    OutOfScopePart,
    RawRatePart,
    RegionPart,
    StoredTensorPart,
    SweptRatePart,
)
from analyzer.reports.target.record import (
    CampaignPart,
    ClassPart,
    DocumentPart,
    EnvironmentPart,
    EvidencePart,
    SelfTestPart,
    SensitivityPart,
    TargetConditionPart,
    TargetPart,
    TargetReport,
    TotalPart,
    UsePart,
    VerdictPart,
)
from analyzer.reports.target.trials import EventTrialPart
from analyzer.reports.target.vulnerability import (
    VulnerabilityPart,
    VulnerableBitPart,
    VulnerableRestPart,
    VulnerableTensorPart,
)
from tests.reports.examples import example_report, interval

SWEEP = example_report()


PLACES: tuple[tuple[Any, float, int, float], ...] = (
    ("severe", 0.028, 640, 0.8),
    ("large", 0.084, 240, 0.02),
    ("moderate", 0.112, 160, 0.001),
    ("slight", 0.676, 160, 0.0),
)
MOMENTS: tuple[tuple[float, Any], ...] = ((1.474e-4, "mean"), (2.948e-4, "worst"))
FACTORS: tuple[tuple[float, Any], ...] = (
    (0.3, ["pass", "pass", "pass", "pass"]),
    (1.0, ["pass", "undecided", "pass", "pass"]),
    (3.0, ["fail", "fail", "pass", "pass"]),
)


def amount(estimate: float, low: float, high: float) -> AmountPart:
    return AmountPart(estimate=estimate, low=low, high=high)


def outcomes(raw_fit: float, **shares: tuple[float, float, float]) -> tuple[OutcomesPart, FitPart]:
    """Outcomes given one event, and the FIT that follow."""
    parts: dict[str, Any] = {name: interval(*ends) for name, ends in shares.items()}
    fits: dict[str, Any] = {
        name: amount(*(raw_fit * end for end in ends)) for name, ends in shares.items()
    }
    loss = LossPart(estimate=parts["sdc"].estimate * 0.9, low=0.0, high=parts["sdc"].high)
    return OutcomesPart(**parts, loss=loss), FitPart(raw=raw_fit, **fits)


def tensor(name: str, kind: str, shape: list[int], bits: int) -> StoredTensorPart:
    return StoredTensorPart(name=name, kind=kind, dtype="float32", shape=shape, bits=bits)


def plain_region(**changed: Any) -> RegionPart:
    """A memory of 8.6 Mbit without protection, at 20 FIT/Mbit."""
    given, fit = outcomes(
        20.0 * 8.5,
        corrected=(0.0, 0.0, 0.0),
        masked=(0.9701, 0.9639, 0.9755),
        due=(0.0004, 0.0, 0.0021),
        sdc=(0.0295, 0.0243, 0.0355),
        detected=(0.0, 0.0, 0.0),
    )
    sdc = fit.sdc
    parts: dict[str, Any] = {
        "name": "block RAM",
        "tensors": [
            tensor("conv.weight", "weight", [16, 1, 3, 3], 4608),
            tensor("fc.weight", "weight", [64, 10], 20480),
        ],
        "data_bits": 8_500_000,
        "check_bits": 0,
        "bits_at_risk": 8_500_000,
        "protection": None,
        "refresh": "start",
        "window_hours": 24.0,
        "raw": RawRatePart(
            fit_per_mbit=20.0,
            source="AMD UG116 v10.9, real time, 16 nm block RAM",
            standing="second-hand",
            confidence="",
            date="2018-09",
        ),
        "missing": "",
        "events": "mix:flip=0.9,burst:2=0.1",
        "patterns": [
            EventPatternPart(
                fault="flip",
                share=0.9,
                about="inverts one bit",
                trials=1200,
                sdc=interval(0.027, 0.021, 0.034),
                due=interval(0.0004, 0.0, 0.0021),
            ),
            EventPatternPart(
                fault="burst:2",
                share=0.1,
                about="inverts 2 neighbouring bits",
                trials=400,
                sdc=interval(0.052, 0.036, 0.071),
                due=interval(0.0, 0.0, 0.011),
            ),
        ],
        "exposure": ExposurePart(
            events_per_bit_hour=2e-14,
            events_per_hour=1.7e-7,
            events_per_window=4.08e-6,
            neglected_share=2.04e-6,
            neglected_limit=0.01,
            regime="one event",
            ber_mean=2.4e-13,
            ber_worst=4.8e-13,
        ),
        "trials": 1600,
        "images": 51_200,
        "given_event": given,
        "swept": [],
        "fit": fit,
        "bad_state": BadStatePart(
            entries_per_hour=amount(*(1e-9 * x for x in (sdc.estimate, sdc.low, sdc.high))),
            mean_hours=12.0,
            share_of_time=amount(6.0e-8, 5.0e-8, 7.2e-8),
            inferences_per_hour=amount(2.2e-4, 1.8e-4, 2.6e-4),
        ),
        "strata": [
            EventStratumPart(
                fault="flip",
                place=place,
                share=share,
                sites=round(8_500_000 * share / 0.9),
                trials=trials,
                images=32 * trials,
                sdc=round(32 * trials * harm),
                due=0,
                exhaustive=False,
            )
            for place, share, trials, harm in PLACES
        ],
        "crashes": [],
    }
    return RegionPart(**{**parts, **changed})


def protected_region(**changed: Any) -> RegionPart:
    """A memory of 0.1 Mbit behind SEC-DED, whose rate is the user's own."""
    given, fit = outcomes(
        400.0 * 0.1125,
        corrected=(0.95, 0.941, 0.958),
        masked=(0.0, 0.0, 0.0005),
        due=(0.05, 0.042, 0.059),
        sdc=(0.0, 0.0, 0.0005),
        detected=(0.05, 0.042, 0.059),
    )
    return plain_region(
        **{
            "name": "tightly coupled memory",
            "tensors": [tensor("fc.bias", "bias", [3125], 100_000)],
            "data_bits": 100_000,
            "check_bits": 12_500,
            "bits_at_risk": 112_500,
            "protection": ProtectionPart(
                rules="secded:64",
                about="Hsiao's code corrects one flipped bit of 72 and detects two.",
                data_bits=100_000,
                protected_bits=100_000,
                check_bits=12_500,
                overhead="1/8",
                coding_loss=None,
            ),
            "refresh": "scrub",
            "window_hours": 1.0,
            "raw": RawRatePart(
                fit_per_mbit=400.0,
                source="our own beam test, report 17",
                standing="measured",
                confidence="95 %",
                date="2025-03",
            ),
            "events": "flip",
            "patterns": [],
            "given_event": given,
            "fit": fit,
            **changed,
        }
    )


def orbit_region() -> RegionPart:
    """A memory in which windows hold several events: swept at the derived rates."""
    exposure = ExposurePart(
        events_per_bit_hour=1.683e-8,
        events_per_hour=0.143,
        events_per_window=2506.0,
        neglected_share=1.0,
        neglected_limit=0.01,
        regime="several events",
        ber_mean=1.474e-4,
        ber_worst=2.948e-4,
    )
    rows = [
        SweptRatePart(
            rate=rate,
            moment=moment,
            trials=640,
            images=20_480,
            expected_events=8.5e6 * rate,
            metric=interval(0.41, 0.40, 0.42),
            sdc=interval(0.55, 0.54, 0.56),
            due=interval(0.03, 0.02, 0.04),
            masked=interval(0.42, 0.41, 0.43),
            stop="precision",
        )
        for rate, moment in MOMENTS
    ]
    return plain_region(
        name="memory in orbit", refresh="never", window_hours=17520.0, exposure=exposure,
        given_event=None, patterns=[], strata=[], swept=rows, fit=None, bad_state=None,
    )  # fmt: skip


def condition(
    figure: Any, bound: float, verdict: Any, ends: tuple[float, float, float] | None, **more: Any
) -> TargetConditionPart:
    floor = figure.startswith("metric")
    operator: Any = ">=" if floor else "<="
    parts: dict[str, Any] = {
        "condition": f"{figure} {operator} {bound:g}",
        "figure": figure,
        "operator": operator,
        "bound": bound,
        "unit": "fraction" if floor else "FIT",
        "origin": "target",
        "requirement": "",
        "level": "error",
        "verdict": verdict,
        "evidence": amount(*ends) if ends else None,
        "confidence": 0.9938,
        "probability": None if floor else bound / 215.0,
        "reason": "",
    }
    return TargetConditionPart(**{**parts, **more})


def by_class(**changed: Any) -> ClassesPart:
    """Four classes, of which one was met by too few trials."""
    figures = ((0.021, 0.011, 0.036), (0.052, 0.034, 0.075), (0.018, 0.009, 0.032))
    classes = [
        ClassSdcPart(
            index=i, name=("zero", "one", "two")[i], images=36, trials=900, sdc=interval(*ends)
        )
        for i, ends in enumerate(figures)
    ]
    parts: dict[str, Any] = {
        "classes": classes,
        "without_estimate": 1,
        "confidence": 0.99845,
        "joint": 0.95,
        "worst": 1,
        "rivals": 1,
    }
    return ClassesPart(**{**parts, **changed})


def worst_events() -> list[EventTrialPart]:
    """Two events: of one bit, and of two in check bits."""
    flip = ElementPart(
        tensor="conv.weight", element=17, bits=[30], before="0.0842", after="2.86e+37"
    )
    check = ElementPart(tensor="fc.bias (secded:64)", element=3, bits=[1, 2], before="", after="")
    events = (
        ("event-drawn/0/412", "block RAM", "flip", 31, 0, [flip]),
        ("event-every/5/12", "tightly coupled memory", "burst:2", 0, 32, [check]),
    )
    return [
        EventTrialPart(
            number=number, name=name, region=memory, event=event, images=32, sdc=sdc, due=due,
            lost=float(sdc), changed=1, elements=elements,
        )
        for number, (name, memory, event, sdc, due, elements) in enumerate(events, 1)
    ]  # fmt: skip


def vulnerability() -> VulnerabilityPart:
    """Two bit positions and three tensors, one of them of too few trials; the rest together."""

    def part(bits: int, events: float, trials: int, sdc: Any, share: Any) -> dict[str, Any]:
        return {
            "bits": bits,
            "events": events,
            "trials": trials,
            "sdc": interval(*sdc) if sdc else None,
            "due": interval(0.0, 0.0, 0.01) if sdc else None,
            "sdc_share": interval(*share),
        }

    tensors = (
        ("fc.weight", "weight", part(20_480, 0.7, 1200, (0.041, 0.03, 0.06), (0.8, 0.71, 0.93))),
        ("conv.weight", "weight", part(4608, 0.2, 300, (0.011, 0.002, 0.05), (0.15, 0.03, 0.41))),
        ("fc.bias", "bias", part(3125, 0.05, 12, None, (0.02, 0.0, 0.2))),
    )
    bits = (
        (30, "exponent", part(900, 0.031, 700, (0.6, 0.5, 0.7), (0.97, 0.9, 0.995))),
        (3, "mantissa", part(900, 0.031, 30, (0.0, 0.0, 0.12), (0.0, 0.0, 0.1))),
    )
    return VulnerabilityPart(
        tensors=[
            VulnerableTensorPart(name=name, kind=kind, region="block RAM", dtype="float32", **own)
            for name, kind, own in tensors
        ],
        listed=2,
        rest=VulnerableRestPart(tensors=1, **tensors[2][2]),
        bits=[
            VulnerableBitPart(dtype="float32", encoding="stored", bit=bit, field=field, **own)
            for bit, field, own in bits
        ],
        confidence=0.9938,
    )


def example_target(**changed: Any) -> TargetReport:
    """A target with two memories, a budget that is kept and one that is not decided."""
    plain, guarded = plain_region(), protected_region()
    total = FitPart(
        raw=215.0,
        corrected=amount(42.75, 42.0, 43.2),
        masked=amount(164.9, 163.8, 165.8),
        due=amount(2.32, 1.9, 2.9),
        sdc=amount(5.02, 4.1, 6.1),
        detected=amount(2.25, 1.9, 2.6),
    )
    parts: dict[str, Any] = {
        "document": DocumentPart(
            number="REL-017 issue 2", prepared="A. Author", reviewed="", approved=""
        ),
        "verdict": VerdictPart(
            verdict="undecided",
            conditions=[
                condition("sdc_fit", 10.0, "pass", (5.02, 4.1, 6.1), requirement="SR-12"),
                condition("due_fit", 2.5, "undecided", (2.32, 1.9, 2.9)),
                condition("metric_event", 0.9, "pass", (0.957, 0.95, 0.963), origin="command"),
                condition("metric_mean", 0.98, "pass", (0.9833, 0.9833, 0.9833)),
            ],
            scope="",
        ),
        "target": TargetPart(
            name="fpga-bram-16nm",
            about="Weights resident in block RAM of a 16 nm FPGA at sea level.",
            file="fpga-bram-16nm.toml",
            sha256="ef" * 32,
        ),
        "tool": SWEEP.tool,
        "model": SWEEP.model,
        "data": SWEEP.data,
        "golden": SWEEP.golden,
        "classes": [
            ClassPart(index=i, name="", images=36, score=s)
            for i, s in enumerate((1.0, 0.9722, 1.0, 0.9444))
        ],
        "by_class": by_class(),
        "by_class_missing": "",
        "decision": SWEEP.decision,
        "environment": EnvironmentPart(
            name="sea level, New York", flux_factor=1.0, source="", standing=None, ambient="25 C"
        ),
        "use": UsePart(inferences_per_hour=3600.0, mission_hours=43_800.0),
        "regions": [plain, guarded],
        "out_of_scope": [
            OutOfScopePart(reason="left out by --exclude 'stem*'", tensors=2, bits=18_432)
        ],
        "campaign": CampaignPart(
            plan="0123456789abcdef",
            seed=0,
            encoding="stored",
            batch=32,
            precise_int8=False,
            include=[],
            exclude=["stem*"],
            kinds=[],
            precision=0.002,
            confidence=0.95,
            interval_confidence=0.9938,
            looks=2,
            trials=3200,
            images=102_400,
            stop="budget",
            method="Weighted sums over strata; limits by a shifted gamma law.",
            joint="All 4 conditions hold together with 95 % confidence, whenever trials end.",
        ),
        "total": TotalPart(
            bits_at_risk=8_612_500,
            events_per_hour=2.15e-7,
            fit=total,
            sdc_fit=total.sdc,
            due_fit=total.due,
            missing="",
            windowed=False,
        ),
        "sensitivity": [
            SensitivityPart(
                factor=factor,
                sdc_fit=amount(*(factor * x for x in (5.02, 4.1, 6.1))),
                due_fit=amount(*(factor * x for x in (2.32, 1.9, 2.9))),
                verdicts=verdicts,
            )
            for factor, verdicts in FACTORS
        ],
        "worst": worst_events(),
        "vulnerability": vulnerability(),
        "assumptions": ["An event is placed uniformly over the bits of its region."],
        "limits": ["Permanent faults, address decoders and control logic are not covered."],
        "evidence": EvidencePart(
            known_answers=412,
            known_answers_asked=412,
            self_test=SelfTestPart(patterns=24, compared=24, identical=24, passed=True),
            left_out="",
        ),
        "run": SWEEP.run,
    }
    return TargetReport(**{**parts, **changed})


def without_rate() -> TargetReport:
    """The same memory, of which nobody has published a rate: no FIT."""
    missing = (
        "nobody has published an absolute raw rate of this memory; fill in raw_fit_per_mbit of the "
        "region 'LPDDR5' from its maker"
    )
    region = plain_region(
        name="LPDDR5", raw=None, missing=missing, exposure=None, fit=None, bad_state=None
    )
    return example_target(
        regions=[region],
        verdict=VerdictPart(verdict=None, conditions=[], scope=""),
        total=TotalPart(
            bits_at_risk=8_500_000,
            events_per_hour=None,
            fit=None,
            sdc_fit=None,
            due_fit=None,
            missing=missing,
            windowed=False,
        ),
        sensitivity=[],
        document=DocumentPart(number="", prepared="", reviewed="", approved=""),
        evidence=EvidencePart(
            known_answers=412,
            known_answers_asked=412,
            self_test=None,
            left_out="the model is large; run relcheck selftest digits.onnx",
        ),
    )


def in_orbit() -> TargetReport:
    """The regime of several events."""
    return example_target(
        regions=[orbit_region()],
        by_class=None,
        by_class_missing="No region is in the regime of one event.",
        worst=[],
        vulnerability=None,
        verdict=VerdictPart(
            verdict="fail",
            conditions=[condition("metric_mean", 0.9, "fail", (0.41, 0.40, 0.42))],
            scope="",
        ),
        total=TotalPart(
            bits_at_risk=8_500_000,
            events_per_hour=0.143,
            fit=None,
            sdc_fit=amount(31393.0, 30822.0, 31964.0),
            due_fit=amount(1712.0, 1142.0, 2283.0),
            missing="",
            windowed=True,
        ),
        sensitivity=[],
    )


EXAMPLES = {"two-regions": example_target, "without-rate": without_rate, "in-orbit": in_orbit}

"""From a campaign's numbers to the record that every report is rendered from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analyzer.campaign.plan import Exposure, Plan
from analyzer.campaign.result import CampaignResult, Crash, RateResult, Stop, Upset
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.readers import generate_data
from analyzer.faults.models import parse_fault
from analyzer.faults.selection import Selection
from analyzer.faults.space import Kind
from analyzer.gate import Judgement, Verdict, parse_gate
from analyzer.model import Model, load_model
from analyzer.reports.shared.assumptions import sweep_assumptions
from analyzer.reports.sweep.build import build_report
from analyzer.reports.sweep.record import Report
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval
from analyzer.stats.tally import Tally
from tests.evaluation.judging import define
from tests.reports.examples import example_report

PLAN = Plan(
    model_sha256="ab" * 32,
    data_sha256="cd" * 32,
    images=64,
    rates=(1e-6,),
    exposure=Exposure.TRANSIENT,
    encoding="stored",
    fault=parse_fault("burst:3"),
    selection=Selection(("conv*",), ("*_b",), (Kind.WEIGHT,)),
    metric="agreement",
    batch=32,
    seed=7,
    precision=0.02,
    confidence=0.9,
)

ESTIMATE = RateEstimate(
    metric=Interval(0.9, 0.8, 0.95),
    sdc=Interval(0.08, 0.05, 0.1),
    due=Interval(0.0, 0.0, 0.01),
    masked=Interval(0.92, 0.9, 0.95),
)

TALLY = Tally.of_trial(32, 32, sdc=3, due=0, masked=29, lost=3, gained=0)
RATE = RateResult(1e-6, 4.5, 0.99, TALLY, ESTIMATE, Stop.BUDGET)


@pytest.fixture
def loaded(model: Path) -> Model:
    return load_model(model)


def build(
    model: Model, plan: Plan = PLAN, rate: RateResult = RATE, *judged: Judgement
) -> tuple[Report, Dataset]:
    space = model.space(plan.selection)
    data = generate_data(model.signature, 0)
    written = example_report()
    result = CampaignResult(plan, 1.0, (rate,))
    asked = define((np.zeros((3, 4), np.float32),), 3)
    parts = (asked, judged, written.tool, written.run)
    return build_report(result, model, space, data, *parts), data


def test_every_part_is_filled(loaded: Model) -> None:
    report, data = build(loaded)
    assert report.model.path == "tiny.onnx"
    assert (report.model.sha256, report.model.opset) == (loaded.sha256, 17)
    assert (report.model.parameters, report.model.bits_at_risk) == (27, 27 * 32)
    assert (report.data.kind, report.data.sha256, report.data.images) == (
        "generated",
        data.sha256,
        64,
    )
    assert not report.data.labelled
    assert (report.golden.metric, report.golden.value) == ("agreement", 1.0)
    assert report.plan.model_dump() == {
        "id": PLAN.id,
        "seed": 7,
        "exposure": "transient",
        "encoding": "stored",
        "fault": "burst:3",
        "confidence": 0.9,
        "precision": 0.02,
        "batch": 32,
        "include": ["conv*"],
        "exclude": ["*_b"],
        "kinds": ["weight"],
        "precise_int8": False,
    }


def test_figures_are_neither_rounded_nor_swapped(loaded: Model) -> None:
    row = build(loaded)[0].rates[0]
    assert (row.rate, row.expected_flips, row.p_faulty) == (1e-6, 4.5, 0.99)
    assert (row.trials, row.images, row.stop) == (1, 32, "budget")
    for name in ("metric", "sdc", "due", "masked"):
        found, wanted = getattr(row, name), getattr(ESTIMATE, name)
        assert (found.estimate, found.low, found.high) == (
            wanted.estimate,
            wanted.low,
            wanted.high,
        )
    assert row.devices is None


def test_resident_faults_show_the_spread_over_devices(loaded: Model) -> None:
    devices = tuple(i / 100 for i in range(101))
    spread = build(loaded, PLAN, replace(RATE, devices=devices))[0].rates[0].devices
    assert spread is not None
    assert spread.model_dump() == pytest.approx(
        {"minimum": 0.0, "p05": 0.05, "median": 0.5, "p95": 0.95, "maximum": 1.0}
    )


def test_patterns_that_killed_a_worker_are_named(loaded: Model) -> None:
    crash = Crash("0", 17, (Upset("conv_w", 3, 30),))
    (shown,) = build(loaded, PLAN, replace(RATE, crashes=(crash,)))[0].rates[0].crashes
    assert shown.model_dump() == {
        "severe": "0",
        "trial": 17,
        "upsets": [{"tensor": "conv_w", "element": 3, "bit": 30}],
    }


@pytest.mark.parametrize(
    ("verdicts", "gate"),
    [
        ((), None),
        ((Verdict.PASS,), "pass"),
        ((Verdict.PASS, Verdict.UNDECIDED), "undecided"),
        ((Verdict.UNDECIDED, Verdict.FAIL, Verdict.PASS), "fail"),
    ],
)
def test_gate_says_the_worst_verdict(
    loaded: Model, verdicts: tuple[Verdict, ...], gate: str | None
) -> None:
    condition = parse_gate("sdc <= 0.1 @ 1e-6")
    judged = [Judgement(condition, ESTIMATE.sdc, verdict) for verdict in verdicts]
    part = build(loaded, PLAN, RATE, *judged)[0].gate
    assert part.verdict == gate
    assert [c.verdict for c in part.conditions] == [v.value for v in verdicts]
    for shown in part.conditions:
        assert (shown.condition, shown.operator) == ("sdc <= 0.1 @ 1e-6", "<=")
        assert (shown.metric, shown.bound, shown.rate) == ("sdc", 0.1, 1e-6)
        assert shown.evidence is not None
        assert shown.evidence.high == ESTIMATE.sdc.high


def test_assumptions_follow_the_plan(loaded: Model) -> None:
    data = generate_data(loaded.signature, 0)
    labelled = replace(data, kind=DataKind.NPZ, note="")
    plain = " ".join(sweep_assumptions(PLAN, labelled))
    assert "Fault model: burst:3. Values are held as serialized" in plain
    assert "transient exposure" in plain
    assert "90% confidence" in plain
    assert "No data set" not in plain
    other = replace(PLAN, exposure=Exposure.RESIDENT, encoding="q15.16")
    changed = " ".join(sweep_assumptions(other, labelled))
    assert "resident exposure" in changed
    assert "q15.16 fixed point" in changed
    assert sweep_assumptions(PLAN, data)[0].startswith("No data set was given: inputs are random")

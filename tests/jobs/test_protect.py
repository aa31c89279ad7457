"""``relcheck protect``: the plan meets its budget, also when it is analyzed from nothing."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analyzer.faults.protections import parse_protection
from analyzer.faults.selection import Selection
from analyzer.jobs.map import VulnerabilityReport, make_map
from analyzer.jobs.protect import ProtectionReport, plan_protection
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.sources import open_model
from analyzer.jobs.target import analyze_target
from analyzer.reports.protect.record import ProtectionPlanReport, plan_schema
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

BUDGET = "sdc <= 0.01 @ one event"

TARGET = """
format = "1.0"
name = "two memories"

[use]
inferences_per_hour = 3600.0
mission_hours = 1.0

[[region]]
name = "weights"
kinds = ["weight"]
raw_fit_per_mbit = 1000.0
source = "a test"
standing = "assumed"

[[region]]
name = "biases"
kinds = ["bias"]
raw_fit_per_mbit = 100000.0
source = "a test"
standing = "assumed"
events = "mix:flip=0.75,burst:2=0.25"

[budget]
sdc_fit = 0.4
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("protect")
    tiny_cnn(found / "tiny.onnx")
    tiny_data(found / "tiny.npz")
    return found


def plan(folder: Path, **options: Any) -> ProtectionReport:
    return plan_protection(
        ProtectRequest.model_validate(
            {
                "model": folder / "tiny.onnx",
                "data": folder / "tiny.npz",
                "jobs": 0,
                "budget": 120.0,
                **options,
            }
        )
    )


@pytest.fixture(scope="module")
def found(folder: Path) -> ProtectionReport:
    return plan(folder, gate=BUDGET)


def whole_sdc(folder: Path, protect: str, seed: int) -> tuple[float, float, float]:
    """SDC of one event in the protected memory, by an exhaustive map of every bit and image."""
    made = make_map(
        MapRequest.model_validate(
            {
                "model": folder / "tiny.onnx",
                "data": folder / "tiny.npz",
                "protect": protect,
                "seed": seed,
                "exhaustive": True,
                "jobs": 0,
                "journal": NOWHERE,
            }
        )
    )
    assert isinstance(made, VulnerabilityReport)
    sdc = made.record.whole.sdc
    assert sdc is not None
    return sdc.estimate, sdc.low, sdc.high


def test_the_plan_is_confirmed_and_costs_less_than_protecting_everything(
    found: ProtectionReport,
) -> None:
    record = found.record
    assert found.passed
    budget = record.budgets[0]
    assert budget.unprotected > budget.bound > budget.planned
    assert budget.found is not None
    assert budget.found.high <= budget.bound
    whole = next(a for a in record.alternatives if a.name == "secded:64 on everything")
    assert 0 < record.check_bits < whole.check_bits
    assert whole.meets
    assert record.search.least_check_bits <= record.check_bits


def test_the_plan_passes_its_own_gate_when_it_is_analyzed_from_nothing(
    found: ProtectionReport, folder: Path
) -> None:
    """Every bit and image of the protected memory, counted: the truth is within the budget.

    Check bits make the memory larger and are hit as well, which the budget counts.
    """
    bare, low, high = whole_sdc(folder, "none", 7)
    assert low == bare == high > 0.01
    truth, *_ = whole_sdc(folder, found.protect, 7)
    larger = 1.0 + found.record.check_bits / found.record.data_bits
    assert truth * larger <= 0.01
    part = found.record.budgets[0].found
    assert part is not None
    assert part.low <= truth * larger <= part.high


def test_the_storage_is_that_of_the_memory_itself(found: ProtectionReport, folder: Path) -> None:
    model = open_model(folder / "tiny.onnx")
    space = model.space(Selection(), "stored")
    memory = parse_protection(found.protect).protect(space, model.values())
    assert memory.space.bits - memory.data.bits == found.record.check_bits
    assert memory.protected_bits == sum(r.protected_bits for r in found.record.regions)
    assert found.record.check_bits == sum(t.check_bits for t in found.record.tensors)
    assert found.record.check_bits == sum(r.check_bits for r in found.record.rules)


def test_the_record_fits_its_published_schema(found: ProtectionReport) -> None:
    text = (ROOT / "docs" / "protection-plan.schema.json").read_text("utf-8")
    assert text == plan_schema()
    jsonschema.validate(json.loads(found.to_json()), json.loads(text))
    again = ProtectionPlanReport.model_validate_json(found.to_json())
    assert again == found.record
    assert found.protect in found.to_html()


def test_the_same_request_gives_the_same_plan(found: ProtectionReport, folder: Path) -> None:
    again = plan(folder, gate=BUDGET)
    assert again.record.model_copy(update={"run": found.record.run}) == found.record


def test_a_target_with_two_memories(folder: Path) -> None:
    """Each memory gets a protection of its own; a report on that target passes."""
    file = folder / "target.toml"
    file.write_text(TARGET)
    found = plan(folder, target=file)
    assert found.passed
    assert [r.name for r in found.record.regions] == ["weights", "biases"]
    assert found.record.budgets[0].condition == "sdc_fit <= 0.4"
    assert found.record.budgets[0].unprotected > 0.4
    weights, biases = (f'protection = "{r.protect}"' for r in found.record.regions)
    text = TARGET.replace('kinds = ["weight"]', f'kinds = ["weight"]\n{weights}')
    file.write_text(text.replace('kinds = ["bias"]', f'kinds = ["bias"]\n{biases}'))
    again = analyze_target(
        TargetRequest.model_validate(
            {
                "model": folder / "tiny.onnx",
                "data": folder / "tiny.npz",
                "target": file,
                "seed": 99,
                "jobs": 0,
                "journal": NOWHERE,
            }
        )
    )
    assert again.passed


def test_a_budget_that_no_scheme_meets_says_so(folder: Path) -> None:
    """MSET leaves all bits but one as they are."""
    found = plan(folder, gate="sdc <= 1e-9 @ one event", scheme=("mset",), budget=20.0)
    assert found.status == "failed"
    assert not found.record.reached
    assert "No plan of these schemes" in found.to_text()
    assert found.record.budgets[0].planned > 1e-9
    assert found.record.budgets[0].found is None


def test_a_budget_that_holds_without_protection_buys_nothing(folder: Path) -> None:
    found = plan(folder, gate="sdc <= 0.5 @ one event")
    assert found.passed
    assert (found.protect, found.record.check_bits, found.record.rules) == ("none", 0, [])
    assert "Nothing needs to be protected." in found.to_text()


def test_the_text_is_80_columns_wide_and_names_the_plan(found: ProtectionReport) -> None:
    text = found.to_text()
    shown = [line for line in text.splitlines() if "secded:64@" not in line]
    assert max(map(len, shown)) <= 80
    assert f"--protect {found.protect}" in text
    assert text.startswith("tiny.onnx:")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((), "needs a budget"),
        (("--gate", "top1 >= 0.9 @ 1e-6"), "is no budget of harm"),
        (("--gate", "sdc_fit <= 10"), "needs a --target"),
        (("--gate", BUDGET, "--target", "leo-sram"), "is per event"),
        (("--gate", BUDGET, "--gate", BUDGET), "one budget for each"),
        (("--gate", BUDGET, "--scheme", "secded:64@bits=30"), "name a scheme alone"),
        (("--gate", BUDGET, "--scheme", "none"), "name a scheme alone"),
        (("--gate", "sdc <= 1.5 @ one event"), "a share from 0 on"),
        (("--gate", "sdc_fit <= 1", "--target", "nowhere"), "there is no target file"),
        (("--gate", "sdc_fit <= 1", "--target", "leo-sram", "--fault", "flip"), "which events"),
    ],
)
def test_bad_requests_end_in_a_sentence(folder: Path, flags: tuple[str, ...], words: str) -> None:
    run = invoke("protect", folder / "tiny.onnx", "--data", folder / "tiny.npz", *flags)
    assert run.code == 2
    assert words in run.err.replace("\n", " ")
    assert "Traceback" not in run.err

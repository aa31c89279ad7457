"""``relcheck protect --bounds``: a plan may take the model with bounded activations."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import onnx
import pytest
from onnx.parser import parse_model

from analyzer.errors import BadOption
from analyzer.jobs import before_after
from analyzer.jobs.harden import harden_model
from analyzer.jobs.map import VulnerabilityReport, make_map
from analyzer.jobs.protect import ProtectionReport, plan_protection
from analyzer.jobs.protection.confirm import OnTarget, PlanFound
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.jobs.sources import ModelInMemory
from analyzer.reports.protect.record import plan_schema
from analyzer.reports.protect.variants import VariantPart
from analyzer.stats.intervals import Interval
from tests.support import golden_labels, invoke, save, with_initializers

WIDE = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 1, 6, 6] image) => (float[N, 4] scores) {
  a = Conv <pads = [1, 1, 1, 1]> (image, first)
  b = Relu (a)
  c = Conv <pads = [1, 1, 1, 1]> (b, second)
  d = Relu (c)
  e = GlobalAveragePool (d)
  f = Flatten (e)
  scores = MatMul (f, head)
}
"""
LINEAR = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 1, 6, 6] image) => (float[N, 4] scores) {
  f = Flatten (image)
  scores = MatMul (f, head)
}
"""
CHANNELS, IMAGES = 16, 8
IMAGES_SEED = 0
BUDGET = 0.002

TARGET = """
name = "weights alone"
[use]
inferences_per_hour = 3600.0
mission_hours = 1.0
[[region]]
name = "weights"
tensors = ["first", "second", "head"]
raw_fit_per_mbit = 1000.0
source = "a test"
standing = "assumed"
[budget]
sdc_fit = 1.0
"""


def wide() -> onnx.ModelProto:
    """Many weights before few activations, where bounds stop most faults of high bits."""
    rng = np.random.default_rng(3)
    shapes = {"first": (CHANNELS, 1, 3, 3), "second": (CHANNELS, CHANNELS, 3, 3), "head": (16, 4)}
    values = {n: (0.3 * rng.standard_normal(s)).astype(np.float32) for n, s in shapes.items()}
    values["head"] = np.roll(values["head"], 1, axis=1)  # not class 0, which ties fall to
    return with_initializers(parse_model(WIDE), values)


@pytest.fixture(scope="module", autouse=True)
def _short_latency() -> Iterator[None]:
    """Five pairs of runs; no test is about the latency itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(before_after, "LATENCY_SECONDS", 0.0)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("bounds")
    proto = wide()
    save(proto, found / "wide.onnx")
    rng = np.random.default_rng(IMAGES_SEED)
    images = rng.integers(256, size=(IMAGES, 6, 6, 1), dtype=np.uint8)
    np.savez(found / "data.npz", images=images, labels=golden_labels(proto, images))
    head = np.random.default_rng(5).standard_normal((36, 4), np.float32)
    save(with_initializers(parse_model(LINEAR), {"head": head}), found / "linear.onnx")
    return found


def plan(folder: Path, model: str = "wide.onnx", **options: Any) -> ProtectionReport:
    own = {} if "target" in options else {"gate": f"sdc <= {BUDGET} @ one event"}
    files = {"model": folder / model, "data": folder / "data.npz"}
    asked = {"jobs": 0, "batch": IMAGES, "budget": 120.0, "bounds": "ranger", **own, **options}
    return plan_protection(ProtectRequest.model_validate({**files, **asked}))


@pytest.fixture(scope="module")
def found(folder: Path) -> ProtectionReport:
    return plan(folder, out=folder / "safe.onnx")


def variant(found: ProtectionReport, bounds: str) -> VariantPart:
    return next(v for v in found.record.variants if v.bounds == bounds)


def enumerated(model: Path, folder: Path, protect: str) -> float:
    """SDC of one event in the protected memory: every bit and image."""
    made = make_map(
        MapRequest.model_validate(
            {
                "model": model,
                "data": folder / "data.npz",
                "protect": protect,
                "batch": IMAGES,
                "exhaustive": True,
                "jobs": 0,
                "journal": NOWHERE,
            }
        )
    )
    assert isinstance(made, VulnerabilityReport)
    assert made.record.whole.sdc is not None
    return made.record.whole.sdc.estimate


def test_the_bounded_model_is_taken_where_it_needs_less_storage(found: ProtectionReport) -> None:
    assert found.passed
    plain, ranger = variant(found, ""), variant(found, "ranger")
    assert (found.record.bounds, ranger.state, plain.state) == ("ranger", "chosen", "takes more")
    assert ranger.storage == ranger.added_bits + found.record.check_bits
    assert plain.storage is not None
    assert ranger.storage < plain.storage
    assert ranger.harm[0].unprotected < plain.harm[0].unprotected
    assert found.record.protect == ranger.protect[0]
    assert ranger.activations == 2
    assert "8 images of data.npz" in ranger.calibration
    assert "on others it may do worse" in ranger.calibration_note
    assert ranger.accuracy == plain.accuracy
    assert ranger.latency is not None
    assert ranger.latency.low <= ranger.latency.ratio <= ranger.latency.high


def test_the_plan_passes_its_own_gate_when_its_files_are_analyzed_from_nothing(
    found: ProtectionReport, folder: Path
) -> None:
    """Every bit and image of the written model behind the plan, what its bounds store included."""
    truth = enumerated(folder / "safe.onnx", folder, found.protect)
    bare = enumerated(folder / "wide.onnx", folder, "none")
    stored = 32 * (CHANNELS * 9 + CHANNELS**2 * 9 + 64)
    record = found.record
    larger = (record.data_bits + record.check_bits) / stored
    assert record.data_bits == stored + variant(found, "ranger").added_bits
    assert truth * larger <= BUDGET < bare
    part = record.budgets[0].found
    assert part is not None
    assert part.low <= truth * larger <= part.high


def test_the_file_is_that_of_harden_and_the_plan_has_its_hash(
    found: ProtectionReport, folder: Path
) -> None:
    digest = hashlib.sha256((folder / "safe.onnx").read_bytes()).hexdigest()
    assert variant(found, "ranger").sha256 == digest
    assert folder / "safe.onnx" in found.written
    asked = {"model": folder / "wide.onnx", "data": folder / "data.npz", "method": "ranger"}
    made = harden_model(HardenRequest.model_validate(asked)).model
    assert made.SerializeToString(deterministic=True) == (folder / "safe.onnx").read_bytes()
    assert found.bounded == made


def test_every_form_names_the_bounds(found: ProtectionReport) -> None:
    text = found.to_text()
    assert max(len(line) for line in text.splitlines() if "--protect" not in line) <= 80
    for form in (" ".join(text.split()), found.to_html()):
        assert "With bounds by ranger no memory needs protection" in form
        assert str(variant(found, "ranger").sha256) in form.replace(" ", "")
        assert "Bounds by ranger: 2 activations, from 8 images of data.npz" in form
    schema = json.loads(plan_schema())
    jsonschema.validate(json.loads(found.to_json()), schema)


def test_without_the_flag_nothing_is_said_of_bounds(folder: Path) -> None:
    found = plan(folder, bounds=(), gate="sdc <= 0.5 @ one event")
    assert (found.record.bounds, found.record.variants, found.bounded) == ("", [], None)


def test_a_model_without_activations_is_planned_without_bounds(folder: Path) -> None:
    out = folder / "none.onnx"
    found = plan(folder, "linear.onnx", gate="sdc <= 0.01 @ one event", out=out)
    assert found.passed
    assert (found.record.bounds, out.exists()) == ("", False)
    left = variant(found, "ranger")
    assert (left.state, left.sha256) == ("not considered", None)
    shown = " ".join(found.to_text().split())
    assert "Bounds by ranger are not considered:" in shown
    assert "has no activation that can be bounded" in shown


def test_bounds_that_cost_accuracy_or_latency_are_not_considered(folder: Path) -> None:
    """Black images make every bound 0, and every answer class 0."""
    black = folder / "black.npz"
    np.savez(black, images=np.zeros((IMAGES, 6, 6, 1), np.uint8))
    asked: dict[str, Any] = {"calibration_data": black, "gate": "sdc <= 0.1 @ one event"}
    found = plan(folder, **asked)
    left = variant(found, "ranger")
    assert left.state == "not considered"
    assert "points below" in left.reason
    assert left.calibration_note == ""
    assert "black.npz" in left.calibration
    tolerated = plan(folder, **asked, max_loss=0.9999, max_latency=1e-3)
    left = variant(tolerated, "ranger")
    assert "times as long, and --max-latency is 0.001" in left.reason
    assert tolerated.passed


def test_a_hardened_model_and_a_target_without_a_place_for_bounds(
    found: ProtectionReport, folder: Path
) -> None:
    again = plan(folder, "safe.onnx", gate="sdc <= 0.01 @ one event")
    assert again.passed
    assert "is hardened already" in variant(again, "ranger").reason
    file = folder / "target.toml"
    file.write_text(TARGET)
    homeless = plan(folder, target=file)
    assert homeless.record.variants[0].state == "chosen"
    left = variant(homeless, "ranger")
    assert (left.state, left.sha256) == ("not considered", variant(found, "ranger").sha256)
    assert "threshold" in left.reason


def test_a_bounded_plan_that_is_not_confirmed_gives_way(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = OnTarget.__call__

    def campaign(self: OnTarget, plans: Any, seed: int, sure: float, seconds: float) -> PlanFound:
        seen = real(self, plans, seed, sure, seconds)
        if isinstance(self.request.model, ModelInMemory):
            return replace(seen, figures={"sdc": Interval(0.1, 0.09, 0.11)})
        return seen

    monkeypatch.setattr(OnTarget, "__call__", campaign)
    out = folder / "refused.onnx"
    found = plan(folder, out=out, gate="sdc <= 0.002 @ one event")
    assert found.passed
    assert [r.verdict for r in found.record.rounds] == ["fail", "pass"]
    assert (found.record.bounds, out.exists()) == ("", False)
    assert variant(found, "ranger").state == "not confirmed"
    assert "no other has a confirmed plan" in " ".join(found.to_text().split())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--out", "x.onnx"), "--out is about bounds on activations"),
        (("--max-latency", "1.2"), "--max-latency is about bounds"),
        (("--bounds", "rangr"), "--bounds 'rangr' is unknown (did you mean ranger?)"),
        (("--bounds", "clipact"), "relcheck harden --method clipact"),
        (("--bounds", "ranger", "--out", "wide.onnx"), "is in use already"),
    ],
)
def test_bad_requests_end_in_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(folder)
    asked = ("--data", "data.npz", "--gate", "sdc <= 0.1 @ one event")
    run = invoke("protect", "wide.onnx", *asked, *flags)
    assert run.code == 2
    assert words in " ".join(run.err.split())


def test_bounds_are_not_measured_on_random_inputs(folder: Path) -> None:
    with pytest.raises(BadOption, match="give --data or --calibration-data with images"):
        plan(folder, data=None)

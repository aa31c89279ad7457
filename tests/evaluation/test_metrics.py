"""Metrics: one object in one list is all that a new metric takes, from the flag to the report."""

import json
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.cells import Cell
from analyzer.errors import BadGate, BadOption
from analyzer.evaluation import metrics
from analyzer.evaluation.choose import Asked
from analyzer.evaluation.metrics import (
    AGREEMENT,
    METRICS,
    TOP1,
    TOP5,
    MetricLabels,
    labelled_names,
    metric_named,
    metric_names,
    offered_metrics,
)
from analyzer.evaluation.metrics.metric import AnswerBatch, Metric
from analyzer.evaluation.metrics.top_k import TopK
from analyzer.evaluation.outcomes import Outcomes
from analyzer.evaluation.rules.classification import Classification
from analyzer.gate import check_metrics, gate_metrics, parse_gate
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.prepare import prepare_map
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.requests.settings import ask
from analyzer.reports.comparison.record import comparison_schema
from analyzer.reports.shared.number_format import METRIC_NAMES
from analyzer.reports.shared.records import GoldenPart
from analyzer.reports.sweep.record import json_schema
from exporters.hardening.clipact.reference import find_reference
from tests.campaign.maps import Counts, enumerate_upsets, make
from tests.evaluation.judging import define, labelled
from tests.support import invoke, parse_model, save, tiny_images, with_initializers

SIDE, IMAGES, CLASSES = 6, 10, 3
PIXELS = SIDE * SIDE

SEGMENTS = f"""
<ir_version: 8, opset_import: ["" : 17]>
segments (float[N, 1, {SIDE}, {SIDE}] image) => (float[N, {CLASSES}, {SIDE}, {SIDE}] scores) {{
    scores = Conv <pads = [1, 1, 1, 1]> (image, conv_w, conv_b)
}}
"""
"""A class for each pixel."""


@dataclass(frozen=True)
class SamePixels:
    """Share of the pixels of an image whose class is golden's: a made-up metric."""

    name = "pixels"
    label = "same pixels"
    needs_labels = False
    needs_golden = True
    rules = ()
    denominator = PIXELS
    follows_decision = False

    def check_labels(self, labels: npt.NDArray[Any], first: AnswerBatch) -> None:
        """Nothing to refuse."""

    def score(self, answers: AnswerBatch) -> npt.NDArray[np.int64]:
        """Pixels counted."""
        found, golden = (o[0].argmax(axis=1) for o in (answers.outputs, answers.golden))
        return np.asarray((found == golden).reshape(len(found), -1).sum(axis=1), np.int64)


TOP3, SAME_PIXELS = TopK(3), SamePixels()


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "METRICS", (*METRICS, TOP3, SAME_PIXELS))


def segmenter(folder: Path, seed: int = 0) -> Path:
    """Write the model that gives each pixel a class."""
    rng = np.random.default_rng(seed)
    values = {
        "conv_w": rng.standard_normal((CLASSES, 1, 3, 3)).astype(np.float32),
        "conv_b": (0.1 * rng.standard_normal(CLASSES)).astype(np.float32),
    }
    return save(with_initializers(parse_model(SEGMENTS), values), folder / f"segments{seed}.onnx")


def images_of(folder: Path) -> Path:
    """Images without labels."""
    np.savez(folder / "images.npz", images=tiny_images(IMAGES, SIDE))
    return folder / "images.npz"


# The list, and what derives from it


OF_OTHER_RULES = ("miou", "pixel_accuracy", "ap50", "box_f1", "token_accuracy", "exact_match")
BY_LABELS = ("top1", "top5", *OF_OTHER_RULES)

LISTED = (TOP1, TOP5, AGREEMENT)


@pytest.mark.parametrize("metric", [*LISTED, TOP3, SAME_PIXELS], ids=lambda m: m.name)
def test_scores_are_whole_numbers_up_to_the_denominator(metric: Metric) -> None:
    """Of any answer, and of golden by golden all of it where there are no labels."""
    rng = np.random.default_rng(0)
    golden = rng.standard_normal((64, CLASSES * 4)).astype(np.float32)
    if metric.name == SAME_PIXELS.name:
        golden = rng.standard_normal((64, CLASSES, SIDE, SIDE)).astype(np.float32)
    labels = rng.integers(0, CLASSES * 4, 64)
    for outputs in (golden, -golden):
        masked = np.full(64, outputs is golden)
        rule = Classification()
        found = metric.score(AnswerBatch((outputs,), (golden,), labels, masked, rule))
        assert found.dtype == np.int64
        assert found.shape == (64,)
        assert 0 <= found.min() <= found.max() <= metric.denominator
        if outputs is golden and not metric.needs_labels:
            assert (found == metric.denominator).all()


def test_the_list_says_what_users_read() -> None:
    assert offered_metrics() == (
        f"top1 (default with labels), {', '.join(BY_LABELS[1:])}, agreement, iou:CLASS or "
        "FILE.py:FUNCTION"
    )
    assert metric_names() == (*BY_LABELS, "agreement", "own")
    assert labelled_names() == (*BY_LABELS, "own")
    assert (MetricLabels()["top1"], MetricLabels()["miou"]) == ("top-1", "mIoU per image")
    assert [metric_named(m.name) for m in METRICS] == list(METRICS)


@pytest.mark.usefixtures("added")
def test_one_object_is_known_everywhere() -> None:
    assert offered_metrics().endswith(", agreement, top3, pixels, iou:CLASS or FILE.py:FUNCTION")
    outcomes = "sdc", "due", "masked", "critical_sdc", "pixels_changed"
    assert gate_metrics()[-7:] == ("top3", "pixels", *outcomes)
    assert str(parse_gate("pixels >= 0.5 @ 1e-3")) == "pixels >= 0.5 @ 1e-3"
    with pytest.raises(BadGate, match="exact_match and own and top3 need labelled data"):
        check_metrics([parse_gate("top3 >= 0.5 @ 1e-3")], "pixels")
    assert METRIC_NAMES["pixels"] == "same pixels"
    assert GoldenPart(metric="top3", value=0.5).metric == "top3"
    listed = json.loads(json_schema())["$defs"]["GoldenPart"]["properties"]["metric"]["anyOf"]
    assert listed[0]["enum"] == [*BY_LABELS, "agreement", "own", "top3", "pixels"]
    compared = json.loads(comparison_schema())["properties"]["metric"]["anyOf"]
    assert compared[0]["enum"] == [*BY_LABELS, "own", "top3"]


def test_records_refuse_what_is_no_metric() -> None:
    with pytest.raises(ValueError, match="use top1, top5, miou"):
        GoldenPart(metric="top3", value=0.5)


@pytest.mark.usefixtures("added")
def test_metrics_are_chosen_by_what_they_need() -> None:
    scores, data = (np.zeros((3, 3), np.float32),), labelled([0, 1, 2])
    assert define(scores, 3, data).metric is TOP1
    assert define(scores, 3, data, Asked(metric="top3")).metric is TOP3
    pixels = np.zeros((3, 3, 2, 2), np.float32)
    assert define((pixels,), 3, None, Asked(metric="pixels")).metric is SAME_PIXELS
    needs = "top3 needs labelled data and an output judged by .*; use agreement, pixels"
    with pytest.raises(BadOption, match=needs):
        define(scores, 3, labelled(None), Asked(metric="top3"))


# From the flag to the report


def report_of(target: Path, *args: str | Path) -> dict[str, Any]:
    """The JSON report of one command, but for what two runs may differ in."""
    run = invoke(*args, "--json", target)
    assert run.code in (0, 1), run.err
    found: dict[str, Any] = json.loads(target.read_text("utf-8"))
    del found["run"]
    return found


@pytest.mark.usefixtures("added")
def test_top3_is_run_judged_and_reported(model: Path, data: Path, tmp_path: Path) -> None:
    """The fault-free figure is counted anew, without the tool's own scores."""
    page = tmp_path / "r.html"
    asked = (model, "--data", data, "--metric", "top3", "--rates", "1e-3", "--precision", "0.1")
    gate = ("--gate", "top3 >= 0.2 @ 1e-3", "--html", page)
    report = report_of(tmp_path / "r.json", *asked, *gate)
    one = report_of(tmp_path / "s.json", model, "--data", data, *asked[5:])
    assert report["golden"]["metric"] == "top3"
    assert report["golden"]["value"] > one["golden"]["value"]
    assert report["gate"]["verdict"] == "pass"
    (rate,) = report["rates"]
    assert rate["metric"]["low"] <= rate["metric"]["estimate"] <= rate["metric"]["high"]
    assert "top-3" in page.read_text("utf-8")
    assert "top-3" in invoke(*asked).out


@pytest.mark.usefixtures("added")
def test_a_score_by_degrees_is_run_judged_and_resumed(tmp_path: Path) -> None:
    """A journal gives the same figures again, without a trial."""
    model, data = segmenter(tmp_path), images_of(tmp_path)
    asked = (model, "--data", data, "--metric", "pixels", "--rates", "1e-3,1e-2")
    more = ("--precision", "0.03", "--gate", "pixels >= 0.5 @ 1e-3")
    journal = ("--journal", tmp_path / "j")
    first = report_of(tmp_path / "r.json", *asked, *more, *journal)
    assert first["golden"] == {"metric": "pixels", "value": 1.0}
    assert first["gate"]["verdict"] == "pass"
    low, high = ((r["metric"]["low"], r["metric"]["high"]) for r in first["rates"])
    assert 0.5 < high[0] < high[1] < low[0] < low[1] <= 1.0
    assert report_of(tmp_path / "s.json", *asked, *more, *journal) == first
    assert report_of(tmp_path / "t.json", *asked, *more, "--journal", "none") == first


@pytest.mark.usefixtures("added")
def test_models_are_compared_by_a_score_by_degrees(tmp_path: Path) -> None:
    """Without labels only SDC and DUE are compared, and both by the same trials as before."""
    one, other, data = segmenter(tmp_path), segmenter(tmp_path, 1), images_of(tmp_path)
    asked = ("compare", one, other, "--data", data, "--rates", "1e-3", "--precision", "0.1")
    by_pixels = report_of(tmp_path / "c.json", *asked, "--metric", "pixels")
    assert by_pixels["metric"] is None
    (rate,) = by_pixels["models"][1]["rates"]
    assert rate["difference"]["sdc"]["low"] < rate["difference"]["sdc"]["high"]


@cache
def map_by_pixels() -> Analysis:
    """A map of the segmenter: 960 sites, 10 images, three to a trial."""
    with tempfile.TemporaryDirectory() as folder:
        asked = {"data": images_of(Path(folder)), "batch": 3, "margin": 0.05}
        model = segmenter(Path(folder))
        return prepare_map(ask(MapRequest, {**asked, "metric": "pixels"}, model=model))


@cache
def truth_by_pixels() -> Counts:
    """Every upset on every image by the oracle: SDC, DUE, pixels lost and gained."""
    return enumerate_upsets(map_by_pixels())


@pytest.mark.usefixtures("added")
def test_an_exhaustive_map_counts_every_pixel() -> None:
    """Fails if scores are counted as images, or images as scores."""
    found = make(map_by_pixels().context, exhaustive=True).whole.estimate
    assert found is not None
    sdc, due, lost, gained = (truth_by_pixels().mean(axis=0) / IMAGES).tolist()
    assert lost % 1.0  # not whole images
    assert found.sdc.estimate == pytest.approx(sdc, abs=1e-12)
    assert found.due.estimate == pytest.approx(due, abs=1e-12)
    assert found.loss.estimate == pytest.approx((lost - gained) / PIXELS, abs=1e-12)


@pytest.mark.usefixtures("added")
def test_sampled_maps_contain_what_every_pixel_says() -> None:
    found = make(map_by_pixels().context).whole.estimate
    assert found is not None
    sdc, _, lost, gained = (truth_by_pixels().mean(axis=0) / IMAGES).tolist()
    assert found.sdc.low <= sdc <= found.sdc.high
    assert found.loss.low <= (lost - gained) / PIXELS <= found.loss.high
    assert found.loss.high - found.loss.low < 0.2


@pytest.mark.usefixtures("added")
def test_the_search_of_thresholds_takes_right_and_wrong_answers_only() -> None:
    analysis = map_by_pixels()
    with pytest.raises(BadOption, match="--metric pixels scores answers by degrees"):
        find_reference(analysis.model, analysis.data, Asked(metric="pixels"))


# Journals


def block_of(outcomes: Outcomes) -> BlockResult:
    return BlockResult(Block(Cell(1e-3), 0), (outcomes,) * BLOCK_TRIALS)


def test_journals_of_right_and_wrong_answers_are_as_they_were() -> None:
    block = block_of(Outcomes(4, 1, 0, 3, 1, 0, 2))
    row = "[4,1,0,3,1,0,2]"
    rows = ",".join([row] * BLOCK_TRIALS)
    text = f'{{"cell":"0.001/0","index":0,"outcomes":[{rows}],"crashed":[]}}'
    assert block.to_json() == text
    assert BlockResult.from_json(text) == block


def test_journals_keep_the_denominator_and_detections() -> None:
    block = block_of(Outcomes(4, 1, 0, 3, 30, 2, 100, detected=4, denominator=PIXELS))
    assert f'"denominator":{PIXELS}' in block.to_json()
    assert f'"detected":[{",".join("4" * BLOCK_TRIALS)}]' in block.to_json()
    assert BlockResult.from_json(block.to_json()) == block


@pytest.mark.parametrize("row", ["[4,1,0,3,1,0,2,0]", "[4,1,0,3,1,0]", "4"])
def test_journals_with_other_sums_are_refused(row: str) -> None:
    rows = ",".join([row] * BLOCK_TRIALS)
    text = f'{{"cell":"0.001/0","index":0,"outcomes":[{rows}],"crashed":[]}}'
    with pytest.raises(ValueError, match="no block result"):
        BlockResult.from_json(text)

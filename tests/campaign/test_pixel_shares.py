"""Harm to single pixels in sweeps: against sums made by hand, pixel by pixel."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from analyzer.campaign.cells import Cell
from analyzer.campaign.pixel_shares import further_figures
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import run_campaign
from analyzer.campaign.trials import TrialContext
from analyzer.errors import BadGate, BadOption
from analyzer.evaluation.rules.pixel_scores import UNITS
from analyzer.gate import deciders, judge_gate, parse_gate
from analyzer.jobs.observer import SILENT
from analyzer.jobs.prepare import prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.settings import ask
from analyzer.stats.domains import DomainStratum, DomainTally, domain_share
from tests.campaign.contexts import Charges, Memory
from tests.campaign.maps import Direct
from tests.campaign.test_class_shares import swept

RATE = 2e-4

NETWORK = """
<ir_version: 8, opset_import: ["" : 17],
 metadata_props: ["relcheck.labels": "Sky,Road,Side walk,None"]>
segmentation (float[N, 3, 6, 5] image) => (float[N, 4, 6, 5] classes)
<float[4, 3, 1, 1] w, float[4] b = {0.0, 0.05, 0.0, -9.0}>
{ classes = Conv (image, w, b) }
"""
IMAGES = 7


def files(folder: Path) -> Path:
    """A network that finds the brightest of three bands, images, and masks that differ a little."""
    rng = np.random.default_rng(5)
    proto = onnx.parser.parse_model(NETWORK)
    weights = np.zeros((4, 3, 1, 1), np.float32)
    weights[range(3), range(3)] = 1.0
    proto.graph.initializer.insert(0, onnx.numpy_helper.from_array(weights, "w"))
    onnx.save(proto, folder / "net.onnx")
    images = rng.uniform(0, 1, (IMAGES, 3, 6, 5)).astype(np.float32)
    masks = images.argmax(axis=1)
    masks[rng.random(masks.shape) < 0.1] = 255
    masks[rng.random(masks.shape) < 0.2] = 1
    masks[:4][masks[:4] == 2] = 0  # the first images do not show class 2
    np.savez(folder / "data.npz", images=images, labels=masks)
    return folder / "net.onnx"


def context(folder: Path, **flags: object) -> TrialContext:
    model = files(folder)
    asked = {
        "data": folder / "data.npz",
        "batch": 3,
        "rates": (RATE,),
        "precision": 0.05,
        "task": "segmentation",
        **flags,
    }
    return prepare_sweep(ask(SweepRequest, asked, model=model)).context


Sums = dict[object, list[tuple[int, int]]]


def iou(answers: Any, labels: Any, number: int) -> int:
    """IoU of one class in one image, in units, pixel by pixel."""
    pairs = [(a, x) for a, x in zip(answers.flat, labels.flat, strict=True) if x != 255]
    both = sum(a == number == x for a, x in pairs)
    either = sum(number in (a, x) for a, x in pairs)
    score: int = round(UNITS * both / either)
    return score


def by_hand(context: TrialContext, place: int, trials: int) -> Sums:
    """Of each class, for each trial that met it, images that show it and the sum of its IoU."""
    golden, cell = context.golden, Cell(RATE, place)
    found: Sums = {}
    for index in range(trials):
        batches, pattern = cell.draw(context.patterns, golden.ends, index)
        met, scores = Counter[object](), Counter[object]()
        with context.executor.inject(pattern) as run:
            for number in batches:
                batch = golden.batches[number]
                result = run(batch.feeds(golden.input_name))
                marks = golden.judge.classes(golden.by_batch[number], result)
                outputs: Any = getattr(result, "outputs", None)
                before: Any = golden.by_batch[number].decisions.decisions
                assert batch.labels is not None
                for row, mark in enumerate(marks.tolist()):
                    labels = batch.labels[row]
                    answer = None if mark == 2 else outputs[0][row].argmax(axis=0)
                    changed = 0 if answer is None else (answer != before[row]).mean()
                    met["all"] += 1
                    scores["all"] += round(UNITS * changed)
                    for shown in set(labels[labels != 255].tolist()):
                        met[shown] += 1
                        scores[shown] += 0 if answer is None else iou(answer, labels, shown)
        for name, images in met.items():
            found.setdefault(name, []).append((images * UNITS, scores[name]))
    return found


def tally(pairs: list[tuple[int, int]]) -> DomainTally:
    m, x = zip(*pairs, strict=True) if pairs else ((), ())
    products = sum(a * b for a, b in pairs)
    return DomainTally(
        len(m), sum(m), sum(a * a for a in m), sum(x), sum(b * b for b in x), products
    )


@pytest.mark.parametrize("flags", [{}, {"exposure": "resident"}, {"batch": 1}], ids=str)
def test_figures_are_those_of_sums_by_hand(tmp_path: Path, flags: dict[str, object]) -> None:
    made = context(tmp_path, **flags)
    found = swept(made)
    assert found.pixels is not None
    assert [one.number for one in found.pixels.classes] == [0, 1, 2]
    assert [one.images for one in found.pixels.classes] == [7, 7, 3]
    sums = [by_hand(made, i, s.tally.trials) for i, s in enumerate(found.strata)]
    weights = [stratum.weight for stratum in found.strata]
    golden = golden_sums(made)
    harmless = 1.0 - found.p_faulty
    for name, interval, confidence in [
        ("all", found.pixels.changed, 0.95),
        *((one.number, one.iou, found.pixels.confidence) for one in found.pixels.classes),
        *((one.number, one.alone, 0.95) for one in found.pixels.classes),
    ]:
        strata = [
            DomainStratum(weight, tally(own.get(name, [])))
            for weight, own in zip(weights, sums, strict=True)
        ]
        known = DomainStratum(harmless, tally([golden[name]]), counted=True)
        wanted = domain_share([*strata, known], confidence, 0.05)
        assert wanted is not None
        assert interval is not None
        ours, theirs = ((i.estimate, i.low, i.high) for i in (interval, wanted))
        assert ours == pytest.approx(theirs, rel=1e-9)
    for one in found.pixels.classes:
        assert one.golden == golden[one.number][1] / golden[one.number][0]


def golden_sums(context: TrialContext) -> dict[object, tuple[int, int]]:
    """The same sums of the fault-free answers to all images."""
    met, scores = Counter[object](), Counter[object]()
    for batch, golden in zip(context.golden.batches, context.golden.by_batch, strict=True):
        maps: Any = golden.decisions.decisions
        assert batch.labels is not None
        for answer, labels in zip(maps, batch.labels, strict=True):
            met["all"] += 1
            for shown in set(labels[labels != 255].tolist()):
                met[shown] += 1
                scores[shown] += iou(answer, labels, shown)
    return {name: (images * UNITS, scores[name]) for name, images in met.items()}


@pytest.mark.parametrize("until", ["precision", "gate"])
def test_gates_are_judged_by_figures_that_stand_alone(tmp_path: Path, until: str) -> None:
    gate = ("iou:side walk >= 0.01 @ 2e-4", "pixels_changed <= 0.9 @ 2e-4")
    made = context(tmp_path, gate=gate, until=until)
    assert made.class_names == ("Sky", "Road", "Side walk", "None")
    conditions = tuple(map(parse_gate, gate))
    decided = deciders(conditions) if until == "gate" else {}
    result = run_campaign(made, Direct(made), Memory(), Charges(), SILENT, decided=decided)
    found = result.at(RATE)
    assert found.pixels is not None
    assert found.stop is (Stop.DECIDED if until == "gate" else Stop.PRECISION)
    named = dict(further_figures(found.pixels, made.class_names))
    two = next(one for one in found.pixels.classes if one.number == 2)
    assert named["iou:2"] == named["iou:side walk"] == two.alone
    assert named["pixels_changed"] == found.pixels.changed
    judged = judge_gate(conditions, result)
    assert [j.interval for j in judged] == [two.alone, found.pixels.changed]
    assert [j.verdict.value for j in judged] == ["pass", "pass"]


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ("iou:raod >= 0.1 @ 2e-4", r"a class that no label shows \(did you mean iou:road\?\)"),
        ("iou:3 >= 0.1 @ 2e-4", "a class that no label shows; there are iou:0, iou:sky, iou:1"),
        ("pixels_changed >= 0.1 @ 2e-4", "rewards harm"),
        ("iou:1 <= 0.1 @ 2e-4", "rewards harm"),
    ],
)
def test_gates_on_what_there_is_not_are_refused(tmp_path: Path, gate: str, says: str) -> None:
    with pytest.raises(BadGate, match=says):
        context(tmp_path, gate=(gate,))


def test_the_iou_of_a_class_as_the_metric_takes_images_that_show_it(tmp_path: Path) -> None:
    made = context(tmp_path, metric="iou:Side Walk")
    assert made.plan.metric == "iou:2"
    assert made.golden.images == 3
    found = swept(made)
    assert found.pixels is not None
    two = next(one for one in found.pixels.classes if one.number == 2)
    assert made.golden.metric == pytest.approx(two.golden)


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ("iou:rod", r"there is no class 'rod' \(did you mean Road\?\); Sky, Road, Side walk"),
        ("iou:3", "no label shows class 3; they show 0, 1, 2"),
    ],
)
def test_the_iou_of_no_class_is_refused(tmp_path: Path, metric: str, says: str) -> None:
    with pytest.raises(BadOption, match=says):
        context(tmp_path, metric=metric)

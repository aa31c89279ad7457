"""Every convention: recognized, read back box by box, and broken numbers in it survived."""

import pickle
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import BadOption, GoldenFailed
from analyzer.evaluation.rules.detection.boxes import Detections
from analyzer.evaluation.rules.detection.conventions import (
    CONVENTIONS,
    convention_named,
    recognized,
)
from analyzer.evaluation.rules.detection.rule import Detection, suits
from analyzer.evaluation.rules.facts import OutputFacts
from analyzer.evaluation.rules.rule import GoldenDecisions
from tests.evaluation.rules.detectors import CELLS, MAKERS, SIDE, Images
from tests.evaluation.rules.slow import Found, listed

A = Found((8, 8, 40, 40), 0.9, 0)
B = Found((48, 40, 88, 88), 0.6, 2)
C = Found((10, 50, 30, 90), 0.4, 1)
WEAK = Found((60, 4, 90, 20), 0.1, 1)
"""Below the threshold of 0.25."""
SCENES: Images = ([A, B], [C, WEAK, A])


ALONE = {"torchvision", "YOLOv7 end to end, one image"}
TABLES = {"YOLOv7 end to end", "PaddleDetection"}
"""Outputs without an axis for images: a broken number may stand for another image."""


def scenes(export: str) -> Images:
    return SCENES[:1] if export in ALONE else SCENES


def rule_of(export: str) -> tuple[Detection, OutputFacts]:
    facts = MAKERS[export][1](scenes(export))
    rule = suits(facts)
    assert isinstance(rule, Detection), rule
    return rule, facts


def golden_of(rule: Detection, facts: OutputFacts) -> GoldenDecisions:
    return GoldenDecisions(rule.decide(facts.outputs, facts.images), (), facts.images)


def assert_same_boxes(found: Detections, images: Images, export: str) -> None:
    unit = SIDE if "DETR" in export else 1
    shift = int("background" in export)
    for boxes, expected in zip(listed(found, len(images)), images, strict=True):
        strong = sorted((f for f in expected if f.score > 0.25), key=lambda f: -f.score)
        assert [f.number for f in boxes] == [f.number + shift for f in strong]
        np.testing.assert_allclose([f.score for f in boxes], [f.score for f in strong], rtol=1e-5)
        np.testing.assert_allclose(
            np.array([f.box for f in boxes]) * unit, [f.box for f in strong], rtol=1e-4, atol=1e-3
        )


@pytest.mark.parametrize("export", MAKERS)
def test_boxes_are_read_back(export: str) -> None:
    rule, facts = rule_of(export)
    assert rule.convention == MAKERS[export][0]
    assert_same_boxes(rule.decide(facts.outputs, facts.images), scenes(export), export)


def test_every_convention_is_tried() -> None:
    assert {name for name, _ in MAKERS.values()} == set(CONVENTIONS)


def altered(images: Images, kind: str) -> Images:
    first, *rest = images
    a, b = first
    x1, y1, x2, y2 = b.box
    other = {
        "same": [a, b],
        "swapped scores": [Found(a.box, b.score, a.number), Found(b.box, a.score, b.number)],
        "nudged": [a, Found((x1 + 2, y1, x2 + 2, y2), b.score, b.number)],
        "moved": [a, Found((x1 - 20, y1, x2 - 20, y2), b.score, b.number)],
        "another class": [a, Found(b.box, b.score, 1)],
        "vanished": [a],
        "weak": [a, Found(b.box, 0.2, b.number)],
        "appeared": [a, b, C],
    }[kind]
    return (other, *rest)


@pytest.mark.parametrize("export", MAKERS)
@pytest.mark.parametrize("kind", ["same", "swapped scores", "nudged"])
def test_the_same_boxes_are_no_change(export: str, kind: str) -> None:
    rule, facts = rule_of(export)
    after = MAKERS[export][1](altered(scenes(export), kind))
    assert not rule.changed(golden_of(rule, facts), after.outputs).any()


@pytest.mark.parametrize("export", MAKERS)
@pytest.mark.parametrize("kind", ["moved", "another class", "vanished", "weak", "appeared"])
def test_other_boxes_are_a_change_of_their_image_alone(export: str, kind: str) -> None:
    rule, facts = rule_of(export)
    after = MAKERS[export][1](altered(scenes(export), kind))
    marks = rule.changed(golden_of(rule, facts), after.outputs)
    assert marks.tolist() == [True, False][: facts.images]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(MAKERS)), st.data())
def test_broken_numbers_are_survived_and_harm_no_other_image(
    export: str, data: st.DataObject
) -> None:
    """NaN, infinities and huge numbers anywhere in the first image."""
    rule, facts = rule_of(export)
    golden = golden_of(rule, facts)
    outputs = [output.copy() for output in facts.outputs]
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    values = data.draw(
        st.lists(st.sampled_from([np.nan, np.inf, -np.inf, 1e38, -1e38]), min_size=1)
    )
    for output in outputs:
        if output.dtype.kind == "f" and output.size:
            flat = output[:1].reshape(-1)
            places = rng.integers(0, flat.size, len(values))
            flat[places] = values
            output[:1] = flat.reshape(output[:1].shape)
    marks = rule.changed(golden, tuple(outputs))
    assert marks.shape == (facts.images,)
    if export not in TABLES:
        assert not marks[1:].any()


@pytest.mark.parametrize("export", MAKERS)
def test_all_of_one_value(export: str) -> None:
    rule, facts = rule_of(export)
    golden = golden_of(rule, facts)
    for value in (np.nan, np.inf, 0.0, 1.0):
        outputs = tuple(np.full_like(o, value) if o.dtype.kind == "f" else o for o in facts.outputs)
        assert rule.changed(golden, outputs).any(), value


@pytest.mark.parametrize("export", MAKERS)
def test_other_shapes_count_as_changed_and_are_refused_from_golden(export: str) -> None:
    rule, facts = rule_of(export)
    golden = golden_of(rule, facts)
    outputs = tuple(np.zeros((1, 2, 3, 4, 5), o.dtype) for o in facts.outputs)
    assert rule.changed(golden, outputs).all()
    with pytest.raises(GoldenFailed, match=rule.convention):
        rule.decide(outputs, facts.images)


@pytest.mark.parametrize("export", MAKERS)
def test_rules_state_everything_and_can_be_pickled(export: str) -> None:
    rule, facts = rule_of(export)
    assert pickle.loads(pickle.dumps(rule)) == rule
    assert rule.convention in rule.sentence()
    assert {"convention", "score", "match"} <= set(rule.parameters)
    assert ("nms" in rule.parameters) == ("suppression" in rule.sentence())
    assert Detection().for_outputs(facts) == rule


@pytest.mark.parametrize("export", MAKERS)
def test_a_named_convention_needs_no_evidence_but_the_form(export: str) -> None:
    name, make = MAKERS[export]
    facts = make(scenes(export))
    asked = Detection(name, score=0.5).for_outputs(facts)
    assert asked.score == 0.5
    if export != "YOLOv8 transposed":
        assert_same_boxes(
            Detection(name).for_outputs(facts).decide(facts.outputs, facts.images),
            scenes(export),
            export,
        )
    wrong = OutputFacts(("y",), (np.zeros((2, 10), np.float32),), 2)
    with pytest.raises(BadOption, match=name):
        convention_named(name, wrong)


def test_unknown_conventions_are_refused_with_those_that_there_are() -> None:
    with pytest.raises(BadOption, match="yolov8"):
        convention_named("yolo", MAKERS["YOLOv8"][1](SCENES))


RANDOM = np.random.default_rng(0)


def sigmoid(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-values)))


@pytest.mark.parametrize(
    "outputs",
    [
        {"scores": RANDOM.normal(size=(2, 10))},
        {"y": RANDOM.normal(size=(2, 7))},
        {"probabilities": sigmoid(RANDOM.normal(size=(2, 30, 12)))},
        {"hidden": RANDOM.normal(size=(2, 40, 16))},
        {"hidden": np.maximum(RANDOM.normal(size=(2, 40, 16)), 0)},
        {"seg": RANDOM.normal(size=(2, 5, SIDE, SIDE))},
        {"raw": RANDOM.normal(size=(2, 24, 12, 12)), "raw2": RANDOM.normal(size=(2, 24, 6, 6))},
        {"label": RANDOM.integers(0, 4, 2), "probabilities": RANDOM.random((2, 4))},
        {"loc": RANDOM.normal(size=(2, CELLS, 4)), "conf": RANDOM.normal(size=(2, CELLS, 2))},
        {"y1": RANDOM.normal(size=(2, 8)), "y2": RANDOM.normal(size=(2, 8))},
        {"ids": RANDOM.integers(0, 9, (2, 12))},
    ],
)
def test_other_models_are_not_taken_for_detectors(outputs: dict[str, npt.NDArray[Any]]) -> None:
    facts = OutputFacts(tuple(outputs), tuple(outputs.values()), 2, (), (2, 3, SIDE, SIDE))
    reason = recognized(facts)
    assert isinstance(reason, str)
    assert all(name in reason for name in CONVENTIONS)
    assert isinstance(suits(facts), str)
    with pytest.raises(BadOption, match="convention="):
        Detection().for_outputs(facts)


def test_nms_keeps_the_stronger_of_two_that_overlap() -> None:
    twin = Found((9, 8, 41, 40), 0.8, 0)
    facts = MAKERS["YOLOv8"][1]([[A, twin, B]])
    rule = Detection().for_outputs(facts)
    assert len(rule.decide(facts.outputs, 1)) == 2
    assert len(Detection(nms=1.0).for_outputs(facts).decide(facts.outputs, 1)) == 3

"""Remarks on fault-free decisions: on few of them, or on one alone, figures rest badly."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.answers import Answer
from analyzer.evaluation.golden_remarks import SAME, golden_remarks
from analyzer.evaluation.outcome import Judge
from analyzer.evaluation.rules.by_value import MapScores
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.detection.rule import suits
from analyzer.evaluation.rules.remarks import as_remarking
from analyzer.evaluation.rules.rule import DecisionRule, GoldenDecisions
from analyzer.evaluation.rules.segmentation import Segmentation
from analyzer.evaluation.rules.sequences import CTC, SCORED, Sequence
from analyzer.evaluation.rules.thresholds import Binary, MultiLabel
from tests.evaluation.judging import define
from tests.evaluation.rules import detectors
from tests.evaluation.rules.slow import Found
from tests.support import invoke, parse_model, save

Values = npt.NDArray[Any]


def said(rule: DecisionRule, *batches: Values) -> str:
    """The remark of a rule on the decisions of some batches of one output."""
    remarking = as_remarking(rule)
    assert remarking is not None
    return remarking.remark(
        [GoldenDecisions(rule.decide((b,), len(b)), (), len(b)) for b in batches]
    )


def scores(*classes: int) -> Values:
    return np.eye(4, dtype=np.float32)[list(classes)]


def maps(*keys: str) -> Values:
    found = np.empty(len(keys), object)
    found[:] = [{"cat": 0.5, key: 0.9} for key in keys]
    return found


def pixels(*classes: int) -> Values:
    """(images, 4, 2, 2): each image of one class."""
    return np.tile(scores(*classes)[:, :, None, None], (1, 1, 2, 2))


def steps(*tokens: list[int]) -> Values:
    found: Values = np.eye(4, dtype=np.float32)[np.array(tokens)]
    return found


def column(*numbers: float) -> Values:
    return np.array(numbers, np.float32)[:, None]


ALONE = [
    (Classification(), (scores(2, 2), scores(2)), "all 3 inputs get class 2"),
    (Classification(top=2), (scores(0, 0), scores(0)), "all 3 inputs get the set of classes 0, 1"),
    (Binary(), (column(0.7), column(0.8, 0.9)), "all 3 inputs get yes"),
    (Binary(), (column(0.2), column(0.3, 0.1)), "all 3 inputs get no"),
    (MultiLabel(), (scores(1, 1), scores(1)), "all 3 inputs get the set of labels 1"),
    (MultiLabel(), (0 * scores(1), 0 * scores(2)), "all 2 inputs get no label above 0.5"),
    (MapScores(), (maps("dog"), maps("dog")), "all 2 inputs get key 'dog'"),
    (Segmentation(), (pixels(3, 3), pixels(3)), "every pixel of all 3 images has class 3"),
]


@pytest.mark.parametrize(("rule", "batches", "told"), ALONE)
def test_one_answer_to_all_is_said(
    rule: DecisionRule, batches: tuple[Values, ...], told: str
) -> None:
    remark = said(rule, *batches)
    assert told in remark
    assert remark.endswith("alone")


VARIED = [
    (Classification(), (scores(2, 2), scores(1))),
    (Classification(top=2), (scores(0, 2), scores(0))),
    (Classification(), (scores(2),)),  # one image has but one class
    (Binary(), (column(0.2), column(0.8))),
    (MultiLabel(), (scores(1), 0 * scores(1))),
    (MapScores(), (maps("dog"), maps("cow"))),
    (Segmentation(), (pixels(3), pixels(1))),
    (Sequence(SCORED), (steps([1, 1]), steps([1, 1]))),
]


@pytest.mark.parametrize(("rule", "batches"), VARIED)
def test_nothing_is_said_of_answers_that_differ(
    rule: DecisionRule, batches: tuple[Values, ...]
) -> None:
    assert said(rule, *batches) == ""


def test_few_texts_are_said() -> None:
    rule, blank, word = Sequence(CTC, 0), [0, 0], [0, 3]
    assert said(rule, steps(blank, word), steps(word)) == ""
    assert said(rule, steps(blank, word)) == ""
    assert "1 of 3 images has any token" in said(rule, steps(blank, word), steps(blank))
    assert "no image has any token" in said(rule, steps(blank), steps(blank))


BOX = Found((2.0, 2.0, 8.0, 8.0), 0.9, 1)


def of_detector(*images: list[Found]) -> str:
    """The remark on a detector that finds these boxes."""
    facts = detectors.yolov8(list(images))
    rule = suits(facts)
    assert not isinstance(rule, str)
    found = GoldenDecisions(rule.decide(facts.outputs, len(images)), (), len(images))
    return rule.remark([found, found])


def test_few_boxes_are_said() -> None:
    assert of_detector([BOX], [BOX, BOX]) == ""
    assert of_detector([BOX], []) == ""
    told = of_detector([BOX, BOX], [], [])
    assert "without faults 2 of 6 images have any detection at score 0.25" in told
    low = Found(BOX.box, 0.2, 1)
    assert "no image has any detection at score 0.25" in of_detector([low], [low])


def remarks_on(*outputs: Values) -> tuple[str, ...]:
    """Remarks on a model with these answers, all of which are judged."""
    images = len(outputs[0])
    definition = define(outputs, images)
    golden = Judge(definition).golden(Answer(outputs), None, images)
    return golden_remarks(definition, [golden])


def test_an_answer_that_no_input_changes_is_said_once() -> None:
    assert remarks_on(scores(1, 1)) == (SAME,)
    assert remarks_on(scores(1, 2)) == ()


def test_a_remark_on_one_of_several_outputs_names_it() -> None:
    first, second = scores(1, 1), scores(1, 2)
    first[0] *= 2
    (told,) = remarks_on(first, second)
    assert told.startswith("output 'y': without faults all 2 inputs get class 1")


def one_class(path: Path) -> Path:
    """A classifier whose bias decides, whatever is fed."""
    proto = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 3] x) => (float[N, 3] logits)'
        " <float[3, 3] w = {0.01, 0, 0, 0, 0.01, 0, 0, 0, 0.01}, float[3] b = {0, 9, 0}>"
        " { y = MatMul (x, w) logits = Add (y, b) }"
    )
    return save(proto, path)


def test_remarks_stand_in_text_json_and_html(tmp_path: Path) -> None:
    model, page, record = (tmp_path / name for name in ("m.onnx", "r.html", "r.json"))
    one_class(model)
    targets = ("--html", page, "--json", record)
    for command in ("run", "map"):
        rates = ("--rates", "1e-3", "--precision", "0.3") if command == "run" else ()
        run = invoke(command, model, *rates, *targets)
        assert run.code == 0, run.err
        told = "without faults all 64 inputs get class 1: the figures rest on this answer alone"
        assert f"note: {told}" in " ".join(run.out.split())
        assert told in json.loads(record.read_text())["data"]["remarks"]
        assert told in page.read_text()

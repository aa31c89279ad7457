"""The choice of a rule: found where it is safe, asked for else, refused where it is neither."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.errors import BadOption, GoldenFailed, UnclearAnswer
from analyzer.evaluation.choose import Asked, define_answers
from analyzer.evaluation.definition import Chosen
from analyzer.evaluation.image_axis import FIRST, SIDE, WHOLE, BatchFacts, ImageAxis, find_axes
from analyzer.evaluation.rules import RULES, rule_named, rule_names
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.integers import Integers
from analyzer.evaluation.rules.regression import Regression
from analyzer.evaluation.rules.several import Several
from analyzer.evaluation.rules.thresholds import Binary, MultiLabel
from analyzer.model.outputs import OutputSignature
from tests.evaluation.judging import Values, define, form, labelled
from tests.support import invoke

FLOAT = TensorProto.FLOAT
SCORES = np.zeros((3, 4), np.float32)


# What is found


@pytest.mark.parametrize(
    ("values", "makers", "labels", "rule"),
    [
        (SCORES, ["MatMul"], None, Classification()),
        (SCORES.reshape(3, 4, 1, 1), ["Conv"], None, Classification()),
        (SCORES.reshape(3, 1, 4), ["MatMul"], None, Classification(axis=2)),
        (SCORES.reshape(3, 1, 4), ["Squeeze", "LSTM"], None, Regression()),
        (SCORES, ["Squeeze", "GRU"], None, Regression()),
        (SCORES, ["Sigmoid"], None, MultiLabel()),
        (SCORES, ["Sigmoid"], [0, 1, 2], Classification()),
        (SCORES[:, :1], ["Sigmoid"], None, Binary()),
        (SCORES.astype(np.int64), ["Cast"], None, Integers()),
        (SCORES > 0, ["Greater"], None, Integers()),
        (SCORES.astype(np.uint8), ["Cast", "ArgMax"], None, Integers()),
        (SCORES.astype(np.int8), ["QuantizeLinear", "Softmax"], None, Classification()),
    ],
)
def test_rules_follow_from_operator_type_shape_and_labels(
    values: Values, makers: list[str], labels: list[int] | None, rule: object
) -> None:
    forms = [form(values, 3, "y", makers)]
    assert define_answers(forms, labelled(labels), 3).rule == rule


def test_bytes_that_may_be_anything_are_refused() -> None:
    with pytest.raises(UnclearAnswer, match="--task integers"):
        define((SCORES.astype(np.uint8),), 3)
    asked = define((SCORES.astype(np.uint8),), 3, None, Asked("integers"))
    assert (asked.rule, asked.chosen) == (Integers(), Chosen.ASKED)


def test_labels_that_two_outputs_could_answer_are_not_used() -> None:
    one = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]], np.float32)
    found = define((one, one[:, ::-1].copy()), 3, labelled([0, 1, 2]))
    assert found.metric.name == "agreement"
    assert "'y', 'y1'; say of which by --output" in found.labels_unused
    chosen = define((one, one[:, ::-1].copy()), 3, labelled([0, 1, 2]), Asked(output="y1"))
    assert (chosen.metric.name, chosen.judged_names, chosen.labels_unused) == ("top1", ("y1",), "")


def test_outputs_that_agree_share_their_labels() -> None:
    """A model's class numbers and class scores are the same answer."""
    numbers = np.array([0, 1, 2])
    found = define((numbers, np.eye(3, dtype=np.float32)), 3, labelled([0, 1, 2]))
    assert isinstance(found.rule, Several)
    assert (found.metric.name, found.scored, found.labels_unused) == ("top1", 0, "")


def test_labels_of_numbers_are_said_to_be_unused() -> None:
    found = define((np.array([[0.5], [1.5], [2.5]], np.float32),), 3, labelled([0, 1, 2]))
    assert "no metric compares labels with answers judged by regression" in found.labels_unused


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (Asked(task="clasification"), "did you mean classification"),
        (Asked(task="binary:treshold=1"), "binary takes threshold"),
        (Asked(task="binary:threshold=high"), "threshold is a number"),
        (Asked(task="classification:top=1.5"), "top is a whole number"),
        (Asked(task="classification:axis=0"), "both from 1"),
        (Asked(task="integers:share=1"), "share=1 must be from 0"),
        (Asked(task="regression:of=percent"), "use range or units"),
        (Asked(task="regression:ranges=3"), "regression takes tolerance, of, axis"),
        (Asked(output="z"), "the model has no such output"),
        (Asked(task="integers"), "say which by --output"),
    ],
)
def test_requests_that_do_not_suit(asked: Asked, says: str) -> None:
    outputs = (np.zeros((3, 4), np.int64), np.zeros((3, 4), np.int64))
    with pytest.raises(BadOption, match=says):
        define(outputs, 3, None, asked)


def test_a_rule_that_cannot_read_the_output_is_refused_before_the_golden_run() -> None:
    with pytest.raises(GoldenFailed, match="name another rule by --task"):
        define((SCORES,), 3, None, Asked(task="integers"))


def test_every_rule_has_a_name_and_can_be_made_without_settings() -> None:
    assert len(set(rule_names())) == len(RULES)
    assert [rule_named(name).name for name in rule_names()] == list(rule_names())


# The axis of images


def axes_of(
    answer: Any, rows: int = 4, *, fixed: bool = False, dims: Any = None, dependent: bool = False
) -> ImageAxis:
    """The axis that is found for a model that answers as ``answer`` does."""
    feeds = {"x": np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)}

    def run(fed: Feeds) -> Result:
        try:
            return Answer((np.asarray(answer(fed["x"])),))
        except ValueError as error:
            return Failure(str(error))

    first = run(feeds)
    assert isinstance(first, Answer)
    facts = BatchFacts(rows, fixed, "N", dependent)

    def few(count: int) -> Feeds:
        return {"x": np.resize(feeds["x"], (count, 2))}

    (found,) = find_axes(facts, [OutputSignature("y", dims, ())], first, run, feeds, few)
    return found


def only_one(x: Values) -> Values:
    """A model in whose graph the batch of one stands fixed."""
    return x.reshape(1, 2)


@pytest.mark.parametrize(
    ("answer", "rows", "fixed", "axis"),
    [
        (lambda x: x, 4, False, FIRST),
        (lambda x: np.stack([x, x, x]), 4, False, ImageAxis(1)),
        (lambda x: np.stack([x] * 4), 4, False, ImageAxis(1)),
        (lambda x: x.sum(), 4, False, SIDE),
        (lambda x: x.sum(axis=0), 4, False, SIDE),
        (lambda x: np.squeeze(x, 0) if len(x) == 1 else x, 4, False, FIRST),
        (lambda x: x, 1, False, FIRST),
        (only_one, 1, False, FIRST),
        (lambda x: only_one(x)[0], 1, False, WHOLE),
        (lambda x: x[0], 1, True, WHOLE),
        (lambda x: np.stack([x, x]), 1, True, ImageAxis(1)),
        (lambda x: x, 4, True, FIRST),
        (lambda x: np.stack([x] * 4), 4, True, ImageAxis(1)),
        (lambda x: np.stack([x] * 4, axis=1), 4, True, FIRST),
        (lambda x: np.stack([x, x, x]), 4, True, ImageAxis(1)),
        (lambda x: x.sum(axis=0), 4, True, SIDE),
    ],
)
def test_the_axis_of_images(answer: Any, rows: int, fixed: bool, axis: ImageAxis) -> None:
    """Fails for some of them if axis 0 is taken for granted, or sizes without a second run."""
    assert axes_of(answer, rows, fixed=fixed) == axis


def test_lists_whose_length_depends_on_the_image_are_taken_whole() -> None:
    """One box today, three tomorrow: a first axis of one element is no axis of images."""
    assert axes_of(lambda x: x[:1], 1, fixed=True, dims=("boxes", 2), dependent=True) == WHOLE
    assert axes_of(lambda x: x[:1], 1, fixed=True, dims=(1, 2), dependent=True) == FIRST


# From the file to the report


def save(folder: Path, nodes: list[Any], outputs: list[Any], weights: dict[str, Values]) -> Path:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", FLOAT, ["N", 2, 8, 8])],
        outputs,
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    imports = [helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    onnx.save(model, folder / "m.onnx")
    return folder / "m.onnx"


def images(count: int = 6) -> Values:
    return np.random.default_rng(0).normal(0, 1, (count, 2, 8, 8)).astype(np.float32)


def report_of(folder: Path, *flags: str | Path) -> dict[str, Any]:
    target = folder / "r.json"
    asked = ("--rates", "3e-3", "--precision", "0.1", "--journal", "none", "--jobs", "0")
    done = invoke("run", folder / "m.onnx", *asked, "--json", target, *flags)
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(target.read_text("utf-8"))
    return found


@pytest.fixture
def segmenter(tmp_path: Path) -> Path:
    """A class for each pixel, with the labels that ONNX Runtime gives, a quarter made wrong."""
    weight = np.random.default_rng(1).normal(0, 1, (3, 2, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["s"]),
        helper.make_node("Softmax", ["s"], ["y"], axis=1),
    ]
    outputs = [helper.make_tensor_value_info("y", FLOAT, ["N", 3, 8, 8])]
    model = save(tmp_path, nodes, outputs, {"w": weight})
    labels = ort.InferenceSession(model).run(None, {"x": images()})[0].argmax(axis=1)
    labels[:, :2] = (labels[:, :2] + 1) % 3
    np.savez(tmp_path / "d.npz", images=images(), labels=labels)
    return tmp_path


def test_a_segmenter_is_found_and_scored_by_its_label_maps(segmenter: Path) -> None:
    data = ("--data", segmenter / "d.npz")
    found = report_of(segmenter, *data, "--metric", "pixel_accuracy")
    assert found["decision"]["rule"] == "segmentation"
    assert found["golden"]["value"] == pytest.approx(0.75)
    by_labels = report_of(segmenter, *data)
    assert by_labels["golden"]["metric"] == "miou"
    assert "the fault-free mIoU is 0." in " ".join(by_labels["data"]["remarks"])


def test_labels_of_classes_are_not_used_for_maps_and_it_is_said(segmenter: Path) -> None:
    np.savez(segmenter / "d.npz", images=images(), labels=np.arange(6) % 3)
    page = segmenter / "r.html"
    found = report_of(segmenter, "--data", segmenter / "d.npz", "--html", page)
    assert found["golden"]["metric"] == "agreement"
    assert "are not integers (images, height, width)" in found["decision"]["labels_unused"]
    assert "Labels are not used." in page.read_text("utf-8")
    done = invoke("run", segmenter / "m.onnx", "--data", segmenter / "d.npz", "--budget", "1s")
    assert "labels are not used:" in done.out


def test_neighbours_are_those_of_the_whole_data_set(tmp_path: Path) -> None:
    weight = np.random.default_rng(1).normal(0, 1, (128, 16)).astype(np.float32)
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
    ]
    outputs = [helper.make_tensor_value_info("y", FLOAT, ["N", 16])]
    save(tmp_path, nodes, outputs, {"w": weight})
    np.savez(tmp_path / "d.npz", images=images())
    found = report_of(tmp_path, "--data", tmp_path / "d.npz", "--task", "neighbour", "--batch", "2")
    assert found["decision"]["parameters"]["gallery"] == 6
    assert 0 < found["rates"][0]["sdc"]["estimate"] < 1
    alone = report_of(tmp_path, "--data", tmp_path / "d.npz", "--task", "embedding")
    assert list(alone["decision"]["parameters"]) == ["distance"]


def test_several_outputs_go_to_one_rule_by_name(tmp_path: Path) -> None:
    """Boxes beside scores, each an output of its own."""
    rng = np.random.default_rng(1)
    weights = {
        "a": rng.normal(0, 1, (128, 20)).astype(np.float32),
        "b": rng.normal(0, 1, (128, 15)).astype(np.float32),
        "to_boxes": np.array([-1, 5, 4]),
        "to_scores": np.array([-1, 5, 3]),
        "sides": np.array([0, 0, 8, 8], np.float32),
        "small": np.array([0.5], np.float32),
    }
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", "a"], ["p"]),
        helper.make_node("Sigmoid", ["p"], ["q"]),
        helper.make_node("Reshape", ["q", "to_boxes"], ["r"]),
        helper.make_node("Mul", ["r", "small"], ["t"]),
        helper.make_node("Add", ["t", "sides"], ["boxes"]),
        helper.make_node("MatMul", ["f", "b"], ["u"]),
        helper.make_node("Sigmoid", ["u"], ["v"]),
        helper.make_node("Reshape", ["v", "to_scores"], ["scores"]),
    ]
    outputs = [
        helper.make_tensor_value_info("boxes", FLOAT, ["N", 5, 4]),
        helper.make_tensor_value_info("scores", FLOAT, ["N", 5, 3]),
    ]
    save(tmp_path, nodes, outputs, weights)
    np.savez(tmp_path / "d.npz", images=images())
    asked = ("--task", "detection:convention=boxes-scores,score=0.4", "--output", "boxes,scores")
    found = report_of(tmp_path, "--data", tmp_path / "d.npz", *asked)
    assert found["decision"]["rule"] == "detection"
    assert found["decision"]["outputs"] == ["boxes", "scores"]
    assert found["decision"]["parameters"]["score"] == 0.4
    assert found["rates"][0]["sdc"]["estimate"] > 0


@pytest.mark.parametrize("command", ["run", "map", "compare", "selftest"])
def test_random_models_are_refused_by_every_command(command: str, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["s"]),
        helper.make_node("RandomUniformLike", ["s"], ["r"], high=1e-3),
        helper.make_node("Add", ["s", "r"], ["y"]),
    ]
    outputs = [helper.make_tensor_value_info("y", FLOAT, ["N", 3])]
    model = save(tmp_path, nodes, outputs, {"w": np.ones((128, 3), np.float32)})
    done = invoke(command, model, *([model] if command == "compare" else []))
    assert done.code == 2
    assert "RandomUniformLike draws random numbers" in done.err
    assert done.err.endswith("[not-repeatable]\n")


def test_noise_that_nobody_judges_does_no_harm(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["f"]),
        helper.make_node("MatMul", ["f", "w"], ["y"]),
        helper.make_node("RandomUniformLike", ["y"], ["z"]),
    ]
    outputs = [helper.make_tensor_value_info(name, FLOAT, ["N", 3]) for name in ("y", "z")]
    weight = np.random.default_rng(1).normal(0, 1, (128, 3)).astype(np.float32)
    save(tmp_path, nodes, outputs, {"w": weight})
    assert report_of(tmp_path, "--output", "y")["decision"]["outputs"] == ["y"]

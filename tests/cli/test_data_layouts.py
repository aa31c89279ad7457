"""Commands take data sets as they are published, and refuse wrong ones in a sentence."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.evaluation.sources.test_masks import write_mask
from tests.evaluation.sources.trees import TREES, Tree, dfc2020, listed, masked, noise
from tests.support import Run, invoke, parse_model, save, with_initializers

QUICK = ("--rates", "1e-3", "--precision", "0.4", "--journal", "none")


def classifier(path: Path, tree: Tree, classes: int) -> Path:
    """Mean of each channel, and a matrix."""
    rows, columns, channels = tree.images[0].shape
    text = f"""<ir_version: 8, opset_import: ["" : 17]>
    g (float[N, {channels}, {rows}, {columns}] image) => (float[N, {classes}] scores) {{
        m = GlobalAveragePool (image)
        f = Flatten (m)
        scores = Gemm (f, w)
    }}"""
    weights = np.random.default_rng(0).standard_normal((channels, classes)).astype(np.float32)
    return save(with_initializers(parse_model(text), {"w": weights}), path)


def segmenter(path: Path, inputs: dict[str, int], rows: int, columns: int, classes: int) -> Path:
    """One convolution of a pixel over all inputs."""
    given = ", ".join(f"float[N, {c}, {rows}, {columns}] {n}" for n, c in inputs.items())
    text = f"""<ir_version: 8, opset_import: ["" : 17]>
    g ({given}) => (float[N, {classes}, {rows}, {columns}] logits) {{
        both = Concat <axis = 1> ({", ".join(inputs)})
        y = Conv (both, w)
        logits = Softmax <axis = 1> (y)
    }}"""
    shape = (classes, sum(inputs.values()), 1, 1)
    weights = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    return save(with_initializers(parse_model(text), {"w": weights}), path)


def options(tree: Tree) -> list[str]:
    return [str(word) for name, value in tree.options.items() for word in (f"--{name}", value)]


def run(model: Path, tree: Tree, *more: str, command: str = "run") -> Run:
    return invoke(command, model, "--data", tree.path, *options(tree), *more)


LABELLED = ["AiTLAS list", "ImageNet", "EuroSAT", "bands", *(n for n in TREES if "CIFAR" in n)]


@pytest.mark.parametrize("name", LABELLED)
def test_a_classifier_is_judged_on_every_layout(name: str, tmp_path: Path) -> None:
    tree = TREES[name](tmp_path)
    assert tree.labels is not None
    classes = len(tree.classes) or 100
    found = run(classifier(tmp_path / "m.onnx", tree, classes), tree, *QUICK)
    assert (found.code, found.err) == (0, "")
    assert f"{len(tree.images)} images, fault-free top-1" in found.out


def test_a_segmentation_model_is_judged_on_masks(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    model = segmenter(tmp_path / "m.onnx", {"x": 3}, 6, 9, 5)
    found = run(model, tree, *QUICK, "--json", str(tmp_path / "r.json"))
    assert found.code == 0
    assert "3 images, fault-free mIoU per image" in found.out
    named = json.loads((tmp_path / "r.json").read_text())
    assert named["run"]["settings"]["masks"].endswith("masks")
    again = invoke("replay", tmp_path / "r.json", "--trial", "1")
    assert again.code == 0
    assert "The outcomes are those of the report" in again.out
    accuracy = run(model, tree, *QUICK, "--metric", "pixel_accuracy")
    assert "fault-free pixel accuracy" in accuracy.out


SENSORS = [{"s1": 2, "s2": 13}, {"s2": 13, "s1": 2}, {"s2": 13}, {"s1": 2}]


@pytest.mark.parametrize("inputs", SENSORS)
def test_dfc2020_feeds_models_of_one_sensor_and_of_two(
    inputs: dict[str, int], tmp_path: Path
) -> None:
    tree = dfc2020(tmp_path)
    model = segmenter(tmp_path / "m.onnx", inputs, 12, 12, 8)
    found = run(model, tree, *QUICK)
    assert (found.code, found.err) == (0, "")
    assert "3 images, fault-free mIoU per image" in found.out
    assert "fed: x, no mean: ASSUMED" in found.out


@pytest.mark.parametrize("command", ["map", "compare", "check"])
def test_so_do_other_commands(command: str, tmp_path: Path) -> None:
    tree = TREES["CIFAR-10, binary"](tmp_path)
    model = classifier(tmp_path / "m.onnx", tree, 10)
    more = {"compare": [str(model), *QUICK], "map": ["--margin", "0.4", "--journal", "none"]}
    found = run(model, tree, *more.get(command, []), command=command)
    assert found.code == 0
    assert "10 images" in found.out


@pytest.mark.parametrize("command", ["harden", "quantize"])
def test_calibration_takes_them_as_well(command: str, tmp_path: Path) -> None:
    tree = masked(tmp_path)
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[N, 3, 6, 9] x) => (float[N, 5, 6, 9] logits) {
        c = Conv (x, v)
        r = Relu (c)
        logits = Conv (r, w)
    }"""
    rng = np.random.default_rng(0)
    weights = {n: rng.standard_normal(s) for n, s in (("v", (8, 3, 1, 1)), ("w", (5, 8, 1, 1)))}
    held = {name: values.astype(np.float32) for name, values in weights.items()}
    model = save(with_initializers(parse_model(text), held), tmp_path / "m.onnx")
    out = tmp_path / "out.onnx"
    how = ["--method", "actmax"] if command == "harden" else []
    found = run(model, tree, *how, "-o", str(out), command=command)
    assert (found.code, found.err) == (0, "")
    assert "fault-free mIoU per image" in found.out
    onnx.checker.check_model(onnx.load(out))


# Bad input


def refused(found: Run, slug: str) -> str:
    assert (found.code, found.out) == (2, "")
    assert found.err.endswith(f"[{slug}]\n")
    assert "Traceback" not in found.err
    return found.err


def test_a_split_that_names_missing_files(tmp_path: Path) -> None:
    tree = listed(tmp_path)
    (tree.path / "city" / "city(2).tif").unlink()
    said = refused(run(classifier(tmp_path / "m.onnx", tree, 2), tree, *QUICK), "file-missing")
    assert "1 of the 3 images" in said
    assert "the first is 'city/city(2).tif'" in said


def test_a_split_whose_classes_are_not_those_of_the_model(tmp_path: Path) -> None:
    tree = listed(tmp_path)
    said = refused(run(classifier(tmp_path / "m.onnx", tree, 3), tree, *QUICK), "data-mismatch")
    assert "has 2 classes, numbered by their order, and the model scores 3" in said


def test_masks_of_another_size(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    write_mask(tmp_path / "masks" / "0.png", noise(6, 8) % 5)
    model = segmenter(tmp_path / "m.onnx", {"x": 3}, 6, 9, 5)
    said = refused(run(model, tree, *QUICK), "bad-data")
    assert "0.png has 6x8 pixels and its image 6x9" in said


def test_masks_of_unknown_classes(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    model = segmenter(tmp_path / "m.onnx", {"x": 3}, 6, 9, 4)
    said = refused(run(model, tree, *QUICK), "data-mismatch")
    assert "labels show class 4, and the model has classes 0 to 3" in said


def test_missing_masks(tmp_path: Path) -> None:
    tree = masked(tmp_path)
    (tmp_path / "masks" / "0.png").unlink()
    model = segmenter(tmp_path / "m.onnx", {"x": 3}, 6, 9, 5)
    assert "1 of 3 images have no mask" in refused(run(model, tree, *QUICK), "file-missing")


@pytest.mark.parametrize(
    ("words", "slug", "says"),
    [
        (("--part", "all"), "bad-option", "--part 'all': use train, val or test"),
        (("--part", "val"), "bad-option", "keep some apart"),
        ((), "bad-option", "say which by --part"),
    ],
)
def test_parts_that_are_none(words: tuple[str, ...], slug: str, says: str, tmp_path: Path) -> None:
    tree = TREES["CIFAR-10, binary"](tmp_path)
    model = classifier(tmp_path / "m.onnx", tree, 10)
    assert says in refused(invoke("run", model, "--data", tree.path, *words, *QUICK), slug)


def test_options_of_data_that_is_not_there(tmp_path: Path) -> None:
    tree = TREES["bands"](tmp_path)
    model = classifier(tmp_path / "m.onnx", tree, 2)
    for words in (("--masks", str(tmp_path)), ("--part", "val")):
        said = refused(invoke("run", model, *words, *QUICK), "bad-option")
        assert f"{words[0]} has no effect: there is no data set" in said

"""``relcheck check``, ``annotate`` and ``--expect``: was the model fed as it was trained?"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import helper, numpy_helper
from PIL import Image

from analyzer.model import load_model, read_preprocessing
from analyzer.model.metadata import READERS
from tests.support import (
    Run,
    invoke,
    parse_model,
    save,
    tiny_cnn,
    tiny_data,
    with_initializers,
    with_metadata,
)

SIZE = 8
CLASSES = 6
QUICK = ("--rates", "1e-3", "--precision", "0.3", "--journal", "none")

Fed = npt.NDArray[np.float32]


def by_color(path: Path, how: str, layout: str = "NCHW") -> Path:
    """A model that is right on images fed as ``how`` says, and wrong on others.

    Class c is nearest to the mean color c of its channels, so that every scale, offset and order
    of channels other than its own moves images to other classes.
    """
    axes = [2, 3] if layout == "NCHW" else [1, 2]
    wanted = fed(colors(), how)
    weights = {"w": 2 * wanted.T, "b": -(wanted**2).sum(axis=1)}  # nearest by squared distance
    nodes = [
        helper.make_node("ReduceMean", ["x"], ["m"], axes=axes, keepdims=0),
        helper.make_node("MatMul", ["m", "w"], ["s"]),
        helper.make_node("Add", ["s", "b"], ["y"]),
    ]
    item = [3, SIZE, SIZE] if layout == "NCHW" else [SIZE, SIZE, 3]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "colors",
        [value("x", onnx.TensorProto.FLOAT, ["N", *item])],
        [value("y", onnx.TensorProto.FLOAT, ["N", CLASSES])],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in weights.items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return save(proto, path)


def colors() -> npt.NDArray[np.uint8]:
    """The mean color of each class: uint8 (classes, 3)."""
    return np.random.default_rng(5).integers(20, 236, size=(CLASSES, 3)).astype(np.uint8)


RECIPES: dict[str, Callable[[Fed], npt.NDArray[np.floating[Any]]]] = {
    "x/255": lambda x: x / 255,
    "-1..1": lambda x: x / 127.5 - 1,
    "0..255": lambda x: x,
    "ImageNet": lambda x: (x / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225),
    "Caffe": lambda x: x[:, ::-1] - (103.939, 116.779, 123.68),
    "BGR": lambda x: x[:, ::-1] / 255,
}


def fed(values: npt.NDArray[np.uint8], how: str) -> Fed:
    return np.asarray(RECIPES[how](values.astype(np.float32)), np.float32)


def images(
    count: int = 60, size: int = SIZE
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(6).integers(-8, 9, size=(count, size, size, 3))
    pixels = colors()[labels][:, None, None, :] + noise
    return np.clip(pixels, 0, 255).astype(np.uint8), labels


def archive(folder: Path) -> Path:
    pixels, labels = images()
    np.savez(folder / "d.npz", images=pixels, labels=labels)
    return folder / "d.npz"


def report_of(run: Run, path: Path) -> dict[str, object]:
    assert run.code == 0, run.err
    found = json.loads(path.read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("how", RECIPES)
def test_the_recipe_of_a_model_is_found(how: str, tmp_path: Path) -> None:
    """And the commands that it prints do what they say."""
    model, data = by_color(tmp_path / "m.onnx", how), archive(tmp_path)
    run = invoke("check", model, "--data", data, "--json", tmp_path / "c.json")
    found = report_of(run, tmp_path / "c.json")
    best = found["recipes"][0]  # type: ignore[index]
    assert best["value"] == 1.0
    if how == "x/255":
        assert best["stated"]
        assert "nothing needs to change" in run.out
        return
    assert not best["stated"]
    lines = [line.strip() for line in run.out.splitlines()]
    command = lines[lines.index("Use it:") + 1].split()
    assert command[:2] == ["relcheck", "run"]
    with_flags = invoke(*command[1:], "--expect", "top1=1", *QUICK)
    assert with_flags.code == 0, with_flags.err
    command = lines[lines.index("Or write it into the file:") + 1].split()
    annotated = invoke(*command[1:])
    assert annotated.code == 0, annotated.err
    written = invoke("run", command[-1], "--data", data, "--expect", "top1=1", *QUICK)
    assert written.code == 0, written.err
    assert "from the metadata" in written.out


def test_rows_are_sorted_and_every_recipe_is_one(tmp_path: Path) -> None:
    model = by_color(tmp_path / "m.onnx", "ImageNet")
    out = tmp_path / "c.json"
    found = report_of(invoke("check", model, "--data", archive(tmp_path), "--json", out), out)
    rows = found["recipes"]
    assert isinstance(rows, list)
    values = [row["value"] for row in rows]
    assert values == sorted(values, reverse=True)
    assert len({json.dumps(row["flags"], sort_keys=True) for row in rows}) == len(rows) >= 12
    assert sum(row["stated"] for row in rows) == 1
    assert all(0.0 <= row["low"] <= row["value"] <= row["high"] <= 1.0 for row in rows)


def test_flags_fix_what_is_not_to_be_varied(tmp_path: Path) -> None:
    model, data = by_color(tmp_path / "m.onnx", "BGR"), archive(tmp_path)
    out = tmp_path / "c.json"
    wanted = ("--scale", "1/255", "--json", out)
    found = report_of(invoke("check", model, "--data", data, *wanted), out)
    flags = [row["flags"] for row in found["recipes"]]  # type: ignore[attr-defined]
    assert flags == [{"color": "BGR"}, {}]


def test_the_size_of_images_is_tried(tmp_path: Path) -> None:
    """The class is the color of the middle: stretched images are mostly margin."""
    model = by_color(tmp_path / "m.onnx", "x/255")
    pixels, labels = images(size=SIZE)
    for number, (middle, label) in enumerate(zip(pixels, labels, strict=True)):
        folder = tmp_path / "d" / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        whole = np.zeros((SIZE, 6 * SIZE, 3), np.uint8)
        whole[:] = colors()[(label + 1) % CLASSES]
        start = round((whole.shape[1] - SIZE) / 2)
        whole[:, start : start + SIZE] = middle
        Image.fromarray(whole).save(folder / f"{number}.png")
    out = tmp_path / "c.json"
    found = report_of(invoke("check", model, "--data", tmp_path / "d", "--json", out), out)
    best = found["recipes"][0]  # type: ignore[index]
    assert best["flags"] == {"resize": "8", "crop": "8"}
    assert best["value"] == 1.0


def test_the_layout_is_tried_where_both_fit(tmp_path: Path) -> None:
    proto = onnx.load(by_color(tmp_path / "m.onnx", "x/255", "NHWC"))
    for dim, size in zip(
        proto.graph.input[0].type.tensor_type.shape.dim[1:], (3, 3, 3), strict=True
    ):
        dim.dim_value = size
    model = save(proto, tmp_path / "m.onnx")
    out = tmp_path / "c.json"
    found = report_of(invoke("check", model, "--data", archive(tmp_path), "--json", out), out)
    best = found["recipes"][0]  # type: ignore[index]
    assert best["flags"] == {"layout": "NHWC"}
    assert best["value"] == 1.0


def test_a_model_that_answers_nan_to_a_recipe_has_no_figure_there(tmp_path: Path) -> None:
    proto = onnx.load(by_color(tmp_path / "m.onnx", "x/255"))
    node = helper.make_node("Sqrt", ["x"], ["root"])
    proto.graph.node[0].input[0] = "root"
    proto.graph.node.insert(0, node)  # the root of a negative number is NaN
    model = save(proto, tmp_path / "m.onnx")
    run = invoke("check", model, "--data", archive(tmp_path))
    assert run.code == 0, run.err
    assert "NaN without any fault" in " ".join(run.out.split())


def test_floats_have_no_recipe_to_try(tmp_path: Path) -> None:
    model = tiny_cnn(tmp_path / "m.onnx")
    np.savez(tmp_path / "d.npz", images=np.zeros((4, 1, 6, 6), np.float32), labels=np.zeros(4, int))
    run = invoke("check", model, "--data", tmp_path / "d.npz")
    assert run.code == 0, run.err
    assert "arrays as they are stored, no preprocessing (as stated)" in " ".join(run.out.split())


REFUSED = {
    "no data": ((), "give --data", "bad-option"),
    "no labels": (("--data", "u.npz"), "has none", "data-mismatch"),
    "not reached": (("--data", "d.npz", "--expect", "top1=0.1"), "was expected", "unexpected"),
}


@pytest.mark.parametrize(("arguments", "says", "slug"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_checked(
    arguments: tuple[str, ...], says: str, slug: str, tmp_path: Path
) -> None:
    model = tiny_cnn(tmp_path / "m.onnx")
    data = tiny_data(tmp_path / "d.npz")
    np.savez(tmp_path / "u.npz", images=np.load(data)["images"])
    words = [str(tmp_path / a) if a.endswith(".npz") else a for a in arguments]
    run = invoke("check", model, *words)
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert f"[{slug}" in run.err


# Plans


def test_another_recipe_is_another_plan(tmp_path: Path) -> None:
    """Two runs with different ``--scale`` shared one plan, and with it one journal."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    plans = {}
    for name, flags in {
        "plain": (),
        "the same, said": ("--scale", "1/255"),
        "scale": ("--scale", "1"),
        "mean": ("--mean", "0.5"),
        "crop": ("--crop", "5"),
    }.items():
        report = tmp_path / "r.json"
        run = invoke(model, "--data", data, *flags, *QUICK, "--json", report)
        assert run.code == 0, run.err
        plans[name] = json.loads(report.read_text())["plan"]["id"]
    assert plans["plain"] == plans["the same, said"]
    assert len(set(plans.values())) == 4


def test_every_report_says_what_was_fed(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    other = tiny_cnn(tmp_path / "n.onnx", seed=1)
    said = "x/255, no mean: ASSUMED, no metadata, no flags"
    for command in (("run", model), ("map", model), ("compare", model, other)):
        effort = ("--margin", "0.3") if command[0] == "map" else QUICK
        reports = tmp_path / "r.json", tmp_path / "r.html"
        run = invoke(*command, "--data", data, *effort, "--json", reports[0], "--html", reports[1])
        assert run.code == 0, run.err
        assert f"fed: {said}" in run.out
        assert f"fed: {said}" in reports[1].read_text()
        part = json.loads(reports[0].read_text())["data"]
        assert part["fed"] == said
        assert part["preprocessing"] == [
            {"name": "scale", "value": "1/255", "origin": "assumed"},
            {"name": "mean", "value": "0", "origin": "assumed"},
            {"name": "std", "value": "1", "origin": "assumed"},
            {"name": "layout", "value": "NCHW", "origin": "assumed"},
        ]


def test_models_of_a_comparison_that_are_fed_otherwise_are_named(tmp_path: Path) -> None:
    data = tiny_data(tmp_path / "d.npz")
    model = tiny_cnn(tmp_path / "m.onnx")
    other = save(with_metadata(onnx.load(model), scale="1"), tmp_path / "n.onnx")
    run = invoke("compare", model, other, "--data", data, *QUICK)
    assert run.code == 0, run.err
    assert "note: n.onnx is fed otherwise: x, no mean" in " ".join(run.out.split())


# Expectations


def test_a_figure_as_expected_goes_on(tmp_path: Path) -> None:
    """7 of 8 labels are right; 24 images tell 0.875 from 0.7 no more than by chance."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    for expected in ("top1=0.875", "top1 = 87.5%", "top1=0.88", "top1=7/8"):
        run = invoke(model, "--data", data, "--expect", expected, *QUICK)
        assert run.code == 0, run.err
    run = invoke(model, "--data", data, "--expect", "top1=0.6", *QUICK)
    assert run.code == 2
    assert "without faults top1 is 87.50 % on 24 images, and 60 % was expected" in run.err


# Annotations


def test_annotations_are_read_and_nothing_else_changes(tmp_path: Path) -> None:
    proto = onnx.load(tiny_cnn(tmp_path / "m.onnx"))
    proto.metadata_props.add(key="names", value="{0: 'a'}")
    model = save(with_metadata(proto, source="a book"), tmp_path / "m.onnx")
    out = tmp_path / "o.onnx"
    flags = ("--scale", "1/127.5", "--mean", "1", "--labels", "a,b,c,d")
    run = invoke("annotate", model, *flags, "-o", out)
    assert run.code == 0, run.err
    metadata = load_model(out).metadata
    wanted = read_preprocessing({"scale": "1/127.5", "mean": "1"}, "test")
    assert metadata.preprocessing == wanted
    assert (metadata.labels, metadata.source) == (("a", "b", "c", "d"), "a book")
    before, after = onnx.load(model), onnx.load(out)
    first = after.metadata_props[0]
    assert (first.key, first.value) == ("names", "{0: 'a'}")
    for found in (before, after):
        del found.metadata_props[:]
    assert before == after


@pytest.mark.parametrize("name", READERS)
def test_every_entry_can_be_written(name: str, tmp_path: Path) -> None:
    value = {"layout": "NCHW", "color": "BGR", "resize": "7", "crop": "6"}.get(name, "0.5")
    model = by_color(tmp_path / "m.onnx", "x/255")
    run = invoke("annotate", model, f"--{name}", value, "-o", tmp_path / "o.onnx")
    assert run.code == 0, run.err
    wanted = read_preprocessing({name: value}, "test")
    assert load_model(tmp_path / "o.onnx").metadata.preprocessing == wanted


def test_names_may_stand_in_a_file(tmp_path: Path) -> None:
    names = ["tench, Tinca tinca", "goldfish", "great white shark", "hen"]
    (tmp_path / "names.txt").write_text("\n".join(names) + "\n")
    model = tiny_cnn(tmp_path / "m.onnx")
    run = invoke("annotate", model, "--labels", tmp_path / "names.txt", "-o", tmp_path / "o.onnx")
    assert run.code == 0, run.err
    assert load_model(tmp_path / "o.onnx").metadata.labels == tuple(names)


def external(folder: Path) -> Path:
    """A model whose first weights lie in a file beside it."""
    folder.mkdir()
    proto = onnx.load(tiny_cnn(folder / "m.onnx"))
    tensor = proto.graph.initializer[0]
    (folder / "w.bin").write_bytes(tensor.raw_data)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="w.bin")
    return save(proto, folder / "m.onnx")


def test_external_data_stays_beside_the_model_or_goes_along(tmp_path: Path) -> None:
    model = external(tmp_path / "model")
    values = load_model(model).values()["conv_w"]
    (tmp_path / "elsewhere").mkdir()
    for folder, folded in (("model", False), ("elsewhere", True)):
        out = tmp_path / folder / "o.onnx"
        run = invoke("annotate", model, "--scale", "1", "-o", out)
        assert run.code == 0, run.err
        assert ("was written into the file" in run.out) == folded
        np.testing.assert_array_equal(load_model(out).values()["conv_w"], values)


def test_a_data_set_beside_the_model_is_named(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    out = tmp_path / "o.onnx"
    assert invoke("annotate", model, "--data", data, "-o", out).code == 0
    run = invoke(out, *QUICK)
    assert run.code == 0, run.err
    assert "d.npz: 24 images" in run.out


BAD = {
    "nothing": ((), "there is nothing to write", "bad-option"),
    "classes": (("--labels", "a,b"), "names 2 classes, and the model scores 4", "bad-metadata"),
    "no file": (
        ("--labels", "names.txt"),
        "neither a list like dog,cat nor a file",
        "file-missing",
    ),
    "channels": (("--mean", "1,2,3"), "3 values for 1 channels", "data-mismatch"),
    "layout": (("--layout", "NHWC"), "read as NHWC has 6 channels", "data-mismatch"),
    "data": (("--data", "/nowhere"), "must lie in the folder", "bad-option"),
    "value": (("--scale", "x"), "like 0.5 or 1/255", "bad-option"),
}


@pytest.mark.parametrize(("arguments", "says", "slug"), BAD.values(), ids=BAD)
def test_what_cannot_be_written(
    arguments: tuple[str, ...], says: str, slug: str, tmp_path: Path
) -> None:
    model = tiny_cnn(tmp_path / "m.onnx")
    run = invoke("annotate", model, *arguments, "-o", tmp_path / "o.onnx")
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert f"[{slug}]" in run.err
    assert not (tmp_path / "o.onnx").exists()


def two_heads(path: Path) -> Path:
    """Two outputs whose classes differ, so that labels could be meant for either."""
    rng = np.random.default_rng(3)
    values = {name: rng.standard_normal((27, 3)).astype(np.float32) for name in ("first", "second")}
    proto = parse_model(
        '<ir_version: 8, opset_import: ["" : 17]>'
        " g (float[N, 3, 3, 3] x) => (float[N, 3] a, float[N, 3] b)"
        " { f = Flatten (x) r = Relu (f) a = MatMul (r, first) b = MatMul (r, second) }"
    )
    return save(with_initializers(proto, values), path)


def images_of_two_heads(path: Path) -> Path:
    rng = np.random.default_rng(4)
    images = rng.integers(0, 256, (24, 3, 3, 3)).astype(np.uint8)
    np.savez(path, images=images, labels=rng.integers(0, 3, 24))
    return path


@pytest.mark.parametrize("command", ["check", "harden", "quantize", "run"])
def test_every_command_that_judges_takes_a_rule_and_an_output(command: str, tmp_path: Path) -> None:
    """Fails if help offers a flag that the request of a command does not have."""
    model = two_heads(tmp_path / "m.onnx")
    data = images_of_two_heads(tmp_path / "d.npz")
    more = {
        "check": (),
        "harden": ("--method", "actmax", "-o", tmp_path / "h.onnx"),
        "quantize": ("-o", tmp_path / "q.onnx"),
        "run": QUICK,
    }[command]
    asked = ("--task", "classification:top=2", "--output", "b")
    run = invoke(command, model, "--data", data, "--layout", "NHWC", *more, *asked)
    assert run.code == 0, run.err
    said = "set of the 2 highest class scores (classification of 'b', as asked)"
    assert said in " ".join(run.out.split())
    refused = invoke(command, model, "--data", data, *more, "--output", "c")
    assert refused.code == 2
    assert "the model has no such output" in refused.err


def test_the_command_that_check_proposes_asks_for_the_same_decisions(tmp_path: Path) -> None:
    model = two_heads(tmp_path / "m.onnx")
    data = images_of_two_heads(tmp_path / "d.npz")
    found = tmp_path / "r.json"
    asked = ("--output", "b", "--task", "classification", "--metric", "top1")
    assert invoke("check", model, "--data", data, *asked, "--json", found).code == 0
    command = json.loads(found.read_text())["run"]
    assert "--task classification --output b --metric top1" in command

"""`relcheck harden` and `relcheck quantize`, as users call them."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from PIL import Image

from analyzer.model import load_model
from tests.cli.test_bad_input import assert_sentence, contents
from tests.exporters.nets import network, run, scalar
from tests.support import (
    ROOT,
    golden_labels,
    invoke,
    parse_model,
    run_cli,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_data,
    tiny_images,
    with_initializers,
)

Arguments = Sequence[str | Path]


@pytest.fixture(autouse=True)
def _quick_latency(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is measured is tested elsewhere."""
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)


DIGITS = ROOT / "models" / "digits_resnet.onnx"
DIGITS_DATA = ROOT / "models" / "digits_test.npz"


def good(folder: Path) -> list[str | Path]:
    """Arguments of a call that succeeds, to be spoilt by more."""
    model, data = tiny_cnn(folder / "good.onnx"), tiny_data(folder / "data.npz")
    return [model, "--method", "actmax", "--data", data, "-o", folder / "out.onnx"]


# What the report says


def test_harden_shows_sites_and_costs(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run = invoke("harden", *good(tmp_path), "--json", report)
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert lines[1] == "method actmax, 1 activation bounded, bounds from 24 images of data.npz"
    assert lines[5].split() == ["r", "Relu", "≤", lines[5].split()[-1]]
    assert "fault-free top-1 %" in run.out
    assert "Same outputs as the original, by unoptimized kernels: 24 of the first 24." in run.out
    found = json.loads(report.read_text("utf-8"))
    model = load_model(tmp_path / "out.onnx")
    assert found["twins"]["twin"]["sha256"] == model.sha256
    assert found["twins"]["twin"]["bytes"] == model.size
    assert found["twins"]["effect"]["before"] == found["twins"]["effect"]["after"] == 21 / 24
    assert found["equal"] == 24
    assert found["sites"][0]["value"] == "r"
    assert found["twins"]["latency"]["pairs"] >= 5


def test_the_hardened_file_carries_its_history(tmp_path: Path) -> None:
    assert invoke("harden", *good(tmp_path)).code == 0
    original, model = load_model(tmp_path / "good.onnx"), load_model(tmp_path / "out.onnx")
    entries = {p.key: p.value for p in model.proto.metadata_props}
    assert entries["relcheck.hardening.method"] == "actmax"
    assert entries["relcheck.hardening.origin"] == original.sha256
    assert entries["relcheck.hardening.calibration"].endswith(" images:24")
    high = json.loads(entries["relcheck.hardening.thresholds"])["r"][1]
    stored = {t.name: t for t in model.inventory.at_risk}
    assert float(stored["r_threshold"].values) == high


def test_thresholds_are_at_risk_and_easily_left_out(tmp_path: Path) -> None:
    assert invoke("harden", *good(tmp_path)).code == 0
    every = invoke("inspect", tmp_path / "out.onnx").out
    assert "r_threshold" in every
    assert "beyond_threshold" in every
    fewer = invoke("inspect", tmp_path / "out.onnx", "--exclude", "*_threshold").out
    assert "in 4 tensors" in fewer
    assert "in 6 tensors" in every


def test_hardening_repeats_byte_for_byte(tmp_path: Path) -> None:
    arguments = good(tmp_path)
    assert invoke("harden", *arguments).code == 0
    first = (tmp_path / "out.onnx").read_bytes()
    assert invoke("harden", *arguments).code == 0
    assert (tmp_path / "out.onnx").read_bytes() == first


def test_saved_thresholds_serve_other_methods(tmp_path: Path) -> None:
    kept, out = tmp_path / "kept.json", tmp_path / "again.onnx"
    assert invoke("harden", *good(tmp_path), "--save-thresholds", kept).code == 0
    for method in ("actmax", "clipact", "ranger"):
        arguments: list[str | Path] = [tmp_path / "good.onnx", "--thresholds", kept, "-o", out]
        assert invoke("harden", *arguments, "--method", method).code == 0
        operators = [n.op_type for n in load_model(out).proto.graph.node]
        assert ("Where" in operators) is (method != "ranger")
    assert [t.name for t in load_model(out).proto.graph.initializer][-1] == "r_threshold"


@pytest.mark.parametrize("command", [("harden", "--method", "actmax"), ("quantize",)])
def test_calibration_on_some_classes_only_is_said(command: tuple[str, ...], tmp_path: Path) -> None:
    """Ranges of one class are no ranges of the others."""
    for label in range(4):
        (tmp_path / "images" / f"c{label}").mkdir(parents=True)
        for number, pixels in enumerate(tiny_images(3, seed=label)[..., 0]):
            Image.fromarray(pixels).save(tmp_path / "images" / f"c{label}" / f"{number}.png")
    model, out = tiny_cnn(tmp_path / "m.onnx"), tmp_path / "out.onnx"
    arguments: list[str | Path] = [*command[1:], model, "--data", tmp_path / "images", "-o", out]
    done = invoke(command[0], *arguments, "--images", "2")
    assert (done.code, done.err) == (0, "")
    said = " ".join(done.out.split())
    assert re.search(r"from 2 images of images \([12] of 4 classes\)", said)
    assert "classes)" not in invoke(command[0], *arguments).out


def test_relu6_needs_no_data(tmp_path: Path) -> None:
    model = tiny_cnn(tmp_path / "good.onnx")
    run = invoke("harden", model, "--method", "relu6", "-o", tmp_path / "out.onnx")
    assert (run.code, run.err) == (0, "")
    assert "bounds from the method alone" in run.out
    assert "agreement" in run.out


def test_accuracy_is_that_of_both_models(tmp_path: Path) -> None:
    """A model whose activations are far above 6: clamping changes answers."""
    proto, images = tiny_cnn_proto(), tiny_images(64)
    labels = golden_labels(proto, images)
    for tensor in proto.graph.initializer:
        if tensor.name.startswith("conv"):
            values = 40 * onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    model, data = save(proto, tmp_path / "m.onnx"), tmp_path / "d.npz"
    np.savez(data, images=images, labels=labels)
    report = tmp_path / "r.json"
    arguments: list[str | Path] = [model, "--method", "relu6", "--data", data, "--json", report]
    assert invoke("harden", *arguments, "-o", tmp_path / "out.onnx").code == 0
    fed = images.transpose(0, 3, 1, 2).astype(np.float32) / 255
    effect = json.loads(report.read_text("utf-8"))["twins"]["effect"]
    for key, path in {"before": model, "after": tmp_path / "out.onnx"}.items():
        scores = run(load_model(path).proto, fed)[0]
        assert effect[key] == (scores.argmax(axis=1) == labels).mean()
    assert effect["before"] != effect["after"]


def test_reasons_are_shown(tmp_path: Path) -> None:
    """Of each the number, the reason, and names."""
    body = "a = Sigmoid (image) b = Tanh (a) c = Tanh (b) scores = Relu (c)"
    model = save(network(body), tmp_path / "m.onnx")
    data = tmp_path / "d.npz"
    np.savez(data, images=np.ones((3, 4), np.float32))
    run = invoke("harden", model, "--method", "ranger", "--data", data, "-o", tmp_path / "o.onnx")
    assert (run.code, run.err) == (0, "")
    assert "  1: its values lie in [0, 1] by definition\n     Sigmoid a\n" in run.out
    assert "  2: its values lie in [-1, 1] by definition\n     Tanh b, Tanh c\n" in run.out


def test_models_of_a_fixed_batch_are_hardened(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx", batch=5), tiny_data(tmp_path / "d.npz")
    arguments: list[str | Path] = [
        model,
        "--method",
        "actmax",
        "--data",
        data,
        "-o",
        tmp_path / "out.onnx",
    ]
    run = invoke("harden", *arguments)
    assert (run.code, run.err) == (0, "")
    assert "Latency: 5 images a run" in run.out


def test_models_of_several_inputs_are_hardened_and_quantized(tmp_path: Path) -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, 4] image, float[N, 4] more) => (float[N, 4] scores) {
            a = MatMul (image, w) b = Add (a, more) r = Relu (b) scores = MatMul (r, w)
        }
    """
    weights = np.random.default_rng(0).standard_normal((4, 4)).astype(np.float32)
    model = save(with_initializers(parse_model(text), {"w": weights}), tmp_path / "m.onnx")
    data, out = tmp_path / "d.npz", tmp_path / "h.onnx"
    np.savez(data, image=np.ones((5, 4), np.float32), more=np.eye(5, 4, dtype=np.float32))
    run = invoke("harden", model, "--method", "actmax", "--data", data, "-o", out)
    assert (run.code, run.err) == (0, "")
    run = invoke("quantize", out, "--data", data, "-o", tmp_path / "q.onnx")
    assert (run.code, run.err) == (0, "")
    assert "bounds on integer codes: 1" in run.out


def test_external_data_are_embedded(tmp_path: Path) -> None:
    onnx.save(
        tiny_cnn_proto(),
        tmp_path / "m.onnx",
        save_as_external_data=True,
        location="m.data",
        size_threshold=0,
    )
    data = tiny_data(tmp_path / "d.npz")
    out = tmp_path / "elsewhere"
    out.mkdir()
    arguments: list[str | Path] = [
        tmp_path / "m.onnx",
        "--method",
        "actmax",
        "--data",
        data,
        "-o",
        out / "h.onnx",
    ]
    assert invoke("harden", *arguments).code == 0
    assert [p.name for p in out.iterdir()] == ["h.onnx"]
    images = tiny_images(3).transpose(0, 3, 1, 2).astype(np.float32) / 255
    run(load_model(out / "h.onnx").proto, images)


def test_quantize_shows_kernels_and_costs(tmp_path: Path) -> None:
    out, report = tmp_path / "int8.onnx", tmp_path / "report.json"
    arguments: list[str | Path] = [
        DIGITS,
        "--data",
        DIGITS_DATA,
        "--images",
        "100",
        "-o",
        out,
        "--json",
        report,
    ]
    run = invoke("quantize", *arguments)
    assert (run.code, run.err) == (0, "")
    assert max(map(len, run.out.splitlines())) <= 80
    assert "integer kernels: 1 QGemm, 3 QLinearAdd, 9 QLinearConv" in run.out
    found = json.loads(report.read_text("utf-8"))
    assert found["integer"]["QLinearConv"] == 9
    assert found["ranges"] == "histogram"
    assert found["twins"]["effect"]["after"] >= 0.98
    model = load_model(out)
    stored = {t.name: t.values for t in model.inventory.at_risk}
    assert stored["stem.weight_scale"].size > 1
    assert not any(stored["stem.weight_zero_point"])
    entries = {p.key: p.value for p in model.proto.metadata_props}
    assert entries["relcheck.quantization"].startswith("int8 qdq per-channel histogram sha256:")


def test_quantize_per_tensor(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    out = tmp_path / "int8.onnx"
    run = invoke("quantize", model, "--data", data, "--per-tensor", "-o", out)
    assert (run.code, run.err) == (0, "")
    stored = {t.name: t.values for t in load_model(out).inventory.at_risk}
    assert stored["conv_w_scale"].size == 1


@pytest.mark.parametrize("calibration", ["histogram", "minmax", "entropy", "percentile"])
def test_a_hardened_model_is_quantized_by_every_calibration(
    calibration: str, tmp_path: Path
) -> None:
    assert invoke("harden", *good(tmp_path)).code == 0
    out = tmp_path / "int8.onnx"
    arguments: list[str | Path] = [
        tmp_path / "out.onnx",
        "--data",
        tmp_path / "data.npz",
        "-o",
        out,
    ]
    run = invoke("quantize", *arguments, "--calibration", calibration)
    assert (run.code, run.err) == (0, "")
    assert "bounds on integer codes: 1" in run.out
    assert invoke("harden", out, "--method", "relu6", "-o", tmp_path / "no.onnx").code == 2


# Bad input

BAD: dict[str, tuple[str, str, Callable[[Path], Arguments]]] = {}


def bad(slug: str, says: str) -> Callable[[Callable[[Path], Arguments]], None]:
    """Register a case; it returns the arguments after ``relcheck``."""

    def register(make: Callable[[Path], Arguments]) -> None:
        BAD[make.__name__] = (slug, says, make)

    return register


def harden(folder: Path, proto: onnx.ModelProto, method: str = "relu6") -> Arguments:
    model = save(proto, folder / "m.onnx")
    return ["harden", model, "--method", method, "-o", folder / "out.onnx"]


@bad("nothing-to-bound", "has no activation that can be bounded: it has none of the operators")
def nothing_to_bound(folder: Path) -> Arguments:
    return harden(folder, network("scores = Neg (image)"))


@bad("nothing-to-bound", "Tanh 'scores': its values lie in [-1, 1] by definition")
def only_bounded_by_itself(folder: Path) -> Arguments:
    return harden(folder, network("scores = Tanh (image)"))


@bad("already-hardened", "is hardened already, by method actmax; harden the original model")
def already_hardened(folder: Path) -> Arguments:
    assert invoke("harden", *good(folder)).code == 0
    out = folder / "twice.onnx"
    return ["harden", folder / "out.onnx", "--method", "relu6", "-o", out]


@bad("unsupported-model", "is written in opset 10; bounds need opset 11 or later")
def opset_10(folder: Path) -> Arguments:
    return harden(folder, network("scores = Relu (image)", opset=10))


@bad(
    "bad-option",
    "--method 'actmin' is unknown (did you mean actmax?); use relu6, ranger, actmax, clipact",
)
def unknown_method(folder: Path) -> Arguments:
    return ["harden", *good(folder), "--method", "actmin"]


@bad("bad-option", "--method actmax starts from the largest value of each activation; give --data")
def no_data(folder: Path) -> Arguments:
    model = tiny_cnn(folder / "m.onnx")
    return ["harden", model, "--method", "actmax", "-o", folder / "out.onnx"]


@bad("bad-option", "--thresholds is an option of --method ranger, actmax, clipact; leave it out")
def relu6_with_thresholds(folder: Path) -> Arguments:
    return ["harden", *good(folder), "--method", "relu6", "--thresholds", folder / "t.json"]


@bad("file-missing", "there is no thresholds file")
def no_thresholds_file(folder: Path) -> Arguments:
    return ["harden", *good(folder), "--thresholds", folder / "t.json"]


@bad("bad-thresholds", "is no thresholds file of relcheck")
def other_thresholds_file(folder: Path) -> Arguments:
    (folder / "t.json").write_text('{"a": 1}')
    return ["harden", *good(folder), "--thresholds", folder / "t.json"]


@bad("bad-thresholds", "belongs to another model: it has no threshold for 'r' and names 'scores'")
def thresholds_of_another_model(folder: Path) -> Arguments:
    kept, data = folder / "t.json", folder / "d.npz"
    np.savez(data, images=np.ones((3, 4), np.float32))
    arguments: list[str | Path] = [
        *harden(folder, network("scores = Relu (image)"), "actmax"),
        "--data",
        data,
    ]
    assert invoke(*arguments, "--save-thresholds", kept).code == 0
    return ["harden", *good(folder), "--thresholds", kept]


@bad("bad-thresholds", "was made for --method actmax, which bounds other values of this model than")
def thresholds_of_another_kind(folder: Path) -> Arguments:
    body, data = "x = Neg (image) scores = Clip (x, zero, six)", folder / "d.npz"
    proto = network(body, {"zero": scalar(0), "six": scalar(6)})
    np.savez(data, images=-np.ones((3, 4), np.float32))
    arguments = [*harden(folder, proto, "actmax"), "--data", data]
    assert invoke(*arguments, "--save-thresholds", folder / "t.json").code == 0
    return [*arguments, "--method", "ranger", "--thresholds", folder / "t.json"]


@bad("data-mismatch", "do not have the 1 channels")
def images_of_another_shape(folder: Path) -> Arguments:
    data = folder / "d.npz"
    np.savez(data, images=np.zeros((4, 6, 6, 3), np.uint8))
    return ["harden", *good(folder), "--data", data]


@bad("data-mismatch", "they must be uint8 or float")
def images_of_another_type(folder: Path) -> Arguments:
    data = folder / "d.npz"
    np.savez(data, images=np.zeros((4, 1, 6, 6), np.int64))
    return ["harden", *good(folder), "--data", data]


@bad("file-missing", "there is no data set")
def no_such_data(folder: Path) -> Arguments:
    return ["harden", *good(folder), "--data", folder / "nowhere.npz"]


@bad("bad-calibration", "is NaN or infinite on the calibration data")
def images_of_nan(folder: Path) -> Arguments:
    data = folder / "d.npz"
    np.savez(data, images=np.full((4, 1, 6, 6), np.nan, np.float32))
    return ["harden", *good(folder), "--data", data]


@bad("unwritable-output", "in use already; name another file")
def output_over_the_model(folder: Path) -> Arguments:
    arguments = good(folder)
    return ["harden", *arguments, "-o", arguments[0]]


@bad("unwritable-output", "there is no folder")
def output_in_no_folder(folder: Path) -> Arguments:
    return ["harden", *good(folder), "-o", folder / "nowhere" / "out.onnx"]


@bad("unwritable-output", "in use already")
def thresholds_over_the_output(folder: Path) -> Arguments:
    return ["harden", *good(folder), "--save-thresholds", folder / "out.onnx"]


@bad("cannot-quantize", "is quantized already; quantize the float model")
def quantized_twice(folder: Path) -> Arguments:
    model = ROOT / "models" / "digits_resnet_int8.onnx"
    return ["quantize", model, "--data", DIGITS_DATA, "-o", folder / "out.onnx"]


@bad("cannot-quantize", "takes float16; the quantizer takes float32 models")
def quantize_half_precision(folder: Path) -> Arguments:
    model = save(network("scores = Relu (image)", dtype="float16"), folder / "m.onnx")
    return ["quantize", model, "--data", folder / "d.npz", "-o", folder / "out.onnx"]


@bad("cannot-quantize", "is written in opset 9; the quantizer needs 11 or later")
def quantize_old_opset(folder: Path) -> Arguments:
    model = save(network("scores = Relu (image)", opset=9), folder / "m.onnx")
    return ["quantize", model, "--data", folder / "d.npz", "-o", folder / "out.onnx"]


@bad("cannot-quantize", "has no operator that can be quantized")
def quantize_nothing(folder: Path) -> Arguments:
    model, data = save(network("scores = Neg (image)"), folder / "m.onnx"), folder / "d.npz"
    np.savez(data, images=np.ones((3, 4), np.float32))
    return ["quantize", model, "--data", data, "-o", folder / "out.onnx"]


@bad("bad-option", "--calibration 'mean' is unknown; use minmax, entropy, percentile, histogram")
def unknown_calibration(folder: Path) -> Arguments:
    arguments: list[str | Path] = [
        tiny_cnn(folder / "m.onnx"),
        "--data",
        tiny_data(folder / "d.npz"),
    ]
    return ["quantize", *arguments, "-o", folder / "out.onnx", "--calibration", "mean"]


@bad("unwritable-output", "in use already")
def quantize_in_place(folder: Path) -> Arguments:
    model = tiny_cnn(folder / "m.onnx")
    return ["quantize", model, "--data", tiny_data(folder / "d.npz"), "-o", model]


@pytest.mark.parametrize("name", BAD)
def test_bad_input(name: str, tmp_path: Path) -> None:
    slug, says, make = BAD[name]
    arguments = make(tmp_path)
    before = contents(tmp_path)
    assert_sentence(invoke(*arguments), slug, says)
    assert contents(tmp_path) == before


def test_a_quantizer_that_fails_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("some tensor")

    monkeypatch.setattr("analyzer.jobs.quantize.quantize_proto", fail)
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    run = invoke("quantize", model, "--data", data, "-o", tmp_path / "out.onnx")
    assert_sentence(run, "cannot-quantize", "ONNX Runtime's quantizer cannot take")


def test_in_a_process_of_their_own(tmp_path: Path) -> None:
    """Guarded, and with nothing but the answer on standard output and nothing on error."""
    run = run_cli("harden", *good(tmp_path))
    assert (run.code, run.err) == (0, "")
    arguments: list[str | Path] = [
        tmp_path / "out.onnx",
        "--data",
        tmp_path / "data.npz",
        "-o",
        tmp_path / "q.onnx",
    ]
    run = run_cli("quantize", *arguments)
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("out.onnx -> q.onnx\n")


def test_sub_graphs_only(tmp_path: Path) -> None:
    text = """
        <ir_version: 8, opset_import: ["" : 17]>
        net (float[N, 4] image) => (float[N, 4] scores) {
            some = ReduceSum <keepdims = 0> (image)
            yes = Cast <to = 9> (some)
            scores = If (yes) <
                then_branch = a () => (float[N, 4] p) { p = Relu (image) },
                else_branch = b () => (float[N, 4] q) { q = Neg (image) }
            >
        }
    """
    run = invoke(*harden(tmp_path, parse_model(text)))
    assert_sentence(run, "nothing-to-bound", "it lies in a sub-graph of If 'scores'")


def test_bounds_are_measured_on_images_of_every_class(tmp_path: Path) -> None:
    """Case 33: the first images of a folder are of its first class alone: dark ones, here."""
    for label in range(4):
        (tmp_path / "d" / f"c{label}").mkdir(parents=True)
        for number in range(20):
            pixels = np.full((6, 6), 40 * (label + 1) + number, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "d" / f"c{label}" / f"{number:02}.png")
    model, kept = tiny_cnn(tmp_path / "m.onnx"), tmp_path / "kept.json"
    report = tmp_path / "r.json"
    flags = ("--method", "actmax", "--images", "20", "--save-thresholds", kept, "--json", report)
    run = invoke("harden", model, "--data", tmp_path / "d", *flags, "-o", tmp_path / "h.onnx")
    assert run.code == 0, run.err
    told = "20 of 80 images, drawn by the seed from 4 of 4 classes by their shares"
    assert told in " ".join(run.out.split())
    assert told in json.loads(report.read_text("utf-8"))["twins"]["effect"]["remarks"]
    few = json.loads(kept.read_text("utf-8"))["thresholds"]["r"]["high"]
    everything = ("--method", "actmax", "--save-thresholds", kept, "-o", tmp_path / "all.onnx")
    assert invoke("harden", model, "--data", tmp_path / "d", *everything).code == 0
    most = json.loads(kept.read_text("utf-8"))["thresholds"]["r"]["high"]
    assert 0.85 * most < few <= most

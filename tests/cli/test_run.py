"""``relcheck run``: from options to figures, reports and exit codes."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from analyzer.jobs.data import find_data
from analyzer.jobs.requests.base import DataRequest
from analyzer.jobs.requests.settings import ask
from analyzer.model import load_model
from tests.support import (
    ROOT,
    golden_labels,
    invoke,
    parse_model,
    run_cli,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_images,
    with_metadata,
)

Argument = str | Path
Data = dict[str, Any]

QUICK = ("--rates", "1e-3", "--precision", "0.1")
SCHEMA = ROOT / "docs" / "report.schema.json"
HEAVY = (
    "onnxruntime",
    "onnx",
    "torch",
    "matplotlib",
    "numpy",
    "scipy",
    "pydantic",
    "jinja2",
    "PIL",
)


def report_of(folder: Path, *args: Argument, code: int = 0) -> Data:
    """The JSON report of one run."""
    target = folder / "report.json"
    target.unlink(missing_ok=True)
    run = invoke(*args, "--json", target)
    assert run.code == code, run.err
    content = json.loads(target.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def figures(report: Data) -> Data:
    """All that two runs of one plan must agree on."""
    return {key: value for key, value in report.items() if key != "run"}


# One plan, one result


def test_run_may_be_left_out(model: Path, data: Path, tmp_path: Path) -> None:
    short = report_of(tmp_path, model, "--data", data, *QUICK)
    assert figures(short) == figures(report_of(tmp_path, "run", model, "--data", data, *QUICK))
    options_first = report_of(tmp_path, *QUICK, "--data", data, model)
    assert figures(short) == figures(options_first)


def test_the_same_seed_gives_the_same_figures(model: Path, data: Path, tmp_path: Path) -> None:
    first = report_of(tmp_path, model, "--data", data, *QUICK)
    again = report_of(tmp_path, model, "--data", data, *QUICK)
    other = report_of(tmp_path, model, "--data", data, *QUICK, "--seed", "1")
    assert figures(first) == figures(again)
    assert other["rates"] != first["rates"]
    assert other["plan"]["id"] != first["plan"]["id"]


def test_a_process_of_its_own_gives_the_same_figures(
    model: Path, data: Path, tmp_path: Path
) -> None:
    here = report_of(tmp_path, model, "--data", data, *QUICK)
    run = run_cli(model, "--data", data, *QUICK, "--json", tmp_path / "there.json")
    assert (run.code, run.err) == (0, f"wrote {tmp_path / 'there.json'}\n")
    assert figures(json.loads((tmp_path / "there.json").read_text())) == figures(here)


# Options


def test_a_range_of_rates_is_the_grid_in_between(model: Path, data: Path, tmp_path: Path) -> None:
    args = (model, "--data", data, "--rates", "1e-4..3e-3", "--precision", "0.2")
    report = report_of(tmp_path, *args)
    assert [row["rate"] for row in report["rates"]] == [1e-4, 3e-4, 1e-3, 3e-3]
    bits = report["model"]["bits_at_risk"]
    for row in report["rates"]:
        assert row["expected_flips"] == pytest.approx(row["rate"] * bits)
        assert row["trials"] >= 64
        outcomes = row["sdc"]["estimate"] + row["due"]["estimate"] + row["masked"]["estimate"]
        assert outcomes == pytest.approx(1.0)


def test_without_rates_the_default_grid_is_used(model: Path, data: Path, tmp_path: Path) -> None:
    report = report_of(tmp_path, model, "--data", data, "--precision", "0.2")
    assert [row["rate"] for row in report["rates"]] == [1e-7, 3e-7, 1e-6, 3e-6, 1e-5, 3e-5]


@pytest.mark.parametrize(
    ("options", "key", "value"),
    [
        (["--exposure", "resident"], "exposure", "resident"),
        (["--encoding", "q15.16"], "encoding", "q15.16"),
        (["--fault", "stuck0"], "fault", "stuck0"),
        (["--fault", "stuck1"], "fault", "stuck1"),
        (["--fault", "burst:5"], "fault", "burst:5"),
        (["--include", "fc_*"], "include", ["fc_*"]),
        (["--exclude", "conv_w", "--exclude", "*_b"], "exclude", ["conv_w", "*_b"]),
        (["--kinds", "bias"], "kinds", ["bias"]),
        (["--batch", "5"], "batch", 5),
        (["--seed", "9"], "seed", 9),
    ],
)
def test_options_of_the_plan_take_effect(
    options: Sequence[str], key: str, value: object, model: Path, data: Path, tmp_path: Path
) -> None:
    plain = report_of(tmp_path, model, "--data", data, *QUICK)
    other = report_of(tmp_path, model, "--data", data, *QUICK, *options)
    assert plain["plan"][key] != value
    assert other["plan"][key] == value
    assert other["plan"]["id"] != plain["plan"]["id"]
    assert other["rates"] != plain["rates"]


def test_selection_changes_the_bits_at_risk(model: Path, data: Path, tmp_path: Path) -> None:
    def bits(*options: str) -> int:
        report = report_of(tmp_path, model, "--data", data, *QUICK, *options)
        return int(report["model"]["bits_at_risk"])

    conv_w, conv_b, fc_w, fc_b = 27 * 32, 3 * 32, 108 * 32, 4 * 32
    assert bits() == conv_w + conv_b + fc_w + fc_b
    assert bits("--include", "conv_*") == conv_w + conv_b
    assert bits("--include", "conv_*", "--include", "fc_b") == conv_w + conv_b + fc_b
    assert bits("--exclude", "fc_w") == conv_w + conv_b + fc_b
    assert bits("--kinds", "bias") == conv_b + fc_b
    assert bits("--kinds", "weight,bias", "--exclude", "fc_*") == conv_w + conv_b


@pytest.mark.parametrize(
    ("metric", "value"), [("top1", 21 / 24), ("top5", 1.0), ("agreement", 1.0)]
)
def test_metric(metric: str, value: float, model: Path, data: Path, tmp_path: Path) -> None:
    report = report_of(tmp_path, model, "--data", data, *QUICK, "--metric", metric)
    assert report["golden"] == {"metric": metric, "value": value}


def test_images_limits_the_data_set(model: Path, data: Path, tmp_path: Path) -> None:
    report = report_of(tmp_path, model, "--data", data, *QUICK, "--images", "10")
    assert report["data"]["images"] == 10
    assert report["plan"]["batch"] == 10
    assert report["golden"]["value"] == 8 / 10  # labels 0 and 8 are wrong


def test_finer_precision_takes_more_trials_and_extends_the_coarser_run(
    model: Path, data: Path, tmp_path: Path
) -> None:
    def row(precision: str) -> Data:
        args = (model, "--data", data, "--rates", "1e-3", "--precision", precision)
        found = report_of(tmp_path, *args)["rates"][0]
        assert isinstance(found, dict)
        return found

    coarse, fine = row("0.1"), row("0.02")
    assert fine["trials"] > coarse["trials"]
    for name, goal in ((coarse, 0.1), (fine, 0.02)):
        metric = name["metric"]
        arms = (metric["high"] - metric["estimate"], metric["estimate"] - metric["low"])
        assert max(arms) <= goal
        assert name["stop"] == "precision"


def test_more_confidence_means_wider_intervals(model: Path, data: Path, tmp_path: Path) -> None:
    def width(confidence: str) -> float:
        args = (model, "--data", data, "--rates", "1e-3", "--precision", "0.45")
        row = report_of(tmp_path, *args, "--confidence", confidence)["rates"][0]
        assert row["trials"] <= 128  # the first look, some of it for each stratum
        return float(row["sdc"]["high"] - row["sdc"]["low"])

    assert width("0.8") < width("0.95") < width("0.999")


def test_a_spent_budget_is_an_incomplete_campaign(model: Path, data: Path, tmp_path: Path) -> None:
    args = (model, "--data", data, "--rates", "1e-3,1e-2", "--precision", "0.001")
    report = report_of(tmp_path, *args, "--budget", "0.5s", code=3)
    assert {row["stop"] for row in report["rates"]} == {"budget"}
    run = invoke(*args, "--budget", "0.5s")
    assert "the budget ended before ±0.1 points were reached" in " ".join(run.out.split())
    assert run.err.startswith("the budget is spent; to go on: relcheck resume ")


def test_resident_faults_report_the_spread_over_devices(
    model: Path, data: Path, tmp_path: Path
) -> None:
    report = report_of(tmp_path, model, "--data", data, *QUICK, "--exposure", "resident")
    row = report["rates"][0]
    assert row["images"] == 24 * row["trials"]
    assert list(row["devices"]) == ["minimum", "p05", "median", "p95", "maximum"]
    assert list(row["devices"].values()) == sorted(row["devices"].values())
    transient = report_of(tmp_path, model, "--data", data, *QUICK)
    assert transient["rates"][0]["devices"] is None


# Gates


@pytest.mark.parametrize(
    ("gates", "verdict", "code"),
    [
        ([], None, 0),
        (["top1 >= 0.5 @ 1e-3"], "pass", 0),
        (["top1 >= 0.86 @ 1e-3"], "fail", 1),
        (["sdc <= 0.001 @ 1e-3", "top1 >= 0.5 @ 1e-3"], "fail", 1),
        (["top1 >= 0.5 @ 1e-3", "sdc <= 0.5 @ 1e-3"], "pass", 0),
        (["masked >= 0.5 @ 3e-4"], "pass", 0),
    ],
)
def test_gates_decide_the_exit_code(
    gates: Sequence[str],
    verdict: str | None,
    code: int,
    model: Path,
    data: Path,
    tmp_path: Path,
) -> None:
    args: list[Argument] = [model, "--data", data, "--rates", "1e-3", "--precision", "0.05"]
    for gate in gates:
        args += ["--gate", gate]
    report = report_of(tmp_path, *args, code=code)
    assert report["gate"]["verdict"] == verdict
    assert [c["condition"] for c in report["gate"]["conditions"]] == gates


def test_a_gate_that_the_interval_straddles_is_undecided(
    model: Path, data: Path, tmp_path: Path
) -> None:
    args = (model, "--data", data, "--rates", "1e-3", "--precision", "0.1")
    middle = report_of(tmp_path, *args)["rates"][0]["metric"]["estimate"]
    report = report_of(tmp_path, *args, "--gate", f"top1 >= {middle:.4f} @ 1e-3", code=3)
    assert report["gate"]["verdict"] == "undecided"
    assert "undecided" in invoke(*args, "--gate", f"top1 >= {middle:.4f} @ 1e-3").out


def test_the_rate_of_a_gate_joins_the_sweep(model: Path, data: Path, tmp_path: Path) -> None:
    report = report_of(tmp_path, model, "--data", data, *QUICK, "--gate", "due <= 0.9 @ 2e-4")
    assert [row["rate"] for row in report["rates"]] == [1e-3, 2e-4]


# Configuration file


def test_configuration_file_and_flags_that_win(model: Path, data: Path, tmp_path: Path) -> None:
    (tmp_path / "relcheck.toml").write_text(
        'rates = "1e-3"\nprecision = 0.1\nseed = 5\ndata = "data/images.npz"\n'
        'gate = ["top1 >= 0.5 @ 1e-3"]\nexclude = "fc_b"\nkinds = "weight,bias"\n'
        'json = "from_config.json"\nmean = [0.0]\n'
    )
    config = ("--config", tmp_path / "relcheck.toml")
    assert invoke(model, *config).code == 0
    written = json.loads((tmp_path / "from_config.json").read_text())
    asked = ("--data", data, *QUICK, "--seed", "5", "--exclude", "fc_b", "--kinds", "weight,bias")
    gate = ("--gate", "top1 >= 0.5 @ 1e-3")
    same = report_of(tmp_path, model, *asked, *gate, "--mean", "0.0")
    assert figures(written) == figures(same)
    flagged = report_of(tmp_path, model, *config, "--seed", "6", "--kinds", "weight")
    assert (flagged["plan"]["seed"], flagged["plan"]["kinds"]) == (6, ["weight"])
    assert flagged["plan"]["exclude"] == ["fc_b"]


# Reports


def test_json_obeys_the_published_schema(model: Path, data: Path, tmp_path: Path) -> None:
    args = (model, "--data", data, "--rates", "1e-4..1e-2", "--precision", "0.2")
    report = report_of(tmp_path, *args, "--exposure", "resident", "--gate", "sdc <= 1 @ 1e-3")
    jsonschema.validate(report, json.loads(SCHEMA.read_text("utf-8")))


def test_html_of_a_hostile_file_name_runs_nothing(data: Path, tmp_path: Path) -> None:
    name = "<script>alert(1)<"  # a file name has no slash: it cannot end the element
    model, target = tiny_cnn(tmp_path / f"{name}.onnx"), tmp_path / "report.html"
    renamed = data.rename(data.with_name("<img src=x onerror=alert(1)>.npz"))
    run = invoke(model, "--data", renamed, *QUICK, "--html", target, "--include", "<b>*")
    assert run.code == 2  # no such tensor
    run = invoke(model, "--data", renamed, *QUICK, "--html", target, "--exclude", "fc[_<b>]b")
    assert run.code == 0
    page = target.read_text("utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;.onnx") >= 3


@pytest.mark.parametrize("tensor", ["<script>alert(1)</script>", "[red]conv[/red]", "a\x1b[2Jb"])
def test_hostile_tensor_names_are_harmless(tensor: str, data: Path, tmp_path: Path) -> None:
    proto = tiny_cnn_proto()
    proto.graph.node[0].input[1] = proto.graph.initializer[0].name = tensor
    model, target = save(proto, tmp_path / "m.onnx"), tmp_path / "report.html"
    run = invoke(model, "--data", data, *QUICK, "--html", target)
    assert run.code == 0
    assert "<script" not in target.read_text("utf-8")
    assert invoke("inspect", model).code == 0


def test_terminal_table_fits_80_columns(model: Path, data: Path) -> None:
    run = invoke(
        *(model, "--data", data, "--rates", "1e-6..1e-1", "--precision", "0.2"),
        *("--exposure", "resident", "--gate", "masked >= 0.123456 @ 2.5e-4"),
    )
    assert run.code == 0
    assert max(map(len, run.out.splitlines())) <= 80


def test_reports_are_announced_on_standard_error(model: Path, data: Path, tmp_path: Path) -> None:
    targets = (tmp_path / "r.json", tmp_path / "r.html")
    run = invoke(model, "--data", data, *QUICK, "--json", targets[0], "--html", targets[1])
    assert run.err == "".join(f"wrote {target}\n" for target in targets)
    assert "wrote" not in run.out


@pytest.mark.parametrize(("bound", "verdict", "code"), [("0.5", "pass", 0), ("0.86", "fail", 1)])
def test_a_closed_pipe_changes_no_verdict_and_loses_no_report(
    bound: str, verdict: str, code: int, model: Path, data: Path, tmp_path: Path
) -> None:
    options = ("--rates", "1e-3", "--precision", "0.05", "--gate", f"top1 >= {bound} @ 1e-3")
    command = (sys.executable, "-m", "analyzer", model, "--data", data, *options)
    with subprocess.Popen(
        [*map(str, command), "--json", str(tmp_path / "r.json")], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        process.stdout.close()  # as `| head -0` would
        assert process.wait() == code
    assert json.loads((tmp_path / "r.json").read_text())["gate"]["verdict"] == verdict


# Data sets


def test_layouts_and_floats_of_the_same_images_are_the_same_data(
    model: Path, tmp_path: Path
) -> None:
    images = tiny_images(24)
    labels = golden_labels(tiny_cnn_proto(), images)
    channels_first = images.transpose(0, 3, 1, 2)
    floats = channels_first.astype(np.float32) * np.float32(1 / 255)
    forms: dict[str, npt.NDArray[Any]] = {
        "nhwc": images,
        "nchw": channels_first,
        "flat": images[..., 0],
        "float32": floats,
        "float64": floats.astype(np.float64),
    }
    found = {}
    for name, form in forms.items():
        np.savez(tmp_path / f"{name}.npz", images=form, labels=labels)
        report = report_of(tmp_path, model, "--data", tmp_path / f"{name}.npz", *QUICK)
        found[name] = report["golden"]
    assert list(found.values()) == [{"metric": "top1", "value": 21 / 24}] * len(forms)


def test_image_folder(model: Path, tmp_path: Path) -> None:
    images = tiny_images(24)
    labels = golden_labels(tiny_cnn_proto(), images)
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        folder = tmp_path / "digits" / f"class_{label}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(folder / f"{i}.png")
    report = report_of(tmp_path, model, "--data", tmp_path / "digits", *QUICK)
    assert report["golden"] == {"metric": "top1", "value": 21 / 24}
    assert (report["data"]["kind"], report["data"]["labelled"]) == ("folder", True)
    assert "class_0 = 0" in report["data"]["note"]


def test_data_named_by_the_model(data: Path, tmp_path: Path) -> None:
    proto = with_metadata(tiny_cnn_proto(), data="data/images.npz")
    report = report_of(tmp_path, save(proto, tmp_path / "m.onnx"), *QUICK)
    assert (report["data"]["kind"], report["data"]["name"]) == ("npz", "images.npz")


def test_data_beside_the_model(data: Path, tmp_path: Path) -> None:
    data.rename(tmp_path / "tiny.npz")
    report = report_of(tmp_path, tiny_cnn(tmp_path / "tiny.onnx"), *QUICK)
    assert (report["data"]["kind"], report["data"]["name"]) == ("npz", "tiny.npz")


def test_given_data_win_over_named_and_neighbouring_data(data: Path, tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(b"not looked at")
    (tmp_path / "named.npz").write_bytes(b"not looked at")
    model = save(with_metadata(tiny_cnn_proto(), data="named.npz"), tmp_path / "m.onnx")
    report = report_of(tmp_path, model, "--data", data, *QUICK)
    assert report["data"]["name"] == "images.npz"


def test_without_data_the_report_says_so_first(model: Path, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    run = invoke(model, *QUICK, "--html", target)
    assert run.code == 0
    assert run.out.startswith("No data set: inputs are random")
    body = target.read_text("utf-8").partition("<body>")[2]
    assert body.index("No data set") < body.index("<h1>")
    report = report_of(tmp_path, model, *QUICK)
    assert report["data"]["kind"] == "generated"
    assert report["golden"] == {"metric": "agreement", "value": 1.0}
    assert report["assumptions"][0].startswith("No data set was given")


def test_named_data_that_are_missing_are_mentioned(tmp_path: Path) -> None:
    model = save(with_metadata(tiny_cnn_proto(), data="lost.npz"), tmp_path / "m.onnx")
    report = report_of(tmp_path, model, *QUICK)
    assert report["data"]["kind"] == "generated"
    assert "'lost.npz' that the model names is not beside it" in report["data"]["note"]


def test_a_fixed_batch_size_is_honoured(data: Path, tmp_path: Path) -> None:
    """24 images in batches of 5: the last batch is padded, and the padding does not count."""
    fixed = tiny_cnn(tmp_path / "fixed.onnx", batch=5)
    report = report_of(tmp_path, fixed, "--data", data, *QUICK)
    assert report["plan"]["batch"] == 5
    assert report["data"]["images"] == 24
    assert report["golden"]["value"] == 21 / 24
    free = report_of(tmp_path, tiny_cnn(tmp_path / "free.onnx"), "--data", data, *QUICK)
    assert free["plan"]["batch"] == 24
    asked = report_of(tmp_path, fixed, "--data", data, *QUICK, "--batch", "5")
    assert figures(asked) == figures(report)


def test_selftest_honours_a_fixed_batch_size(tmp_path: Path) -> None:
    run = invoke("selftest", tiny_cnn(tmp_path / "fixed.onnx", batch=3), "--patterns", "4")
    assert (run.code, run.err) == (0, "")
    assert "PASS: live weights and the edited file" in run.out


def test_preprocessing_comes_from_metadata_and_flags_override_it(
    data: Path, tmp_path: Path
) -> None:
    """A model that wants 255 times smaller pixels answers alike once it says so."""
    stated = with_metadata(tiny_cnn_proto(), scale=str(1 / 255), mean="0", std="1")
    blind = with_metadata(tiny_cnn_proto(), scale="0", mean="0", std="1")
    golden = report_of(tmp_path, save(stated, tmp_path / "a.onnx"), "--data", data, *QUICK)
    black = report_of(tmp_path, save(blind, tmp_path / "b.onnx"), "--data", data, *QUICK)
    flags = ("--scale", str(1 / 255))
    overridden = report_of(tmp_path, tmp_path / "b.onnx", "--data", data, *QUICK, *flags)
    assert golden["golden"]["value"] == overridden["golden"]["value"] == 21 / 24
    assert black["golden"]["value"] < 0.6  # one answer for all: images are black


@pytest.mark.parametrize(
    "option",
    [("--mean", "0.5"), ("--std", "0.1"), ("--resize", "9"), ("--crop", "4"), ("--scale", "0")],
)
def test_preprocessing_options_take_effect(
    option: tuple[str, str], model: Path, data: Path, tmp_path: Path
) -> None:
    plain = report_of(tmp_path, model, "--data", data, *QUICK)
    other = report_of(tmp_path, model, "--data", data, *QUICK, *option)
    assert (other["golden"], other["rates"]) != (plain["golden"], plain["rates"])


def test_layout_and_color_reach_the_inputs(tmp_path: Path) -> None:
    """An input of (3, 6, 3) is 6x3 pixels, channels first, unless it is said to be 3x6."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
        g (float[N, 3, 6, 3] x) => (float[N, 3, 6, 3] y) <float w = {2}> { y = Mul (x, w) }"""
    model = load_model(save(parse_model(text), tmp_path / "m.onnx"))
    images = np.random.default_rng(0).integers(256, size=(4, 3, 6, 3), dtype=np.uint8)
    np.savez(tmp_path / "m.npz", images=images)

    def inputs(**flags: str) -> npt.NDArray[Any]:
        return find_data(model, ask(DataRequest, {"scale": "1", **flags})).inputs

    np.testing.assert_array_equal(inputs(layout="NHWC"), images)
    np.testing.assert_array_equal(inputs(layout="nhwc", color="BGR"), images[..., ::-1])
    assert not np.array_equal(inputs(layout="NCHW"), images)
    np.testing.assert_array_equal(inputs(layout="NCHW"), inputs())


# Help


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["--version"]])
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    # Typer itself reads the types of a command's options with pydantic.
    heavy = [m for m in HEAVY if m != "pydantic" or command[0] != "run"]
    code = (
        "import sys; from analyzer.cli.main import main; sys.argv = ['relcheck', *sys.argv[1:]]\n"
        "try: main()\n"
        "except SystemExit as stopped: assert not stopped.code, stopped.code\n"
        f"print('LOADED', [m for m in {heavy!r} if m in sys.modules])"
    )
    script = [sys.executable, "-c", code, *command]
    done = subprocess.run(script, capture_output=True, text=True, check=True, cwd=ROOT)
    *text, loaded = done.stdout.splitlines()
    assert text
    assert loaded == "LOADED []"


def test_help_fits_80_columns() -> None:
    run = invoke("run", "--help")
    assert run.code == 0
    assert max(map(len, run.out.splitlines())) <= 80


def test_without_a_model_the_demonstration_is_analyzed() -> None:
    run = invoke("--rates", "1e-7", "--precision", "0.2", "--images", "32")
    assert run.code == 0
    assert run.out.startswith("digits_resnet.onnx: ")

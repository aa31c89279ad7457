"""``relcheck compare``: from options to table, reports and exit codes; bad input."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from analyzer.jobs.requests.comparison import ComparisonRequest
from tests.campaign.variants import capped_cnn
from tests.cli.test_bad_input import assert_only_failures, assert_sentence, contents
from tests.support import (
    CHANNELS,
    ROOT,
    Run,
    invoke,
    parse_model,
    run_cli,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    with_initializers,
    with_metadata,
)

Data = dict[str, Any]

QUICK = ("--rates", "1e-3,1e-2", "--precision", "0.1")
DIGITS = ROOT / "models" / "digits_resnet.onnx"
DIGITS_INT8 = ROOT / "models" / "digits_resnet_int8.onnx"


@pytest.fixture
def capped(tmp_path: Path) -> Path:
    """The model of the other fixture, with its activations capped."""
    return capped_cnn(tmp_path / "capped.onnx", values=CHANNELS)


def comparison_of(folder: Path, *args: str | Path, code: int = 0) -> Data:
    """The JSON report of one comparison."""
    target = folder / "comparison.json"
    target.unlink(missing_ok=True)
    run = invoke("compare", *args, "--json", target)
    assert run.code == code, run.err
    content = json.loads(target.read_text("utf-8"))
    assert isinstance(content, dict)
    return content


def figures(report: Data) -> Data:
    """All that two comparisons of one plan must agree on."""
    return {key: value for key, value in report.items() if key != "run"}


def test_two_models_are_compared(model: Path, capped: Path, data: Path, tmp_path: Path) -> None:
    page, target = tmp_path / "c.html", tmp_path / "c.json"
    run = invoke(
        *("compare", model, capped, "--data", data, *QUICK, "--json", target, "--html", page)
    )
    assert run.code == 0, run.err
    assert max(map(len, run.out.splitlines())) <= 80
    assert "A  tiny.onnx" in run.out
    assert "B  capped.onnx" in run.out
    assert "less A" in run.out
    assert f"wrote {page}" in run.err
    report = json.loads(target.read_text("utf-8"))
    schema = json.loads((ROOT / "docs" / "comparison.schema.json").read_text("utf-8"))
    jsonschema.validate(report, schema)
    first, second = report["models"]
    assert first["correspondence"] is None
    assert second["correspondence"]["faults"] == "paired"
    assert 0.5 < second["correspondence"]["of_model"] < 1.0
    assert second["file_bytes"] == capped.stat().st_size
    assert [row["rate"] for row in second["rates"]] == [1e-3, 1e-2]
    assert "<svg" in page.read_text("utf-8")


def test_the_same_seed_gives_the_same_figures_with_any_number_of_workers(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    args = (model, capped, "--data", data, *QUICK, "--journal", "none")
    first = comparison_of(tmp_path, *args)
    assert figures(first) == figures(comparison_of(tmp_path, *args, "--jobs", "2"))
    other = comparison_of(tmp_path, *args, "--seed", "1")
    assert other["models"][1]["rates"] != first["models"][1]["rates"]


def test_the_reference_is_reported_as_by_an_ordinary_run(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    """Plan, golden figure and trials; its journal is that of the run as well."""
    journals = tmp_path / "journals"
    args = ("--data", data, *QUICK, "--precision", "0.3")
    report = comparison_of(tmp_path, model, capped, *args, "--journal", journals)
    target = tmp_path / "run.json"
    [journal] = [p for p in journals.glob("*.db") if b"paired" not in p.read_bytes()]
    run = invoke("run", model, *args, "--json", target, "--journal", journal)
    assert run.code == 0, run.err
    alone = json.loads(target.read_text("utf-8"))
    assert report["models"][0]["plan_id"] == alone["plan"]["id"]
    assert report["models"][0]["golden"] == alone["golden"]["value"]
    for mine, theirs in zip(report["models"][0]["rates"], alone["rates"], strict=True):
        assert mine["trials"] >= theirs["trials"]


def test_finished_work_is_not_done_twice(
    model: Path, capped: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = (model, capped, "--data", data, *QUICK, "--journal", tmp_path / "journals")
    first = comparison_of(tmp_path, *args)

    def nothing_is_run(*_: object) -> None:
        raise AssertionError("a block was run again")

    monkeypatch.setattr("analyzer.campaign.workers.inline_pool.run_blocks", nothing_is_run)
    assert figures(comparison_of(tmp_path, *args)) == figures(first)


def test_a_comparison_is_resumed_by_the_same_command(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    journals = tmp_path / "journals"
    args = (model, capped, "--data", data, "--rates", "1e-2", "--precision", "0.03")
    whole = comparison_of(tmp_path, *args, "--journal", "none")
    cut = comparison_of(tmp_path, *args, "--journal", journals, "--budget", "0.05s", code=3)
    assert {row["stop"] for m in cut["models"] for row in m["rates"]} == {"budget"}
    said = invoke("compare", *args, "--journal", journals, "--budget", "0.01s").err
    how = "to go on, run the same command again: finished work is kept\n"
    assert said.endswith(f"the budget is spent; {how}")
    again = comparison_of(tmp_path, *args, "--journal", journals)
    assert figures(again) == figures(whole)
    [paired] = [p for p in journals.glob("*.db") if b"paired" in p.read_bytes()]
    assert_sentence(invoke("resume", paired), "journal-unusable", "run the same relcheck compare")


def test_the_same_file_twice_is_said(model: Path, data: Path, tmp_path: Path) -> None:
    run = invoke("compare", model, model, "--data", data, *QUICK)
    assert run.code == 0, run.err
    assert "B is the same file as A" in run.out
    report = comparison_of(tmp_path, model, model, "--data", data, *QUICK)
    for row in report["models"][1]["rates"]:
        assert row["difference"]["metric"]["estimate"] == 0.0
        assert row["difference"]["sdc"]["estimate"] == 0.0


def test_without_labels_only_corruption_is_compared(
    model: Path, capped: Path, tmp_path: Path
) -> None:
    run = invoke("compare", model, capped, *QUICK)
    assert run.code == 0, run.err
    assert run.out.startswith("No data set: inputs are random")
    assert "only SDC and DUE are compared" in run.out
    report = comparison_of(tmp_path, model, capped, *QUICK)
    assert report["metric"] is None
    for entry in report["models"]:
        assert entry["golden"] is None
        assert entry["area"] is None
        assert all(row["metric"] is None for row in entry["rates"])


def test_each_model_prepares_images_by_its_own_metadata(data: Path, tmp_path: Path) -> None:
    """A model whose weights expect pixels twice as bright, and say so, answers the same."""
    plain = tiny_cnn(tmp_path / "tiny.onnx")
    proto = with_metadata(tiny_cnn_proto(), scale=str(2 / 255))
    for tensor in proto.graph.initializer:
        if tensor.name == "conv_w":
            tensor.raw_data = (np.frombuffer(tensor.raw_data, np.float32) / 2).tobytes()
    bright = save(proto, tmp_path / "bright.onnx")
    report = comparison_of(tmp_path, plain, bright, "--data", data, *QUICK)
    assert report["models"][0]["golden"] == report["models"][1]["golden"]
    assert report["models"][1]["correspondence"]["of_model"] == 1.0
    assert not report["models"][1]["correspondence"]["same_file"]


def test_the_data_set_that_the_reference_names_is_everybodys(capped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "reference"
    folder.mkdir()
    named = save(with_metadata(tiny_cnn_proto(), data="set.npz"), folder / "tiny.onnx")
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(12, 6, 6, 1), dtype=np.uint8)
    np.savez(folder / "set.npz", images=images, labels=rng.integers(4, size=12))
    report = comparison_of(tmp_path, named, capped, *QUICK)
    assert (report["data"]["name"], report["data"]["images"]) == ("set.npz", 12)


def test_digits_float_and_int8(tmp_path: Path) -> None:
    """The real case: nothing corresponds, and int8 holds longer."""
    args = ("--rates", "1e-5,1e-4", "--precision", "0.05", "--batch", "32", "--images", "200")
    report = comparison_of(tmp_path, DIGITS, DIGITS_INT8, *args)
    second = report["models"][1]
    assert second["correspondence"]["faults"] == "independent"
    assert second["correspondence"]["of_model"] < 0.01
    assert all(row["difference"]["paired_trials"] == 0 for row in second["rates"])
    assert second["area_difference"]["low"] > 0.2


# Bad input


def _other_classes(folder: Path) -> list[Path | str]:
    return [tiny_cnn(folder / "a.onnx"), tiny_cnn(folder / "b.onnx", classes=3)]


def _other_outputs(folder: Path) -> list[Path | str]:
    proto = tiny_cnn_proto()
    proto.graph.output.append(parse_model(_TWO).graph.output[1])
    return [tiny_cnn(folder / "a.onnx"), save(proto, folder / "b.onnx")]


_TWO = """
<ir_version: 8, opset_import: ["" : 17]>
two (float[N, 4] x) => (float[N, 4] y, float[N, features] f) { y = Relu (x) f = Relu (x) }
"""


def _other_images(folder: Path) -> list[Path | str]:
    """Float images of 6x6 that the second model, of 8x8, cannot take."""
    data = folder / "floats.npz"
    np.savez(data, images=np.zeros((8, 1, 6, 6), np.float32), labels=np.zeros(8, np.int64))
    other = tiny_cnn(folder / "b.onnx", size=8)
    return [tiny_cnn(folder / "a.onnx"), other, "--data", data]


def _other_random_inputs(folder: Path) -> list[Path | str]:
    return [tiny_cnn(folder / "a.onnx"), tiny_cnn(folder / "b.onnx", size=8)]


def _other_fixed_batch(folder: Path) -> list[Path | str]:
    return [tiny_cnn(folder / "a.onnx"), tiny_cnn(folder / "b.onnx", batch=5)]


def _batch_against_fixed(folder: Path) -> list[Path | str]:
    models = [tiny_cnn(folder / "a.onnx"), tiny_cnn(folder / "b.onnx", batch=5)]
    return [*models, "--batch", "4"]


def _selection_empty_in_one(folder: Path) -> list[Path | str]:
    renamed = with_initializers(parse_model(_BARE), {"v": np.ones((36, 4), np.float32)})
    other = save(renamed, folder / "b.onnx")
    return [tiny_cnn(folder / "a.onnx"), other, "--include", "fc*"]


_BARE = """
<ir_version: 8, opset_import: ["" : 17]>
bare (float[N, 1, 6, 6] image) => (float[N, 4] scores) {
    f = Flatten (image)
    scores = MatMul (f, v)
}
"""


def _settings(name: str, value: str) -> Callable[[Path], list[Path | str]]:
    def make(folder: Path) -> list[Path | str]:
        config = folder / "relcheck.toml"
        config.write_text(f'{name} = "{value}"\n')
        return [tiny_cnn(folder / "a.onnx"), tiny_cnn(folder / "b.onnx"), "--config", config]

    return make


BAD: dict[str, tuple[str, str, Callable[[Path], list[Path | str]]]] = {
    "one model": ("bad-option", "two models or more", lambda f: [tiny_cnn(f / "a.onnx")]),
    "missing": ("file-missing", "no.onnx", lambda f: [tiny_cnn(f / "a.onnx"), f / "no.onnx"]),
    "other classes": ("not-comparable", "scores 3 classes and", _other_classes),
    "other outputs": ("not-comparable", "has 2 outputs and", _other_outputs),
    "other images": ("data-mismatch", "b.onnx: images in", _other_images),
    "other random inputs": ("not-comparable", "give --data", _other_random_inputs),
    "other fixed batch": ("not-comparable", "use --batch 5", _other_fixed_batch),
    "batch against fixed": ("bad-option", "--batch 4 contradicts", _batch_against_fixed),
    "nothing selected": ("empty-selection", "b.onnx: --include", _selection_empty_in_one),
    "gate": ("bad-gate", "rewards harm", _settings("gate", "top1 <= A @ 1e-6")),
    "shard": ("bad-config", "'shard' is no setting of relcheck compare", _settings("shard", "1/2")),
    "unknown key": (
        "bad-config",
        "'gates' is no setting of relcheck compare",
        _settings("gates", "x"),
    ),
    "report over a model": (
        "unwritable-output",
        "in use already",
        lambda f: [tiny_cnn(f / "a.onnx"), tiny_cnn(f / "b.onnx"), "--json", f / "b.onnx"],
    ),
}


def _refused(name: str, folder: Path, call: Callable[..., Run]) -> None:
    slug, says, make = BAD[name]
    arguments = make(folder)
    before = contents(folder)
    reports = ("--html", folder / "c.html")
    run = call("compare", *arguments, *reports, "--rates", "1e-3")
    assert_sentence(run, slug, says)
    assert_only_failures(folder, before, slug, "c.html")


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_a_sentence(name: str, tmp_path: Path) -> None:
    _refused(name, tmp_path, invoke)


def test_bad_input_gets_a_sentence_in_a_process_of_its_own(tmp_path: Path) -> None:
    _refused("other classes", tmp_path, run_cli)


def test_every_option_is_a_setting() -> None:
    """Flags are passed on by name."""
    from analyzer.cli.commands.compare import compare

    names = set(compare.__annotations__) - {"models", "config", "return", "format"}
    names -= {"log_odds"}  # asks for a job of its own
    fields = {f.alias or name for name, f in ComparisonRequest.model_fields.items()}
    known = fields - {"outputs"} | ComparisonRequest.formats().keys()
    assert names <= known
    forms = {form.name for form in ComparisonRequest.formats().values() if not form.flag}
    assert known - names == {"models", "command", "shard", *forms}


@pytest.mark.parametrize(
    ("gate", "place", "verdict"),
    [("masked >= 0.01 @ 1e-3", 0, "pass"), ("masked >= 0.9999 @ 1e-2", 1, "fail")],
)
def test_a_gate_on_what_is_masked_is_decided(
    model: Path, capped: Path, data: Path, tmp_path: Path, gate: str, place: int, verdict: str
) -> None:
    """Its evidence is the figure of the model, of which SDC and DUE are the rest."""
    args = (model, capped, "--data", data, *QUICK, "--gate", gate)
    found = comparison_of(tmp_path, *args, code=0 if verdict == "pass" else 1)
    schema = json.loads((ROOT / "docs" / "comparison.schema.json").read_text("utf-8"))
    jsonschema.validate(found, schema)
    (condition,) = found["gate"]["conditions"]
    assert condition["verdict"] == verdict
    row = found["models"][1]["rates"][place]
    assert condition["evidence"] == row["masked"]
    shares = [row[name]["estimate"] for name in ("sdc", "due", "masked")]
    assert sum(shares) == pytest.approx(1.0, abs=1e-12)


def test_the_accuracy_without_faults_is_no_ceiling_of_what_is_masked(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    """An answer that was wrong before and stays as it was is masked, and counts for no accuracy."""
    asked = ("--rates", "1e-4", "--precision", "0.03", "--gate", "masked >= 0.9 @ 1e-4")
    found = comparison_of(tmp_path, model, capped, "--data", data, *asked)
    assert found["models"][1]["golden"] < 0.9 < found["models"][1]["rates"][0]["masked"]["low"]
    assert found["gate"]["verdict"] == "pass"


LIKE_A = "sdc <= A + 0.2 @ 1e-3"


def test_a_clear_difference_takes_fewer_trials_than_precision(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    """All models have the look at which the gate was decided, and rates of gates alone are run."""
    args = (model, capped, "--data", data, "--journal", "none", "--gate", LIKE_A)
    soon = comparison_of(tmp_path, *args, "--until", "gate")
    late = comparison_of(tmp_path, *args, "--rates", "1e-3", "--precision", "0.05")
    for mine, theirs in zip(soon["models"], late["models"], strict=True):
        (row,), (other,) = mine["rates"], theirs["rates"]
        assert (row["stop"], other["stop"]) == ("decided", "precision")
        assert row["trials"] < other["trials"]
    assert soon["gate"]["verdict"] == late["gate"]["verdict"] == "pass"


def test_a_gate_goes_on_beyond_the_precision_until_it_is_decided(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    """Undecided at its precision; decided with more trials, by the interval that is shown."""
    gate = "sdc <= A + 0.03 @ 1e-3"
    args = (model, capped, "--data", data, "--journal", "none", "--gate", gate)
    early = comparison_of(tmp_path, *args, "--precision", "0.1", "--rates", "1e-3", code=3)
    (open_,) = early["gate"]["conditions"]
    assert open_["verdict"] == "undecided"
    assert open_["more_trials"] > 0
    found = comparison_of(tmp_path, *args, "--precision", "0.1", "--until", "gate")
    (part,) = found["gate"]["conditions"]
    assert part["verdict"] == "pass"
    assert part["evidence"]["high"] <= part["bound"]
    second = found["models"][1]["rates"][0]
    assert second["difference"]["paired_trials"] > early["models"][1]["rates"][0]["trials"]
    assert second["difference"]["reached"]


def test_until_gate_is_the_same_with_any_number_of_workers_and_goes_on(
    model: Path, capped: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates = ("--gate", "sdc <= A + 0.05 @ 1e-3", "--gate", "warn: due <= A + 0.1 @ 1e-2")
    args = (model, capped, "--data", data, *gates, "--until", "gate", "--rates", "1e-3,3e-3")
    precise = ("--precision", "0.1", "--journal")
    kept = (*args, *precise, tmp_path / "journals")
    first = comparison_of(tmp_path, *kept)
    stops = [row["stop"] for row in first["models"][1]["rates"]]
    assert stops == ["decided", "precision", "decided"]
    assert figures(comparison_of(tmp_path, *args, *precise, "none", "--jobs", "2")) == figures(
        first
    )

    def nothing_is_run(*_: object) -> None:
        raise AssertionError("a block was run again")

    monkeypatch.setattr("analyzer.campaign.workers.inline_pool.run_blocks", nothing_is_run)
    assert figures(comparison_of(tmp_path, *kept)) == figures(first)


def test_the_budget_ends_an_undecided_gate_which_says_what_it_lacks(
    model: Path, data: Path, tmp_path: Path
) -> None:
    """The same model twice: the difference is 0, and known within about 3 / trials."""
    gate = ("--gate", "sdc <= A + 0.0001 @ 1e-2", "--until", "gate", "--budget", "2s")
    target, twin = tmp_path / "c.json", tiny_cnn(tmp_path / "twin.onnx")
    args = ("compare", model, twin, "--data", data, "--journal", "none", *gate)
    run = invoke(*args, "--json", target)
    found = json.loads(target.read_text())
    assert run.code == 3, run.out
    assert [m["rates"][0]["stop"] for m in found["models"]] == ["budget", "budget"]
    (part,) = found["gate"]["conditions"]
    assert part["verdict"] == "undecided"
    text = " ".join(run.out.split())
    assert "Undecided: the budget ended; about" in text
    assert "of CPU time) would decide" in text


def test_until_gate_needs_a_gate_and_something_to_compare(
    model: Path, capped: Path, data: Path
) -> None:
    args = ("compare", model, capped, "--data", data)
    assert_sentence(invoke(*args, "--until", "gate"), "bad-option", "needs a --gate to decide")
    gate = ("--metric", "agreement", "--gate", "agreement >= A - 0.1 @ 1e-3")
    assert_sentence(invoke(*args, *gate), "bad-gate", "only sdc and due are compared")


def test_a_waiver_excuses_a_condition_of_a_comparison(
    model: Path, capped: Path, data: Path, tmp_path: Path
) -> None:
    """It need not be decided, and does not decide."""
    hard = "sdc <= A - 0.9 @ 1e-3"
    waivers = tmp_path / "w.toml"
    waivers.write_text(f'[[waiver]]\ngate = "{hard}"\nreason = "ticket 7"\nexpires = 2999-01-31\n')
    args = (model, capped, "--data", data, "--journal", "none", "--gate", LIKE_A, "--gate", hard)
    comparison_of(tmp_path, *args, "--until", "gate", code=1)
    page = tmp_path / "c.html"
    words = (*args, "--until", "gate", "--waivers", waivers, "--html", page)
    found = comparison_of(tmp_path, *words)
    verdicts = [
        (c["verdict"], c["waiver"] and c["waiver"]["reason"]) for c in (found["gate"]["conditions"])
    ]
    assert verdicts == [("pass", None), ("fail", "ticket 7")]
    assert found["gate"]["verdict"] == "pass"
    assert "Waived until 2999-01-31: ticket 7" in page.read_text()

"""The functions of the Python API: the figures of the commands, whatever form inputs have."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

import analyzer
from analyzer import errors
from tests.campaign.variants import capped_cnn
from tests.support import CHANNELS, invoke, save, tiny_cnn_proto, tiny_data
from tests.transformers import VOCABULARY, text

QUICK: dict[str, Any] = {"rates": "1e-3,1e-2", "precision": 0.1, "batch": 8, "jobs": 0}
FLAGS = ("--rates", "1e-3,1e-2", "--precision", "0.1", "--batch", "8", "--journal", "none")


def figures(report: str) -> dict[str, Any]:
    """All of a JSON report but who wrote it and when."""
    found: dict[str, Any] = json.loads(report)
    del found["run"]
    found.pop("tool", None)
    return found


def pixels(data: Path) -> tuple[np.ndarray, np.ndarray]:
    with np.load(data) as archive:
        return archive["images"], archive["labels"]


# The same plan by a command and by a call


def test_a_sweep_is_that_of_the_command(model: Path, data: Path, tmp_path: Path) -> None:
    gates = ["top1 >= 0.5 @ 1e-3", "sdc <= 0.9 @ 2e-3"]
    theirs, mine = tmp_path / "theirs.json", tmp_path / "mine.json"
    words = [word for gate in gates for word in ("--gate", gate)]
    given = ("--data", data, "--fault", "burst:3", "--kinds", "weight,bias")
    assert invoke(model, *FLAGS, *given, *words, "--json", theirs).code == 0
    report = analyzer.run(
        model, data=data, fault="burst:3", kinds=["weight", "bias"], gate=gates, json=mine, **QUICK
    )
    assert figures(report.to_json()) == figures(theirs.read_text())
    assert mine.read_text() == report.to_json()
    assert report.written == (mine,)
    assert report.record.run.command == "analyzer.run"
    assert (report.passed, report.verdict) == (True, analyzer.Verdict.PASS)


def test_a_map_is_that_of_the_command(model: Path, data: Path, tmp_path: Path) -> None:
    theirs, table = tmp_path / "theirs.json", tmp_path / "mine.csv"
    flags = ("--margin", "0.2", "--data", data, "--batch", "8", "--journal", "none")
    assert invoke("map", model, *flags, "--json", theirs).code == 0
    report = analyzer.vulnerability_map(model, data=data, margin=0.2, batch=8, jobs=0, csv=table)
    assert figures(report.to_json()) == figures(theirs.read_text())
    assert [row["tensor"] for row in report.rows()] == ["conv_w", "conv_b", "fc_w", "fc_b"]
    assert table.read_text().splitlines()[0] == ",".join(report.rows()[0])


def test_a_comparison_is_that_of_the_command(model: Path, data: Path, tmp_path: Path) -> None:
    other, theirs = capped_cnn(tmp_path / "capped.onnx", values=CHANNELS), tmp_path / "c.json"
    assert invoke("compare", model, other, "--data", data, *FLAGS, "--json", theirs).code == 0
    report = analyzer.compare([model, other], data=data, **QUICK)
    assert figures(report.to_json()) == figures(theirs.read_text())
    rows = report.rows()
    assert [(row["model"], row["rate"]) for row in rows] == [
        *(("A", 1e-3), ("A", 1e-2)),
        *(("B", 1e-3), ("B", 1e-2)),
    ]
    assert rows[0]["sdc_difference"] is None
    assert rows[2]["sdc_difference"] is not None


def test_a_hardened_model_is_that_of_the_command(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)
    theirs, mine = tmp_path / "theirs.onnx", tmp_path / "mine.onnx"
    assert invoke("harden", model, "--method", "actmax", "--data", data, "-o", theirs).code == 0
    found = analyzer.harden(model, "actmax", data=data, out=mine)
    assert mine.read_bytes() == theirs.read_bytes() == found.model.SerializeToString()
    again = analyzer.harden(onnx.load(model), "actmax", data=pixels(data))
    assert [s.high for s in again.record.sites] == [s.high for s in found.record.sites]
    assert again.written == ()
    assert again.record.twins.twin.path == "model in memory"
    assert found.rows()[0]["high"] == found.record.sites[0].high


def test_a_search_of_bounds_goes_without_files(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if the state of a search needs a file beside an output that was not asked for."""
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)
    monkeypatch.chdir(tmp_path)
    before = set(tmp_path.rglob("*"))
    quick: dict[str, Any] = {"patterns": 20, "iterations": 1, "rates": [1e-3, 1e-2]}
    found = analyzer.harden(model, "clipact", data=data, **quick)
    assert found.record.search is not None
    assert found.record.search.finished
    assert set(tmp_path.rglob("*")) == before


def test_a_quantized_model_is_that_of_the_command(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.jobs.before_after.LATENCY_SECONDS", 0.02)
    theirs = tmp_path / "theirs.onnx"
    flags = ("--calibration", "minmax", "--per-tensor", "--data", data, "-o", theirs)
    assert invoke("quantize", model, *flags).code == 0
    found = analyzer.quantize(model, data=data, calibration="minmax", per_channel=False)
    assert found.model.SerializeToString(deterministic=True) == theirs.read_bytes()
    nodes = len(found.model.graph.node)
    assert 0 < sum(int(row["nodes"] or 0) for row in found.rows()) <= nodes


def test_an_inspection_and_a_self_test_say_what_the_commands_say(model: Path) -> None:
    found = analyzer.inspect(model, kinds="bias")
    assert found.to_text() == invoke("inspect", model, "--kinds", "bias").out
    assert found.bits == sum(int(row["bits"] or 0) for row in found.rows())
    tested = analyzer.selftest(model, patterns=6)
    assert tested.to_text() == invoke("selftest", model, "--patterns", "6").out
    assert tested.passed
    assert sum(int(row["asked"] or 0) for row in tested.rows()) > 100
    assert analyzer.selftest(known_answers_only=True).record.engine is None


# Models and data in memory


def test_a_model_may_be_a_path_bytes_or_a_proto(model: Path, data: Path) -> None:
    forms = (model, str(model), model.read_bytes(), onnx.load(model))
    reports = [analyzer.run(form, data=data, **QUICK) for form in forms]
    assert len({json.dumps(figures(r.to_json())["rates"]) for r in reports}) == 1
    assert [r.record.model.path for r in reports] == [*["tiny.onnx"] * 2, *["model in memory"] * 2]
    assert len({r.record.model.sha256 for r in reports[:3]}) == 1


def test_models_in_memory_are_told_apart(model: Path, data: Path) -> None:
    content = model.read_bytes()
    found = analyzer.compare([content, content], data=data, **{**QUICK, "rates": 1e-2})
    paths = [part.model.path for part in found.record.models]
    assert paths == ["model 1 in memory", "model 2 in memory"]


def test_a_model_in_memory_reads_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither data that lie in the working folder, nor weights: it has no folder of its own."""
    monkeypatch.chdir(tmp_path)
    proto = tiny_cnn_proto()
    tiny_data(tmp_path / "model in memory.npz")
    assert analyzer.run(proto, **QUICK).record.data.kind == "generated"
    weights = proto.graph.initializer[0]
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="weights.bin")
    (tmp_path / "weights.bin").write_bytes(weights.raw_data)
    weights.ClearField("raw_data")
    with pytest.raises(errors.ExternalDataError, match="keeps its data in another file"):
        analyzer.run(proto, **QUICK)
    assert analyzer.run(save(proto, tmp_path / "m.onnx"), **QUICK).complete


def batches(images: np.ndarray, labels: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for first in range(0, len(images), 5):
        yield images[first : first + 5], labels[first : first + 5]


class Loader:
    """A thousand batches, and how many of them were taken."""

    def __init__(self, images: np.ndarray, labels: np.ndarray) -> None:
        self.batch, self.taken = (images, labels), 0

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The same batch again and again."""
        for _ in range(1000):
            self.taken += 1
            yield self.batch


class Tensor:
    """An array of another library."""

    def __init__(self, values: np.ndarray) -> None:
        self._values = values

    def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
        """The values as numpy has them."""
        return self._values


FORMS: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "pair": lambda x, y: (x, y),
    "another library": lambda x, y: (Tensor(x), Tensor(y)),
    "by name": lambda x, y: ({"image": x}, y),
    "mapping": lambda x, y: {"images": x, "labels": y},
    "list of batches": lambda x, y: list(batches(x, y)),
    "two batches": lambda x, y: ((x[:10], y[:10]), (x[10:], y[10:])),
    "batches as lists": lambda x, y: [[a, b] for a, b in batches(x, y)],
    "generator": batches,
    "callable": lambda x, y: lambda: batches(x, y),
    "batches of mappings": lambda x, y: [{"image": a, "labels": b} for a, b in batches(x, y)],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_data_gives_the_figures_of_the_file(
    form: str, model: Path, data: Path
) -> None:
    expected = analyzer.run(model, data=data, **QUICK).record
    found = analyzer.run(model, data=FORMS[form](*pixels(data)), **QUICK).record
    assert found.data.kind == "arrays"
    assert found.golden == expected.golden
    assert found.plan.id != expected.plan.id  # other bytes: the file is an archive
    assert (found.data.images, found.data.labelled) == (24, True)


def test_equal_arrays_are_one_plan(model: Path, data: Path) -> None:
    """Fails if the digest depends on how arrays are handed over."""
    reports = [analyzer.run(model, data=f(*pixels(data)), **QUICK) for f in FORMS.values()]
    found = {report.record.plan.id for report in reports}
    assert len(found) == 1


def test_labels_may_be_left_out(model: Path, data: Path) -> None:
    images, _ = pixels(data)
    for form in (images, (images, None), [images[:8], images[8:]], {"image": images}):
        assert analyzer.run(model, data=form, **QUICK).record.golden.metric == "agreement"


def test_no_more_batches_are_taken_than_are_needed(model: Path, data: Path) -> None:
    """Fails if all batches are collected before images are counted: some have no end."""
    loader = Loader(*pixels(data))
    report = analyzer.run(model, data=loader, images=30, **QUICK)
    assert (report.record.data.images, loader.taken) == (30, 2)


def test_floats_in_the_models_own_shape_are_fed_as_they_are(model: Path, data: Path) -> None:
    images, labels = pixels(data)
    floats = images.transpose(0, 3, 1, 2).astype(np.float32) / np.float32(255)
    assert analyzer.run(model, data=(floats, labels), **QUICK).record.golden.value == 21 / 24


@pytest.mark.parametrize(
    ("labels", "metric", "says"),
    [
        (lambda found: found.astype(np.float64), "top1", "are float64, read as class numbers"),
        (lambda found: found + 0.5, "agreement", "must be one integer per image"),
    ],
)
def test_labels_of_floats_are_class_numbers_or_said_to_be_none(
    labels: Any, metric: str, says: str, model: Path, data: Path
) -> None:
    images, numbers = pixels(data)
    record = analyzer.run(model, data=(images, labels(numbers)), **QUICK).record
    assert record.golden.metric == metric
    assert any(says in said for said in (*record.data.remarks, record.decision.labels_unused))


def test_models_with_several_inputs_take_arrays_by_name() -> None:
    rng = np.random.default_rng(1)
    ids = rng.integers(VOCABULARY, size=(6, 7))
    inputs = {
        "input_ids": ids,
        "attention_mask": np.ones((6, 7), np.int64),
        "token_type_ids": np.zeros((6, 7), np.int64),
    }
    quick = {**QUICK, "rates": 1e-5, "precision": 0.3}
    report = analyzer.run(text(), data=inputs, **quick)
    assert report.record.data.images == 6
    del inputs["attention_mask"]
    with pytest.raises(errors.BadData, match="no array 'attention_mask'"):
        analyzer.run(text(), data=inputs, **quick)


IMAGES = np.zeros((4, 6, 6, 1), np.uint8)
BAD_DATA: dict[str, tuple[Any, type[Exception], str]] = {
    "no batch": ([], errors.BadData, "yields no batch"),
    "no data": (7, errors.BadData, "neither a path, nor arrays, nor batches"),
    "words": ((np.array(["a"]), None), errors.BadData, "hold no numbers"),
    "ragged": ([([[1], [1, 2]], None)], errors.BadData, "cannot be read as an array"),
    "other inputs": ([IMAGES, {"x": IMAGES}], errors.BadData, "do not fit together"),
    "some labels": (
        [IMAGES, (IMAGES, np.zeros(4, int))],
        errors.BadData,
        "some have labels, others have none",
    ),
    "too few labels": ((IMAGES, np.zeros(3, int)), errors.DataMismatch, "4 images but 3 labels"),
    "another shape": (np.zeros((4, 2), np.float32), errors.DataMismatch, "have shape"),
    "no file": ("nowhere.npz", errors.FileMissing, "there is no data set"),
}


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_are_a_sentence(name: str, model: Path) -> None:
    given, kind, says = BAD_DATA[name]
    with pytest.raises(kind, match=says):
        analyzer.run(model, data=given, **QUICK)


def test_data_beyond_the_limit_are_refused_while_they_come(
    model: Path, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.model.limits.DATA_BYTES", 10_000)
    loader = Loader(*pixels(data))
    with pytest.raises(errors.TooLarge, match="the batches hold more than 10,000 bytes"):
        analyzer.run(model, data=loader, **QUICK)
    assert loader.taken == 10_000 // pixels(data)[0].nbytes + 1


# Options


BAD_OPTIONS: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "unknown": ({"rate": 1e-6}, errors.BadOption, r"analyzer.run has no keyword 'rate'.*rates"),
    "of another function": ({"margin": 0.1}, errors.BadOption, "has no keyword 'margin'"),
    "shares": ({"shard": "1/2"}, errors.BadOption, "has no keyword 'shard'"),
    "inner": ({"outputs": {}}, errors.BadOption, "has no keyword 'outputs'"),
    "rates": ({"rates": 2.0}, errors.BadRates, "not a bit error rate"),
    "no rates": ({"rates": []}, errors.BadRates, "holds no rate"),
    "gate": ({"gate": "top1 > 1"}, errors.BadGate, "cannot be read"),
    "fault": ({"fault": "melt"}, errors.BadOption, "not a fault model"),
    "type": ({"batch": "many"}, errors.BadOption, "--batch 'many'"),
    "until": ({"until": "gate"}, errors.BadOption, "needs a --gate"),
    "target": ({"json": "/nowhere/r.json"}, errors.UnwritableOutput, "there is no folder"),
    "device": ({"device": "toaster"}, errors.BadOption, "--device 'toaster'"),
}


@pytest.mark.parametrize("name", BAD_OPTIONS)
def test_bad_options_are_a_sentence(name: str, model: Path, data: Path) -> None:
    given, kind, says = BAD_OPTIONS[name]
    with pytest.raises(kind, match=says):
        analyzer.run(model, data=data, **{**QUICK, **given})


@pytest.mark.parametrize("model", [7, None, ["m.onnx"]])
def test_a_model_of_no_kind_is_a_sentence(model: Any) -> None:
    with pytest.raises(errors.BadOption, match="neither a path, nor bytes"):
        analyzer.run(model)


@pytest.mark.parametrize(
    ("model", "kind"),
    [("nowhere.onnx", errors.FileMissing), (b"", errors.NotOnnx), (b"letter", errors.NotOnnx)],
)
def test_bad_models_are_a_sentence(model: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        analyzer.run(model, **QUICK)


def test_values_and_texts_are_the_same_options(model: Path, data: Path) -> None:
    by_text = analyzer.run(
        model,
        data=str(data),
        **{**QUICK, "budget": "10m", "cache": "1M", "kinds": "weight", "include": "fc_*"},
        gate="top1 >= 0.5 @ 1e-3",
    )
    by_value = analyzer.run(
        model,
        data=data,
        **{**QUICK, "rates": np.array([1e-3, 1e-2]), "budget": 600, "cache": 2**20},
        kinds=("weight",),
        include=["fc_*"],
        gate=[analyzer.Condition("top1", True, 0.5, 1e-3)],
    )
    assert figures(by_text.to_json()) == figures(by_value.to_json())


def test_options_may_stand_in_a_file(model: Path, data: Path, tmp_path: Path) -> None:
    config = tmp_path / "relcheck.toml"
    config.write_text('rates = "1e-3"\nprecision = 0.1\nbatch = 8\njson = "r.json"\n')
    report = analyzer.run(model, data=data, config=config, precision=0.2, jobs=0)
    assert (report.record.plan.precision, len(report.record.rates)) == (0.2, 1)
    assert report.written == (tmp_path / "r.json",)
    config.write_text("shard = '1/2'")
    with pytest.raises(errors.BadConfig, match="'shard' is no setting of relcheck run"):
        analyzer.run(model, config=config)


def test_a_journal_of_things_in_memory_goes_on_by_the_same_call_alone(
    model: Path, data: Path, tmp_path: Path
) -> None:
    """Fails if `resume` is told of a file that is none."""
    journal = tmp_path / "run.db"
    analyzer.run(model.read_bytes(), data=data, journal=journal, **QUICK)
    run = invoke("resume", journal)
    assert (run.code, run.out) == (2, "")
    assert "had the model or the data in memory" in run.err
    other = tmp_path / "other.db"
    analyzer.run(model, data=data, journal=other, **QUICK)
    assert invoke("resume", other).code == 0


def test_a_failing_model_is_a_sentence(tmp_path: Path) -> None:
    proto = tiny_cnn_proto()
    proto.graph.node[1].op_type = "Nonsense"
    with pytest.raises(analyzer.RelcheckError) as raised:
        analyzer.run(save(proto, tmp_path / "m.onnx"))
    assert raised.value.slug == "unsupported-model"

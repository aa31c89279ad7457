"""`analyzer.run(model, target=...)`: the command's report, its figures by name, and its gate."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import analyzer
from analyzer.errors import BadGate, BadOption, BadTarget
from analyzer.jobs.render import read_report
from analyzer.targets.read import shipped_targets
from tests.support import invoke, tiny_cnn, tiny_data

TARGET = """
name = "made up"
[use]
inferences_per_hour = 1000.0
mission_hours = 1000.0
[[region]]
name = "weights"
kinds = ["weight"]
raw_fit_per_mbit = 5000.0
source = "nobody"
standing = "assumed"
[[region]]
name = "biases"
kinds = ["bias"]
raw_fit_per_mbit = 100.0
source = "nobody"
standing = "assumed"
protection = "secded:64"
events = "mix:flip=0.9,burst:2=0.1"
refresh = "scrub"
refresh_hours = 10.0
[budget]
sdc_fit = 1000.0
"""
GATES = ("due_fit <= 900", "metric_event >= 0.1", "metric_mean >= 0.1")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("target")
    tiny_cnn(place / "tiny.onnx")
    tiny_data(place / "tiny.npz")
    (place / "t.toml").write_text(TARGET)
    return place


def analyze(folder: Path, target: Any, **options: Any) -> analyzer.TargetReport:
    given = {"data": folder / "tiny.npz", "budget": 20.0, "jobs": 0, **options}
    report: analyzer.TargetReport = analyzer.run(folder / "tiny.onnx", target=target, **given)
    return report


@pytest.fixture(scope="module")
def found(folder: Path) -> analyzer.TargetReport:
    return analyze(folder, folder / "t.toml", gate=GATES)


def without_run(record: Any) -> Any:
    return record.model_dump(exclude={"run", "target"})


def test_it_is_the_report_of_the_command(found: analyzer.TargetReport, folder: Path) -> None:
    gates = [word for gate in GATES for word in ("--gate", gate)]
    words: tuple[str | Path, ...] = (
        "--data",
        folder / "tiny.npz",
        "--jobs",
        "0",
        "--journal",
        "none",
        *gates,
    )
    file = folder / "command.json"
    model, target = folder / "tiny.onnx", folder / "t.toml"
    done = invoke(model, "--target", target, *words, "--json", file)
    assert done.code == 0, done.err
    command = read_report(file)
    assert isinstance(command, analyzer.TargetReport)
    assert without_run(command.record) == without_run(found.record)
    assert found.passed
    assert found.verdict == "pass"
    assert found.journal is None


def test_a_target_that_a_program_holds_gives_the_same_figures(
    found: analyzer.TargetReport, folder: Path
) -> None:
    target = analyzer.read_target(folder / "t.toml")
    held = analyze(folder, target, gate=GATES)
    assert without_run(held.record) == without_run(found.record)
    assert held.record.target.file == "target in memory"
    tight = target.model_copy(update={"budget": {"sdc_fit": 1e-6}})
    assert analyze(folder, tight).verdict == "fail"


def test_figures_by_name_are_the_evidence_of_the_report(found: analyzer.TargetReport) -> None:
    """Fails if a figure is derived from the record otherwise than the campaign derives it."""
    conditions = found.record.verdict.conditions
    assert {c.figure for c in conditions} == found.figures.keys()
    for condition in conditions:
        interval = found.figures[condition.figure]
        assert condition.evidence is not None
        assert [interval.estimate, interval.low, interval.high] == pytest.approx(
            [*condition.evidence.model_dump().values()], rel=1e-12
        )
        assert interval.low <= interval.estimate <= interval.high


def test_a_gate_afterwards_is_the_gate_of_the_request(found: analyzer.TargetReport) -> None:
    verdict = found.gate("sdc_fit <= 1000", *GATES)
    assert verdict.passed
    assert bool(verdict)
    assert [j.verdict for j in verdict.evidence] == ["pass"] * 4
    text = repr(verdict)
    assert text.startswith("Gate: pass\n")
    for condition in found.record.verdict.conditions:
        assert condition.condition in text
    assert f"{found.figures['sdc_fit'].high:.3g}" in text
    failed = found.gate("sdc_fit <= 0.001", "due_fit <= 900")
    assert failed.verdict == "fail"
    assert not failed
    high = found.figures["sdc_fit"].high
    assert found.gate(f"sdc_fit <= {0.999 * high}").verdict in ("undecided", "fail")
    assert found.gate("warn: sdc_fit <= 0.001").passed


def test_a_gate_that_cannot_be_judged_is_refused(
    found: analyzer.TargetReport, folder: Path
) -> None:
    with pytest.raises(BadGate, match="no condition was given"):
        found.gate()
    with pytest.raises(BadGate, match="names no figure of a target"):
        found.gate("top1 >= 0.9")
    with pytest.raises(BadGate, match="give it by --severity"):
        found.gate("critical_sdc_fit <= 1")
    unrated = TARGET.replace("raw_fit_per_mbit = 5000.0\n", "").split("[budget]")[0]
    (folder / "unrated.toml").write_text(unrated)
    report = analyze(folder, folder / "unrated.toml")
    assert report.verdict is None
    assert report.passed is None
    assert report.figures.keys() == {"metric_event"}
    with pytest.raises(BadGate, match="has no raw_fit_per_mbit"):
        report.gate("sdc_fit <= 10")


def test_a_swept_region_is_judged_afterwards_too(folder: Path) -> None:
    target = analyzer.read_target(folder / "t.toml")
    hot = target.region[0].model_copy(update={"raw_fit_per_mbit": 1e10})
    often = target.model_copy(update={"region": (hot, target.region[1]), "budget": {}})
    report = analyze(folder, often, gate="metric_mean >= 0.1", precision=0.02, budget=4.0)
    figures = {c.figure: c.evidence for c in report.record.verdict.conditions}
    assert report.figures.keys() == {"sdc_fit", "due_fit", "metric_mean"}
    for name, part in figures.items():
        assert part is not None
        assert report.figures[name].high == pytest.approx(part.high, rel=1e-12)
    assert report.gate("metric_event >= 0.5").verdict == "undecided"


@pytest.mark.parametrize("name", ["fault", "protect", "exposure", "rates", "until", "waivers"])
def test_what_the_target_states_is_refused_as_the_command_refuses_it(
    folder: Path, name: str
) -> None:
    value = {"until": "gate", "rates": "1e-6", "exposure": "resident"}.get(name, "flip")
    with pytest.raises(BadOption, match=f"--{name} does not go with --target") as caught:
        analyze(folder, "leo-sram", **{name: value})
    model = folder / "tiny.onnx"
    done = invoke(model, "--target", "leo-sram", "--journal", "none", f"--{name}", value)
    assert done.code == 2
    assert " ".join(str(caught.value).split()) in " ".join(done.err.split())


def test_a_bad_target_is_a_sentence(folder: Path) -> None:
    with pytest.raises(BadTarget, match="there is no target file nowhere"):
        analyze(folder, "nowhere")
    with pytest.raises(BadTarget, match="of type dict is neither"):
        analyze(folder, {"name": "x"})
    target = analyzer.read_target("leo-sram")
    with pytest.raises(BadTarget, match=r"target in memory: region\.0"):
        analyze(folder, target.model_copy(update={"region": ({"name": 3},)}))


def test_a_settings_file_that_names_a_target_needs_the_keyword(folder: Path) -> None:
    config = folder / "relcheck.toml"
    config.write_text('[run]\ntarget = "t.toml"\nimages = 8\n')
    model = folder / "tiny.onnx"
    with pytest.raises(BadOption, match="names a target"):
        analyzer.run(model, data=folder / "tiny.npz", config=config, jobs=0)
    report = analyze(folder, folder / "t.toml", config=config)
    assert report.record.data.images == 8


def test_forms_and_rows(found: analyzer.TargetReport, folder: Path) -> None:
    assert [row["region"] for row in found.rows()] == ["weights", "biases"]
    saved = found.save(folder / "saved.json")
    assert json.loads(saved.read_text())["kind"] == "target"
    assert found.save(folder / "saved.html").read_text().startswith("<!doctype html>")
    assert "gate passed" in found.to("markdown")
    assert "made up: PASS" in str(found)


def test_shipped_targets_are_listed_and_read() -> None:
    listed = analyzer.list_targets()
    assert list(listed) == list(shipped_targets())
    assert len(listed) == len(listed.keys()) == 12
    assert listed["leo-sram"] == analyzer.read_target("leo-sram")
    assert str(listed) == invoke("target", "list").out
    assert str(analyzer.show_target("leo-sram")) == invoke("target", "show", "leo-sram").out
    rates = {row["target"]: row["raw_fit_per_mbit"] for row in listed.rows()}
    assert rates["lpddr5"] is None
    assert "target in memory" in str(analyzer.show_target(listed["leo-sram"]))


def test_public_names_hide_no_package() -> None:
    """A function of the name of a package would be that package once anything imports it."""
    packages = {path.name for path in Path(analyzer.__file__).parent.iterdir()}
    modules = {name.removesuffix(".py") for name in packages}
    assert not modules & set(analyzer.__all__)


def test_exhaustive_figures_are_exact(folder: Path) -> None:
    """Another seed gives the same figures, to the last bit, and they lie in sampled intervals."""
    with np.load(folder / "tiny.npz") as archive:
        few = archive["images"][:6], archive["labels"][:6]
    options: dict[str, Any] = {"data": few, "kinds": "bias"}
    target = analyzer.read_target(folder / "t.toml")
    bare = target.region[1].model_copy(update={"kinds": (), "protection": "none"})
    only = target.model_copy(update={"region": (bare,)})
    exact = [analyze(folder, only, seed=n, exhaustive=True, **options) for n in (0, 1)]
    (figures, again) = (report.figures for report in exact)
    assert figures == again
    for interval in figures.values():
        assert interval.low == interval.estimate == interval.high, figures
    assert all(s.exhaustive for r in exact[0].record.regions for s in r.strata)
    drawn = analyze(folder, only, seed=3, **options).figures
    for name, interval in drawn.items():
        assert interval.low <= figures[name].estimate <= interval.high
    assert "Every event met every image" in exact[0].record.campaign.method


def test_exhaustive_where_nobody_can_enumerate_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = analyzer.read_target(folder / "t.toml")
    hot = target.region[0].model_copy(update={"raw_fit_per_mbit": 1e10})
    with pytest.raises(BadOption, match="region 'weights' meets several events"):
        analyze(folder, target.model_copy(update={"region": (hot, target.region[1])}),
                exhaustive=True)  # fmt: skip
    with pytest.raises(BadOption, match="goes with a --target"):
        analyzer.run(folder / "tiny.onnx", exhaustive=True)  # type: ignore[call-overload]
    monkeypatch.setattr("analyzer.jobs.target.exhaustive.MOST_PAIRS", 1000)
    with pytest.raises(BadOption, match="--exhaustive would run each of"):
        analyze(folder, target, exhaustive=True)
    done = invoke(folder / "tiny.onnx", "--exhaustive", "--journal", "none")
    assert (done.code, "goes with a --target" in done.err) == (2, True)

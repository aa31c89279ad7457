"""Gates of vulnerability maps: how they are written, what decides them, where they are told."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadGate
from analyzer.gate.condition import Level
from analyzer.gate.map_condition import MapCondition, parse_map_gate
from analyzer.jobs.map_gate import judge_map
from analyzer.reports.findings.map import map_findings
from analyzer.reports.map.record import MapConditionPart
from analyzer.reports.map.text import to_text
from analyzer.stats.areas import AreaStratum, estimate_area
from analyzer.stats.tally import Moments, Tally
from tests.cli.test_bad_input import assert_sentence
from tests.reports.examples import interval
from tests.reports.maps import example_map, tensor
from tests.strategies import examples
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

globs = st.text("abcw.*?[]_/:", min_size=1).map(str.strip).filter(bool)


@examples(200)
@given(
    st.sampled_from(["sdc", "due", "critical_sdc"]),
    st.floats(0.0, 1.0),
    st.sampled_from(["", "30", "23-30", "exponent"]) | globs.map(lambda text: "@" + text),
    st.sampled_from(Level),
)
def test_conditions_are_read_back(metric: str, bound: float, where: str, level: Level) -> None:
    tensors, bits = (where[1:], "") if where.startswith("@") else ("", where)
    condition = MapCondition(metric, bound, tensors, bits, level)
    assert parse_map_gate(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("sdc", "cannot be read; write it like 'sdc <= 1e-3'"),
        ("top1 >= 0.9", "a map has no top1, but sdc, due, critical_sdc"),
        ("masked >= 0.9", "a map has no masked"),
        ("sdc >= 0.9", "rewards harm"),
        ("sdc <= 3", "the bound is a fraction"),
        ("sdk <= 0.1 @ w", "did you mean sdc"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadGate, match=says) as refused:
        parse_map_gate(text)
    assert repr(text) in str(refused.value)


def judged(text: str, **changed: Any) -> list[MapConditionPart]:
    gate = judge_map(example_map(**changed), [parse_map_gate(text)])
    assert gate is not None
    return gate.conditions


def one(sdc: tuple[float, float, float] | None, untried: float = 0.0) -> dict[str, Any]:
    """A map of one tensor of such SDC."""
    part = None if sdc is None else interval(*sdc)
    found = tensor("w", 100, 0.1, 1.0)
    return {"tensors": [found.model_copy(update={"sdc": part, "untried": untried})]}


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        (one((0.05, 0.02, 0.09)), "pass"),
        (one((0.05, 0.02, 0.1)), "pass"),
        (one((0.05, 0.02, 0.11)), "undecided"),
        (one((0.5, 0.11, 0.6)), "fail"),
        (one(None), "undecided"),
        (one((0.05, 0.02, 0.09), untried=0.005), "pass"),
        (one((0.05, 0.02, 0.1), untried=0.05), "pass"),
        (one((0.05, 0.02, 0.101), untried=0.05), "undecided"),
    ],
)
def test_the_interval_of_a_tensor_decides(parts: dict[str, Any], verdict: str) -> None:
    """It alone, since its upper limit counts what is untried as harm already."""
    (found,) = judged("sdc <= 0.1 @ w", **parts)
    assert (found.verdict, found.tensor) == (verdict, "w")
    if parts["tensors"][0].sdc is not None and verdict == "undecided":
        assert found.more_trials is None or found.more_trials > 0


@examples(100)
@given(st.floats(0.001, 0.05), st.integers(0, 160), st.floats(0.0, 1.0))
def test_what_is_untried_is_counted_once(untried: float, harmed: int, share: float) -> None:
    """A bound between the limit of the map and one that counts what is untried twice passes."""
    moments = Moments(harmed, harmed)
    seen = AreaStratum(1.0 - untried, Tally(1, 160, 160, sdc=moments))
    strata = [seen, AreaStratum(untried, Tally.empty(1))]
    found = estimate_area(strata, 0.99).sdc
    assert found.high >= untried
    twice = untried + (1.0 - untried) * found.high
    bound = found.high + share * (twice - found.high)
    parts = one((found.estimate, found.low, found.high), untried=untried)
    assert [part.verdict for part in judged(f"sdc <= {bound!r} @ w", **parts)] == ["pass"]


def test_a_glob_is_on_each_of_its_tensors() -> None:
    tensors = [tensor(n, 10, s, 0.0) for n, s in (("a.w", 0.0), ("b.w", 0.9), ("b.b", 0.0))]
    found = judged("sdc <= 0.1 @ *.w", tensors=tensors)
    assert [(part.place, part.verdict) for part in found] == [("a.w", "pass"), ("b.w", "fail")]
    gate = judge_map(example_map(tensors=tensors), [parse_map_gate("sdc <= 0.1 @ *.w")])
    assert gate is not None
    assert gate.verdict == "fail"
    report = example_map(tensors=tensors, gate=gate)
    assert "1 of 2 parts pass" in to_text(report)
    checks = map_findings(report).checks
    assert [(c.place, c.state, c.rule) for c in checks] == [
        ("a.w", "pass", "gate-sdc-upset"),
        ("b.w", "fail", "gate-sdc-upset"),
    ]
    assert len({(c.name, c.place) for c in checks}) == 2


def test_a_warning_does_not_decide() -> None:
    gates = [parse_map_gate(t) for t in ("sdc <= 0.99", "warn: sdc <= 0 @ *")]
    gate = judge_map(example_map(), gates)
    assert gate is not None
    assert gate.verdict == "pass"
    assert "fail" in {part.verdict for part in gate.conditions}


def test_without_a_gate_there_is_no_key() -> None:
    """Maps of older versions are read, and new ones without a gate are what they were."""
    assert "gate" not in json.loads(example_map().model_dump_json())


def gated(folder: Path, *gates: str, code: int) -> tuple[str, dict[str, Any]]:
    """The text and the JSON of a map of the tiny network."""
    model, data = tiny_cnn(folder / "tiny.onnx"), tiny_data(folder / "tiny.npz")
    target = folder / "map.json"
    words = [word for gate in gates for word in ("--gate", gate)]
    quick = ("--margin", "0.1", "--confidence", "0.95", "--journal", "none")
    run = invoke("map", model, "--data", data, *quick, "--json", target, *words)
    assert run.code == code, run.err
    found: dict[str, Any] = json.loads(target.read_text())
    jsonschema.validate(found, json.loads((ROOT / "docs/map.schema.json").read_text()))
    return run.out, found


def test_exit_codes_are_those_of_the_gate(tmp_path: Path) -> None:
    text, found = gated(tmp_path, "sdc <= 0.9", "due <= 0.9 @ conv_*", code=0)
    assert "Gate: pass" in text
    assert {part["tensor"] for part in found["gate"]["conditions"]} == {None, "conv_w", "conv_b"}
    gated(tmp_path, "sdc <= 0", code=1)
    sdc = found["whole"]["sdc"]
    text, _ = gated(tmp_path, f"sdc <= {(sdc['estimate'] + sdc['high']) / 2}", code=3)
    assert "more trials" in text
    text, found = gated(tmp_path, "sdc <= 0.9 @ bits=mantissa", code=0)
    assert len(found["gate"]["conditions"]) == 23


def test_parts_that_are_not_there_are_refused_before_the_work(tmp_path: Path) -> None:
    model = tiny_cnn(tmp_path / "tiny.onnx")
    for gate, says in (
        ("sdc <= 0.1 @ nope", "no tensor"),
        ("sdc <= 0.1 @ bits=40", "0 to 31"),
        ("critical_sdc <= 1e-3", "by --severity"),
    ):
        assert_sentence(invoke("map", model, "--gate", gate), "bad-gate", says)


@pytest.mark.parametrize(("year", "code", "word"), [(2999, 0, "waived"), (2001, 1, "fail")])
def test_a_waiver_excuses_a_condition_in_every_part(
    year: int, code: int, word: str, tmp_path: Path
) -> None:
    """Written otherwise than the gate; it excuses nothing once its day has passed."""
    waivers = tmp_path / "w.toml"
    waivers.write_text(
        f'[[waiver]]\ngate = "SDC<=0 @ conv_*"\nreason = "ticket 7"\nexpires = {year}-01-31\n'
    )
    page, junit = tmp_path / "map.html", tmp_path / "map.xml"
    model, data = tiny_cnn(tmp_path / "tiny.onnx"), tiny_data(tmp_path / "tiny.npz")
    quick = ("--margin", "0.2", "--confidence", "0.9", "--journal", "none", "--html", page)
    gates = ("--gate", "sdc <= 0 @ conv_*", "--gate", "due <= 0.9", "--waivers", waivers)
    run = invoke("map", model, "--data", data, *quick, *gates, "--format", f"junit={junit}")
    assert run.code == code, run.err
    assert f"  {word:<10} sdc <= 0 @ conv_*" in run.out
    assert "ticket 7" in run.out
    assert f'verdict {word}">{word}' in page.read_text()
    assert ("<skipped" in junit.read_text()) is (word == "waived")


def test_a_waiver_of_no_condition_is_told(tmp_path: Path) -> None:
    waivers = tmp_path / "w.toml"
    waivers.write_text('[[waiver]]\ngate = "due <= 0"\nreason = "x"\nexpires = 2999-01-31\n')
    model, data = tiny_cnn(tmp_path / "tiny.onnx"), tiny_data(tmp_path / "tiny.npz")
    quick = ("--data", data, "--margin", "0.3", "--kinds", "bias", "--journal", "none")
    run = invoke("map", model, *quick, "--gate", "sdc <= 1", "--waivers", waivers)
    assert run.code == 0, run.err
    assert "waives due <= 0, which is no condition of this gate" in run.err

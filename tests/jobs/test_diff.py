"""Two reports compared: what is refused, what is said, what is found, and what gates decide."""

import json
from collections.abc import Callable
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import analyzer
from analyzer.errors import BadGate, BadOption, BadReport, NotComparable
from analyzer.jobs.circumstances import CIRCUMSTANCES
from analyzer.jobs.diff import diff_reports
from analyzer.jobs.diff_figures import Figure, Sides, result_of
from analyzer.jobs.requests.diff import ACROSS, DiffRequest
from analyzer.jobs.requests.settings import ask
from analyzer.reports.comparison.record import comparison_json
from analyzer.reports.diff.words import headline
from analyzer.reports.failure.record import failure_json
from analyzer.reports.shared.records import IntervalPart, ProtectionPart
from analyzer.reports.shared.severity import SeverityPart
from analyzer.stats.levels import each_of
from tests.cli.test_bad_input import assert_sentence
from tests.reports.comparisons import example_comparison
from tests.reports.differences import difference, newer, worse_report
from tests.reports.examples import example_report, interval, row, unknown_row
from tests.reports.failures import example_failure
from tests.reports.maps import example_map
from tests.strategies import examples
from tests.support import Run, invoke

SDC = Figure(1e-6, None, "sdc")


def between(low: float = 0.0, high: float = 1.0) -> st.SearchStrategy[IntervalPart]:
    """Intervals of a share."""
    ends = st.tuples(*[st.floats(low, high)] * 3).map(sorted)
    return ends.map(lambda e: IntervalPart(estimate=e[1], low=e[0], high=e[2]))


@examples(300)
@given(between(), between(), st.floats(0.9, 0.999))
def test_the_other_way_round_is_the_same_with_the_other_sign(
    a: IntervalPart, b: IntervalPart, confidence: float
) -> None:
    there = Sides({SDC: (a, b)}, 0.95, 0.9).difference(SDC, confidence)
    back = Sides({SDC: (b, a)}, 0.9, 0.95).difference(SDC, confidence)
    assert there is not None
    assert back is not None
    assert (there.estimate, there.low, there.high) == (-back.estimate, -back.high, -back.low)
    swapped = {"worse": "better", "better": "worse", "open": "open"}
    for metric in ("sdc", "top1"):
        found = result_of(metric, there, 0.0)
        assert result_of(metric, back, 0.0) == swapped[found]
        assert result_of(metric, there, 1.0) == "open"


@examples(200)
@given(between(), st.floats(0.9, 0.999))
def test_a_report_is_never_worse_than_itself(a: IntervalPart, confidence: float) -> None:
    found = Sides({SDC: (a, a)}, 0.95, 0.95).difference(SDC, confidence)
    assert found is not None
    assert found.estimate == 0.0
    assert result_of("sdc", found, 0.0) == result_of("top1", found, 0.0) == "open"


def test_large_samples_are_those_of_the_normal_law() -> None:
    """By hand: two shares of 0.2 and 0.23 with standard errors of 0.004 and 0.003."""
    z = NormalDist().inv_cdf(0.975)
    parts = [interval(m, m - z * s, m + z * s) for m, s in ((0.2, 0.004), (0.23, 0.003))]
    rows = [row(1e-6, 0.0, sdc=p, due=parts[0], metric=parts[0]) for p in parts]
    found = difference(example_report(rates=rows[:1]), newer(rates=rows[1:]))
    (sdc,) = (f for f in found.figures if f.metric == "sdc")
    assert sdc.difference is not None
    wide = NormalDist().inv_cdf(1 - 0.05 / 3 / 2) * 0.005
    assert found.each == pytest.approx(1 - 0.05 / 3)
    assert sdc.difference.low == pytest.approx(0.03 - wide, abs=1e-9)
    assert sdc.difference.high == pytest.approx(0.03 + wide, abs=1e-9)
    assert sdc.result == "worse"


def test_the_direction_of_harm_is_that_of_the_figure() -> None:
    found = difference(example_report(), worse_report())
    worse = {(f.rate, f.metric) for f in found.figures if f.result == "worse"}
    assert worse == {(1e-5, "sdc"), (1e-5, "top1")}
    assert found.verdict == "fail"
    back = difference(worse_report(), example_report())
    assert {(f.rate, f.metric) for f in back.figures if f.result == "better"} == worse
    assert back.verdict == "pass"
    assert difference(example_report(), worse_report(), tolerance=0.02).verdict == "pass"


def test_a_rate_without_an_estimate_is_undecided() -> None:
    new = newer(rates=[*example_report().rates[:2], unknown_row(1e-5)])
    assert difference(example_report(), new).verdict == "undecided"


PROTECTED = ProtectionPart(
    rules="secded:64",
    about="",
    data_bits=64,
    protected_bits=64,
    check_bits=8,
    overhead="1/8",
    coding_loss=None,
)


def changed(part: str, **values: Any) -> Any:
    """A report with fields of one part changed."""
    return newer(**{part: getattr(newer(), part).model_copy(update=values)})


def critical_report(digit: str = "a", critical: float = 0.01, **fields: Any) -> Any:
    """A report with a table of critical confusions; ``digit``: of its SHA-256."""
    table = SeverityPart(file="table.csv", sha256=64 * digit, confusions=[])
    part = interval(critical, critical, critical)
    rows = [r.model_copy(update={"critical_sdc": part}) for r in example_report().rates]
    return newer(**{"rates": rows, "severity": table, **fields})


UNLIKE: dict[str, tuple[Callable[[], Any], str]] = {
    "data": (lambda: changed("data", sha256="ef" * 32), "sha256 efefefefefef"),
    "rule": (lambda: changed("decision", rule="regression"), "regression"),
    "metric": (lambda: changed("golden", metric="top5"), "metric was top1 and is top5"),
    "severity": (lambda: critical_report("f"), "table.csv (sha256 ffffffffffff)"),
    "preprocessing": (lambda: changed("data", fed="as stored, NHWC"), "NHWC"),
    "faults": (lambda: changed("plan", fault="burst:4"), "burst:4"),
    "selection": (lambda: changed("plan", kinds=["weight"]), "kinds weight"),
    "protection": (lambda: newer(protection=PROTECTED), "was none and is secded:64"),
    "runtime": (lambda: changed("tool", onnxruntime="9.9"), "1.20.0, CPUExecutionProvider and is"),
    "batch": (
        lambda: changed("plan", batch=7).model_copy(
            update={"model": newer().model.model_copy(update={"coupled": True})}
        ),
        "images per run was 32 and is 7",
    ),
}
"""Word of ``--across`` -> a report that differs so, and what its refusal says."""


@pytest.mark.parametrize("word", UNLIKE)
def test_what_is_not_alike_is_refused_or_said(word: str) -> None:
    """With both values; allowed by its word alone."""
    make, says = UNLIKE[word]
    old = critical_report() if word == "severity" else example_report()
    with pytest.raises(NotComparable, match=f"--across {word}$") as refused:
        difference(old, make())
    assert says in str(refused.value)
    others = tuple(set(ACROSS) - {word})
    with pytest.raises(NotComparable):
        difference(old, make(), across=others)
    found = difference(old, make(), across=word)
    assert found.told[0].startswith("NOT ALIKE: ")
    assert says in found.told[0]


def test_critical_corruption_is_compared_where_both_tell_it() -> None:
    found = difference(critical_report(), critical_report(critical=0.2))
    worse = {(f.rate, f.metric) for f in found.figures if f.result == "worse"}
    assert worse == {(row.rate, "critical_sdc") for row in example_report().rates}
    assert "critical SDC at 1e-5 by +19" in headline(found)


@pytest.mark.parametrize("which", ["old", "new"])
def test_critical_corruption_of_one_report_alone_is_said(which: str) -> None:
    both = [example_report(), critical_report()]
    old, new = both if which == "new" else both[::-1]
    found = difference(old, new)
    assert not any(f.metric == "critical_sdc" for f in found.figures)
    assert found.told == [f"Only the {which} report tells critical SDC, which is not compared."] + [
        said for said in found.told if said.startswith("Both reports")
    ]


def test_maps_have_critical_corruption_as_well() -> None:
    table = SeverityPart(file="table.csv", sha256=64 * "a", confusions=[])
    part = {"critical_sdc": interval(0.0, 0.0, 0.0)}
    base = example_map()
    tensors = [tensor.model_copy(update=part) for tensor in base.tensors]
    made = example_map(severity=table, whole=base.whole.model_copy(update=part), tensors=tensors)
    found = difference(made, made)
    places = [f.tensor for f in found.figures if f.metric == "critical_sdc"]
    assert places == [None, *(tensor.name for tensor in tensors)]


def test_a_gate_on_critical_corruption_is_judged_by_a_report_that_tells_it() -> None:
    gate = "critical_sdc <= 0.05 @ 1e-6"
    found = difference(critical_report(), critical_report(), gate=gate)
    assert found.verdict == "pass"
    assert difference(critical_report(), critical_report(critical=0.2), gate=gate).verdict == "fail"
    with pytest.raises(BadGate, match="critical silent corruption"):
        difference(example_report(), newer(), gate=gate)


@pytest.mark.parametrize("part", ["data", "severity"])
def test_names_of_files_do_not_make_reports_unlike(part: str) -> None:
    """Their content does, to the last digit of its hash."""
    old = critical_report()
    named = {"data": "name", "severity": "file"}[part]

    def like(**values: str) -> Any:
        made = getattr(old, part).model_copy(update=values)
        return critical_report(**{part: made})

    assert difference(old, like(**{named: "other"})).told == difference(old, old).told
    with pytest.raises(NotComparable, match=f"--across {part}$"):
        difference(old, like(sha256=getattr(old, part).sha256[:-1] + "0"))


def test_every_circumstance_has_its_word_and_its_test() -> None:
    assert [c.word for c in CIRCUMSTANCES] == list(ACROSS)
    assert set(UNLIKE) == set(ACROSS)


@pytest.mark.parametrize(
    ("exposure", "encoding"), [("resident", "stored"), ("transient", "q15.16")]
)
def test_other_exposures_and_encodings_are_other_faults(exposure: str, encoding: str) -> None:
    with pytest.raises(NotComparable, match="--across faults"):
        difference(example_report(), changed("plan", exposure=exposure, encoding=encoding))


def test_the_metric_of_two_kinds_is_not_compared() -> None:
    found = difference(example_report(), UNLIKE["metric"][0](), across="metric")
    assert {f.metric for f in found.figures} == {"sdc", "due"}


def test_images_per_run_matter_where_images_are_coupled_alone() -> None:
    assert difference(example_report(), changed("plan", batch=7)).told == []


def test_another_version_of_the_tool_is_said() -> None:
    found = difference(example_report(), changed("tool", version="0.2.0"))
    assert found.told == ["relcheck was 0.1.0 and is 0.2.0."]


def test_the_same_plan_and_the_same_file_are_said() -> None:
    (told,) = difference(example_report(), example_report()).told
    assert "of one plan" in told
    same_file = changed("plan", id="f" * 16).model_copy(update={"model": example_report().model})
    assert difference(example_report(), same_file).told == [
        "Both reports are of the same model file."
    ]


def test_nothing_in_common_is_refused() -> None:
    with pytest.raises(NotComparable, match="no rate in common"):
        difference(example_report(), newer(rates=[row(1e-3, 0.5)]))
    with pytest.raises(NotComparable, match="one is of a run and one of a map"):
        difference(example_report(), example_map())


@pytest.mark.parametrize(
    ("gate", "says"),
    [
        ("sdc <= A @ 1e-3", "both reports have 1e-7, 1e-6, 1e-5"),
        ("sdc <= 0.1 @ 1e-3", "the new report has 1e-7, 1e-6, 1e-5"),
        ("miou >= A @ 1e-6", "this campaign measures top1"),
    ],
)
def test_gates_on_what_was_not_run_are_refused(gate: str, says: str) -> None:
    with pytest.raises(BadGate, match=says):
        difference(example_report(), newer(), gate=gate)


def test_gates_of_a_map_are_elsewhere() -> None:
    with pytest.raises(BadGate, match="relcheck map"):
        difference(example_map(), example_map(), gate="sdc <= A @ 1e-6")


def test_conditions_share_the_error_and_one_has_all_of_it() -> None:
    one = difference(example_report(), newer(), gate="sdc <= A + 0.02 @ 1e-6").gate
    two = difference(
        example_report(), newer(), gate=("sdc <= A + 0.02 @ 1e-6", "sdc <= A @ 1e-5")
    ).gate
    assert one is not None
    assert two is not None
    assert (one.each, two.each) == (0.95, each_of(2, 0.95))
    first, second = one.conditions[0].evidence, two.conditions[0].evidence
    assert first is not None
    assert second is not None
    assert second.low < first.low < first.high < second.high


@examples(100)
@given(st.sampled_from(["sdc", "due", "top1"]), st.floats(0.0, 0.1), st.booleans())
def test_a_gate_is_judged_by_the_evidence_that_it_shows(
    metric: str, margin: float, worse: bool
) -> None:
    """One predicate: the interval that is shown, against the bound that is shown."""
    better = metric == "top1"
    text = f"{metric} {'>= A -' if better else '<= A +'} {margin!r} @ 1e-5"
    new = worse_report() if worse else newer()
    found = difference(example_report(), new, gate=text)
    assert found.gate is not None
    (part,) = found.gate.conditions
    assert part.evidence is not None
    ends = (part.evidence.low, part.evidence.high)
    met = [end >= part.bound if better else end <= part.bound for end in ends]
    assert part.verdict == {(True, True): "pass", (False, False): "fail"}.get(
        (met[0], met[1]), "undecided"
    )
    assert found.verdict == found.gate.verdict == part.verdict


def test_a_floor_above_the_fault_free_figure_fails() -> None:
    found = difference(example_report(), newer(), gate="top1 >= 0.99 @ 1e-7")
    assert found.gate is not None
    assert found.gate.conditions[0].verdict == "fail"
    assert "no fault pattern can repair it" in found.gate.conditions[0].reason


# Files and the command


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Path, Path]:
    old, new = tmp_path / "main.json", tmp_path / "pr.json"
    old.write_text(example_report().model_dump_json())
    new.write_text(worse_report().model_dump_json())
    return old, new


def diff(*words: str | Path) -> Run:
    return invoke("diff", *words)


def test_exit_codes(reports: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = reports
    assert diff(old, new).code == 1
    assert diff(new, old).code == 0
    assert diff(old, new, "--gate", "sdc <= A + 0.1 @ 1e-5").code == 0
    assert diff(old, new, "--gate", "sdc <= A @ 1e-6").code == 3
    assert diff(old, new, "--gate", "sdc <= A @ 1e-5").code == 1
    assert diff(old, new, "--gate", "warn: sdc <= A @ 1e-5").code == 0


def test_a_missing_baseline_is_a_message_or_a_pass(tmp_path: Path, reports: Any) -> None:
    gone, new = tmp_path / "gone.json", reports[1]
    assert_sentence(diff(gone, new), "baseline-missing", "there is no old report")
    target = tmp_path / "d.xml"
    words = ("--missing-baseline", "pass", "--gate", "sdc <= A @ 1e-5", "--format", target)
    run = diff(gone, new, *words)
    assert run.code == 0, run.err
    assert "nothing is compared" in run.out
    assert "Nothing is compared" in target.read_text() or "nothing is compared" in (
        target.read_text()
    )
    # What is no difference is judged all the same.
    assert diff(gone, new, *words, "--gate", "sdc <= 0.01 @ 1e-5").code == 1
    assert_sentence(diff(new, gone, *words[:2]), "bad-report", "there is no report")


def test_what_is_no_report_of_a_run_is_a_sentence(reports: Any, tmp_path: Path) -> None:
    old, new = reports
    for text, says in {
        failure_json(example_failure()): "ended in an error [file-missing]",
        comparison_json(example_comparison()): "no report of a run or a map",
        '{"format": 1, "rates": []}': "is no report of relcheck",
        '{"format_version": "0.3", "rates": []}': "report of another version, or damaged",
        "{": "is no JSON",
    }.items():
        old.write_text(text)
        assert_sentence(diff(old, new), "bad-report", says)
    with pytest.raises(BadReport):
        diff_reports(DiffRequest(old=old, new=new))


def test_waivers_excuse_a_condition(reports: Any, tmp_path: Path) -> None:
    old, new = reports
    waivers = tmp_path / "w.toml"
    gate = "sdc <= A @ 1e-5"
    waivers.write_text(f'[[waiver]]\ngate = "{gate}"\nreason = "ticket 9"\nexpires = 2999-01-31\n')
    target = tmp_path / "d.json"
    run = diff(old, new, "--gate", gate, "--waivers", waivers, "--json", target)
    assert run.code == 0, run.err
    assert "ticket 9" in run.out
    (part,) = json.loads(target.read_text())["gate"]["conditions"]
    assert (part["verdict"], part["waiver"]["reason"]) == ("fail", "ticket 9")


def test_a_report_is_not_written_over_an_input(reports: Any) -> None:
    old, new = reports
    assert_sentence(diff(old, new, "--json", old), "unwritable-output", "in use already")
    assert json.loads(old.read_text())["golden"]


def test_words_of_across(reports: Any) -> None:
    old, new = reports
    assert_sentence(diff(old, new, "--across", "runtim"), "bad-option", "did you mean runtime")
    assert diff(old, new, "--across", "Runtime, DATA", "--across", "rule").code == 1
    with pytest.raises(BadOption):
        ask(DiffRequest, {"across": 3}, old=old, new=new)


def test_the_python_api_does_what_the_command_does(reports: Any) -> None:
    old, new = reports
    found = analyzer.diff(old, str(new), gate="sdc <= A @ 1e-5", across=["runtime"])
    assert not found.passed
    assert found.status == "failed"
    assert len(found.rows()) == 9
    assert json.loads(found.to_json())["command"] == "analyzer.diff"
    with pytest.raises(BadOption, match="did you mean gate"):
        analyzer.diff(old, new, gates="sdc <= A @ 1e-5")  # type: ignore[call-arg]

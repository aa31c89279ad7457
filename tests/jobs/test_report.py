"""What jobs return: verdicts with evidence, forms, tables, and a page for notebooks."""

import html
import sys
import types
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer import errors
from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.maps.result import TensorResult
from analyzer.campaign.result import CampaignResult, RateResult, Stop
from analyzer.gate import Verdict
from analyzer.jobs.render import FailureReport, read_report
from analyzer.jobs.report import Report, Status
from tests.reports.maps import example_map
from tests.support import tiny_cnn, tiny_data


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> analyzer.SweepReport:
    folder = tmp_path_factory.mktemp("report")
    model, data = tiny_cnn(folder / "tiny.onnx"), tiny_data(folder / "tiny.npz")
    return analyzer.run(model, data=data, rates=[1e-3, 1e-2], precision=0.05, jobs=0)


# Gates


@pytest.mark.parametrize(
    ("conditions", "verdict"),
    [
        (["top1 >= 0.5 @ 1e-3"], Verdict.PASS),
        (["top1 >= 0.5 @ 1e-3", "sdc <= 0.9 @ 1e-2"], Verdict.PASS),
        (["top1 >= 0.99 @ 1e-2"], Verdict.FAIL),
        (["top1 >= 0.99 @ 1e-2", "top1 >= 0.5 @ 1e-3"], Verdict.FAIL),
    ],
)
def test_gates_are_judged_afterwards(
    conditions: list[str], verdict: Verdict, report: analyzer.SweepReport
) -> None:
    found = report.gate(*conditions)
    assert found.verdict is verdict
    assert found.passed is bool(found) is (verdict is Verdict.PASS)
    assert [str(j.condition) for j in found.evidence] == conditions


def test_the_evidence_is_the_interval_at_the_rate(report: analyzer.SweepReport) -> None:
    """Fails if another rate, or another figure, is judged."""
    row = report.record.rates[1]
    (judged,) = report.gate("sdc <= 0.5 @ 1e-2").evidence
    assert judged.interval is not None
    assert row.sdc is not None
    assert row.metric is not None
    assert (judged.interval.low, judged.interval.high) == (row.sdc.low, row.sdc.high)
    (judged,) = report.gate(analyzer.Condition("top1", True, row.metric.estimate, 1e-2)).evidence
    assert judged.interval is not None
    assert judged.interval.estimate == row.metric.estimate
    assert judged.verdict is Verdict.UNDECIDED
    shown = repr(report.gate("top1 >= 0.5 @ 1e-3")).splitlines()
    assert (shown[0], shown[1][:24]) == ("Gate: pass", "  pass       top1 >= 0.5")


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ([], "no condition was given"),
        (["top1 > 1"], "cannot be read"),
        (["agreement >= 0.5 @ 1e-3"], "this campaign measures top1"),
        (["top1 >= 0.5 @ 2e-3"], "a rate that was not run; the sweep has 1e-3, 1e-2"),
    ],
)
def test_what_cannot_be_judged_is_a_sentence(
    conditions: list[str], says: str, report: analyzer.SweepReport
) -> None:
    with pytest.raises(errors.BadGate, match=says):
        report.gate(*conditions)


def test_judged_afterwards_as_during_the_sweep(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    gates = ["top1 >= 0.8 @ 1e-3", "sdc <= 0.05 @ 1e-2", "due <= 0.9 @ 1e-3"]
    report = analyzer.run(model, data=data, rates=[1e-3, 1e-2], precision=0.05, jobs=0, gate=gates)
    during = [(c.condition, c.verdict) for c in report.record.gate.conditions]
    after = report.gate(*gates)
    assert [(str(j.condition), j.verdict.value) for j in after.evidence] == during
    assert after.verdict is report.verdict
    assert report.passed is after.passed


@pytest.mark.parametrize(
    ("gate", "status"),
    [
        (None, Status.OK),
        ("top1 >= 0.5 @ 1e-3", Status.OK),
        ("top1 >= 0.99 @ 1e-3", Status.FAILED),
    ],
)
def test_the_status_is_that_of_the_gates(gate: str | None, status: Status, tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    found = analyzer.run(model, data=data, rates=1e-3, precision=0.05, jobs=0, gate=gate)
    assert found.status is status
    assert (found.passed is None) == (gate is None)


def test_a_spent_budget_leaves_it_undecided(tmp_path: Path) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    found = analyzer.run(model, data=data, rates=1e-3, jobs=0, budget=1e-6)
    assert (found.complete, found.status) == (False, Status.UNDECIDED)


# Forms


def test_a_notebook_shows_the_page_in_a_frame_of_its_own(report: analyzer.SweepReport) -> None:
    """Fails if quotes of the page end the attribute that holds it."""
    frame = report._repr_html_()
    assert frame.startswith('<iframe srcdoc="')
    page = frame.removeprefix('<iframe srcdoc="').partition('"')[0]
    assert html.unescape(page) == report.to_html()
    assert "sandbox" in frame.rpartition('"')[0]


def test_without_a_page_a_notebook_shows_the_text(tmp_path: Path) -> None:
    found = analyzer.inspect(tiny_cnn(tmp_path / "a<b.onnx"))
    assert found._repr_html_().startswith("<pre>a&lt;b.onnx: opset")
    with pytest.raises(errors.BadOption, match="Inspection has no form 'html'; its forms: json"):
        found.to_html()


def test_forms_are_written_by_their_ending(report: analyzer.SweepReport, tmp_path: Path) -> None:
    assert report.save(tmp_path / "r.json").read_text() == report.to_json()
    assert report.save(str(tmp_path / "r.html")).read_text() == report.to_html()
    with pytest.raises(errors.BadOption, match=r"none of SweepReport's forms: \.json, \.html"):
        report.save(tmp_path / "r.pdf")
    assert {p.name for p in tmp_path.iterdir()} == {"r.json", "r.html"}


def test_text_is_what_a_terminal_shows(report: analyzer.SweepReport) -> None:
    assert str(report) == report.to_text()
    assert repr(report) == "<SweepReport tiny.onnx: 4544 bits at risk in 142 values>"


# Tables


def test_rows_have_the_figures_of_the_record(report: analyzer.SweepReport) -> None:
    for row, part in zip(report.rows(), report.record.rates, strict=True):
        assert (row["rate"], row["trials"], row["stop"]) == (part.rate, part.trials, part.stop)
        for name, interval in (("top1", part.metric), ("sdc", part.sdc), ("due", part.due)):
            assert interval is not None
            found = (row[name], row[f"{name}_low"], row[f"{name}_high"])
            assert found == (interval.estimate, interval.low, interval.high)


def test_rows_become_a_dataframe(
    report: analyzer.SweepReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pandas is no dependency: in its place stands a module that keeps what it is given."""
    pandas: Any = types.ModuleType("pandas")
    pandas.DataFrame = lambda rows: ("frame", rows)
    monkeypatch.setitem(sys.modules, "pandas", pandas)
    assert report.to_dataframe() == ("frame", report.rows())


def test_without_pandas_it_is_a_sentence(
    report: analyzer.SweepReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(errors.PackageMissing, match="needs the package pandas") as raised:
        report.to_dataframe()
    assert raised.value.slug == "package-missing"


def test_every_report_has_a_table_and_a_text() -> None:
    """Fails if a job is added whose report inherits the methods that raise."""
    for name in analyzer.__all__:
        getattr(analyzer, name)  # its module is loaded now
    kinds = Report.__subclasses__()
    assert len(kinds) >= 8
    assert FailureReport in kinds
    for kind in kinds:
        assert {"to_text", "rows"} <= vars(kind).keys(), kind


# How far the work came


@pytest.mark.parametrize("stop", Stop)
def test_results_and_reports_agree_on_what_cut_work_short(stop: Stop, tmp_path: Path) -> None:
    nothing: Any = None
    tensor = TensorResult(0, None, (), 0, 0, stop, ())
    rate = RateResult(*[nothing] * len(fields(RateResult)))
    rate = replace(rate, stop=stop)
    record = example_map()
    tensors = [part.model_copy(update={"stop": stop.value}) for part in record.tensors]
    path = tmp_path / "map.json"
    path.write_text(record.model_copy(update={"tensors": tensors}).model_dump_json(), "utf-8")
    found = {
        VulnerabilityMap(nothing, 1.0, nothing, (tensor,)).cut_short,
        CampaignResult(nothing, 1.0, (rate,)).cut_short,
        read_report(path).cut_short,
    }
    assert found == {frozenset({stop} & {Stop.BUDGET, Stop.INTERRUPTED})}

"""`relcheck protect` goes on where it was interrupted: each of its campaigns has a journal."""

from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer.campaign.blocks import Block
from analyzer.campaign.workers.inline_pool import InlinePool
from analyzer.jobs.journal_list import JournalsRequest, list_journals
from tests.support import invoke, tiny_cnn, tiny_data

BUDGET = "sdc <= 0.01 @ one event"


class Messages(analyzer.Silent):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def message(self, text: str) -> None:
        self.told.append(text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("plan")
    tiny_cnn(found / "tiny.onnx")
    tiny_data(found / "tiny.npz")
    return found


def plan(folder: Path, **options: Any) -> analyzer.ProtectionReport:
    given = {"data": folder / "tiny.npz", "jobs": 0, "budget": 120.0, **options}
    return analyzer.protect(folder / "tiny.onnx", **{"gate": BUDGET, **given})


@pytest.fixture(scope="module")
def found(folder: Path) -> analyzer.ProtectionReport:
    return plan(folder)


def content(report: analyzer.ProtectionReport) -> Any:
    return report.record.model_dump(exclude={"run"})


def blocks_run(monkeypatch: pytest.MonkeyPatch) -> list[Block]:
    """Every block that is run from now on."""
    run: list[Block] = []
    submit = InlinePool.submit

    def counted(self: InlinePool, blocks: Any) -> Any:
        run.extend(blocks)
        return submit(self, blocks)

    monkeypatch.setattr(InlinePool, "submit", counted)
    return run


def test_a_program_keeps_nothing_unless_it_asks(found: analyzer.ProtectionReport) -> None:
    assert found.passed
    assert not found.kept
    assert found.protect.startswith("secded:64@")
    assert len(found.rows()) == len(found.record.tensors)


def test_what_was_kept_is_not_run_again_and_gives_the_same_plan(
    found: analyzer.ProtectionReport, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, heard = blocks_run(monkeypatch), Messages()
    first = plan(folder, journal=tmp_path / "kept", observer=heard)
    assert content(first) == content(found)
    assert len(run) > 10
    assert not heard.told
    done = len(run)
    again = plan(folder, journal=tmp_path / "kept", observer=heard)
    assert content(again) == content(found)
    assert len(run) == done
    replayed = [text for text in heard.told if "trials are from the journal" in text]
    assert len(replayed) == 1 + len(found.record.rounds)
    rows = list_journals(JournalsRequest(folder=tmp_path / "kept")).rows
    assert len(rows) == 1 + len(found.record.rounds)
    assert {(row.job, row.model, row.finished) for row in rows} == {("protect", "tiny.onnx", True)}


def test_interrupted_work_goes_on(
    found: analyzer.ProtectionReport, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A budget that ends in the survey; what it left is not run again."""
    run = blocks_run(monkeypatch)
    part = plan(folder, journal=tmp_path / "kept", budget=0.3)
    before = len(run)
    assert not part.complete
    assert part.kept
    assert before > 0
    run.clear()
    assert content(plan(folder, journal=tmp_path / "kept")) == content(found)
    resumed = len(run)
    run.clear()
    plan(folder)
    assert resumed <= len(run) - before


def test_a_journal_of_another_seed_or_fault_is_another(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    gate = "sdc <= 0.5 @ one event"
    for options in ({}, {"seed": 5}, {"fault": "burst:2"}):
        plan(folder, journal=kept, gate=gate, **options)
    assert len(list(kept.glob("*.db"))) == 6


def test_the_command_keeps_journals_and_says_how_to_go_on(folder: Path, tmp_path: Path) -> None:
    words: tuple[str | Path, ...] = (
        *("protect", folder / "tiny.onnx", "--data", folder / "tiny.npz"),
        *("--gate", BUDGET, "--journal", tmp_path / "kept"),
    )
    done = invoke(*words, "--budget", "0.3s")
    assert "to go on, run the same command again: finished work is kept" in done.err
    (survey, *_) = (tmp_path / "kept").glob("*.db")
    resumed = invoke("resume", survey)
    assert resumed.code == 2
    assert "run the same relcheck protect again" in " ".join(resumed.err.split())
    listed = invoke("journals", tmp_path / "kept")
    assert "protect" in listed.out
    assert invoke(*words).code == 0


def test_a_plan_for_a_memory_whose_windows_hold_several_events(folder: Path) -> None:
    """Its confirmation is a sweep, which is asked for with every setting of the plan."""
    target = analyzer.read_target("leo-sram")
    hot = target.region[0].model_copy(update={"raw_fit_per_mbit": 1e10})
    asked = {"target": target.model_copy(update={"region": (hot,)}), "budget": 6.0}
    report = plan(folder, gate="sdc_fit <= 1e12", **asked)
    assert report.record.regions[0].note
    assert report.record.rounds or not report.complete


def test_plans_are_rendered_later(found: analyzer.ProtectionReport, tmp_path: Path) -> None:
    file = found.save(tmp_path / "plan.json")
    files = [tmp_path / f"plan{end}" for end in (".xml", ".sarif", ".md", ".csv", ".html")]
    words = [word for path in files for word in ("--format", str(path))]
    done = invoke("report", file, *words)
    assert done.code == 0
    assert done.out == found.to_text()
    for path, name in zip(files, ("junit", "sarif", "markdown", "csv", "html"), strict=True):
        assert path.read_text("utf-8") == found.to(name)

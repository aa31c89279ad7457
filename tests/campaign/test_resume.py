"""Resumed, repeated, split and joined on the command line: always the same report.

Each test names what must be removed to make it fail.
"""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import analyzer
from analyzer.campaign.journal.entries import Entry, read_value
from analyzer.campaign.journal.identity import key_of
from analyzer.campaign.journal.storage import log_at
from analyzer.campaign.journal.versions import code_digest, versions
from analyzer.evaluation.preprocess import prepare
from tests.campaign.reports import SevenBlocks, blocks, figures
from tests.support import Run, invoke, tiny_cnn, tiny_data

QUICK = ("--rates", "1e-3,1e-2", "--precision", "0.05", "--batch", "8")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, its data, and the report of an undisturbed run with its journal."""
    folder = tmp_path_factory.mktemp("place")
    tiny_cnn(folder / "tiny.onnx")
    tiny_data(folder / "tiny.npz")
    run = relcheck(folder, "--journal", folder / "whole.db", "--json", folder / "whole.json")
    assert (run.code, run.err) == (0, f"wrote {folder / 'whole.json'}\n")
    return folder


def relcheck(folder: Path, *more: str | Path) -> Run:
    """The campaign of this file."""
    return invoke(folder / "tiny.onnx", "--data", folder / "tiny.npz", *QUICK, *more)


def test_a_finished_campaign_is_only_reported_again(place: Path, tmp_path: Path) -> None:
    journal = Path(shutil.copy(place / "whole.db", tmp_path / "run.db"))
    relcheck(place, "--journal", journal)
    before = journal.read_bytes()
    run = relcheck(place, "--journal", journal)
    assert run.code == 0
    assert run.out == relcheck(place, "--journal", "none").out
    assert journal.read_bytes() == before


def test_even_without_any_budget(place: Path, tmp_path: Path) -> None:
    """Fails without `state.settle()` before the loop of `run_campaign`."""
    journal = shutil.copy(place / "whole.db", tmp_path / "run.db")
    report = tmp_path / "again.json"
    run = invoke("resume", journal, "--budget", "0.001s", "--json", report)
    assert run.code == 0
    assert figures(report) == figures(place / "whole.json")


@pytest.mark.parametrize("again", ["resume", "run"])
def test_an_exhausted_budget_is_no_loss(
    again: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if `Journal.known` or `put` does nothing, or `resume` forgets an option."""
    journal, report = tmp_path / "run.db", tmp_path / "report.json"
    with monkeypatch.context() as patch:
        patch.setattr("analyzer.jobs.sweep.Stopwatch", SevenBlocks)
        run = relcheck(place, "--journal", journal)
    assert run.code == 3
    assert run.err == f"the budget is spent; to go on: relcheck resume {journal}\n"
    had = blocks(journal)
    assert 7 <= len(had) < len(blocks(place / "whole.db"))
    if again == "resume":
        done = invoke("resume", journal, "--json", report)
    else:
        done = relcheck(place, "--journal", journal, "--json", report)
    assert done.code == 0
    assert figures(report) == figures(place / "whole.json")
    assert blocks(journal)[: len(had)] == had
    assert sorted(blocks(journal)) == sorted(blocks(place / "whole.db"))


def test_resume_works_from_any_folder(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `absolute()` in `_request`."""
    monkeypatch.chdir(place)
    options = ("--data", "tiny.npz", *QUICK, "--journal", tmp_path / "run.db")
    assert invoke("tiny.onnx", *options, "--gate", "sdc <= 0.9 @ 1e-3").code == 0
    monkeypatch.chdir(tmp_path)
    run = invoke("resume", "run.db", "--json", "report.json")
    assert run.code == 0
    assert figures(tmp_path / "report.json")["gate"]["verdict"] == "pass"


def test_a_finer_campaign_extends_a_coarser_one(place: Path, tmp_path: Path) -> None:
    journal = Path(shutil.copy(place / "whole.db", tmp_path / "run.db"))
    finer = ("--precision", "0.04", "--json", tmp_path / "finer.json")
    assert relcheck(place, "--journal", journal, *finer).code == 0
    assert blocks(journal)[: len(blocks(place / "whole.db"))] == blocks(place / "whole.db")
    coarser = tmp_path / "coarser.json"
    assert relcheck(place, "--journal", journal, "--json", coarser).code == 0
    assert figures(coarser) == figures(place / "whole.json")
    relcheck(place, "--journal", "none", *finer[:2], "--json", tmp_path / "fresh.json")
    assert figures(tmp_path / "finer.json") == figures(tmp_path / "fresh.json")


def test_the_journal_that_nobody_named_is_named_by_the_report(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `_path_in`."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # the cache folder of this test
    assert relcheck(place, "--json", tmp_path / "report.json").code == 0
    journal = Path(json.loads((tmp_path / "report.json").read_text())["run"]["journal"])
    assert journal.parts[0] == "~"
    assert journal.parts[-3:-1] == ("relcheck", "journals")


@pytest.mark.parametrize(
    ("options", "difference"),
    [
        (("--seed", "1"), "plan seed"),
        (("--fault", "stuck0"), "plan fault"),
        (("--images", "16"), "plan images"),
        (("--mean", "0.5"), "plan preprocessing"),
    ],
)
def test_another_plan_is_refused(
    options: tuple[str, str], difference: str, place: Path, tmp_path: Path
) -> None:
    """Fails without `_check_identity`."""
    journal = shutil.copy(place / "whole.db", tmp_path / "run.db")
    run = relcheck(place, "--journal", journal, *options)
    assert (run.code, run.out) == (2, "")
    assert f"belongs to another campaign: {difference}: the journal has" in run.err


def test_other_pixels_under_the_same_plan_are_refused(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `GoldenAnswers.digests` in the identity: Pillows differ."""
    journal = shutil.copy(place / "whole.db", tmp_path / "run.db")
    monkeypatch.setattr("analyzer.evaluation.rows.prepare", lambda *parts: prepare(*parts) + 0.5)
    run = relcheck(place, "--journal", journal)
    assert run.code == 2
    assert "belongs to another campaign: answers golden: the journal has" in run.err


@pytest.mark.parametrize("name", versions())
def test_another_version_is_refused(
    name: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `versions()` in `journal_of`."""
    journal = shutil.copy(place / "whole.db", tmp_path / "run.db")
    monkeypatch.setattr("analyzer.jobs.journals.versions", lambda: {**versions(), name: "99.0"})
    run = relcheck(place, "--journal", journal)
    assert run.code == 2
    assert f"versions {name}: the journal has" in run.err


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("analyzer.__version__", "relcheck"),
        ("analyzer.campaign.journal.versions.runtime_version", "onnxruntime"),
        ("numpy.__version__", "numpy"),
        ("scipy.__version__", "scipy"),
        ("analyzer.campaign.journal.versions.version", "onnx"),
    ],
)
def test_versions_are_those_of_what_runs(
    where: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without that line in `versions`."""
    before = versions()
    monkeypatch.setattr(where, "99.0" if "__" in where else lambda *_: "99.0")
    assert {**before, name: "99.0"} == versions() != before


def test_between_releases_the_source_tells_versions_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `code`: figures of yesterday's code would be reported as today's."""
    digest: Callable[[], str] = code_digest.__wrapped__
    shutil.copytree(Path(analyzer.__file__).parent, tmp_path / "analyzer")
    monkeypatch.setattr(analyzer, "__file__", str(tmp_path / "analyzer" / "__init__.py"))
    assert digest() == code_digest()
    with (tmp_path / "analyzer" / "faults.py").open("a") as source:
        source.write("\n")
    assert digest() != code_digest()


def test_another_model_is_refused(place: Path, tmp_path: Path) -> None:
    shutil.copy(place / "whole.db", tmp_path / "run.db")
    shutil.copy(place / "tiny.npz", tmp_path)
    tiny_cnn(tmp_path / "tiny.onnx", seed=1)
    run = relcheck(tmp_path, "--journal", tmp_path / "run.db")
    assert run.code == 2
    assert "plan model: the journal has" in run.err


def test_a_damaged_journal_is_told_and_repaired(place: Path, tmp_path: Path) -> None:
    journal, report = tmp_path / "run.db", tmp_path / "report.json"
    journal.write_bytes((place / "whole.db").read_bytes()[:12000])
    run = relcheck(place, "--journal", journal, "--json", report)
    assert run.code == 0
    assert "was damaged: it is kept as run.db.damaged, its intact blocks are used" in run.err
    assert figures(report) == figures(place / "whole.json")


def test_resume_of_a_damaged_journal(place: Path, tmp_path: Path) -> None:
    journal, report = tmp_path / "run.db", tmp_path / "report.json"
    journal.write_bytes(bytes(4096) + (place / "whole.db").read_bytes()[4096:])
    assert invoke("resume", journal, "--json", report).code == 0
    assert figures(report) == figures(place / "whole.json")


@pytest.mark.parametrize("content", [None, b"", b"something else", b"\0" * 5000])
def test_resume_of_something_else(content: bytes | None, tmp_path: Path) -> None:
    journal = tmp_path / "run.db"
    if content is not None:
        journal.write_bytes(content)
    run = invoke("resume", journal)
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("[journal-unusable]\n")
    assert content is None or journal.read_bytes() == content


# Shards


def run_shards(place: Path, folder: Path, count: int) -> list[Path]:
    """Journals of all shards, each run apart."""
    paths = [folder / f"shard{index}.db" for index in range(1, count + 1)]
    for index, path in enumerate(paths, 1):
        run = relcheck(place, "--shard", f"{index}/{count}", "--journal", path)
        assert (run.code, run.err) == (0, "")
        assert run.out.startswith(f"Shard {index}/{count} done: ")
    return paths


@pytest.mark.parametrize("count", [2, 3])
def test_shards_joined_are_the_undisturbed_run(count: int, place: Path, tmp_path: Path) -> None:
    """Fails if `merge` keeps the shard's own request, which would resume a shard."""
    shards = run_shards(place, tmp_path, count)
    whole, report = tmp_path / "all.db", tmp_path / "report.json"
    run = invoke("merge", *shards, "-o", whole)
    total = sum(len(blocks(path)) for path in shards)
    assert (run.code, run.err) == (0, "")
    assert f"holds {total} blocks" in run.out
    assert read_value(log_at(whole).entries(), "shard") is None
    assert invoke("resume", whole, "--json", report).code == 0
    assert figures(report) == figures(place / "whole.json")


def test_a_shard_is_resumed_as_a_shard(place: Path, tmp_path: Path) -> None:
    """Fails without `remember("shard", ...)`."""
    (shard, _) = run_shards(place, tmp_path, 2)
    had = blocks(shard)
    run = invoke("resume", shard)
    assert run.out.startswith("Shard 1/2 done: ")
    assert blocks(shard) == had


def test_a_block_that_is_damaged_in_one_shard_is_run_again(place: Path, tmp_path: Path) -> None:
    """Fails without `proven_blocks` in merge: the lie would be joined, or refuse the others."""
    shards = run_shards(place, tmp_path, 2)
    with closing(sqlite3.connect(shards[0])) as connection, connection:
        connection.execute("UPDATE entry SET content = replace(content, '[8,', '[7,') WHERE id = 5")
    whole, report = tmp_path / "all.db", tmp_path / "report.json"
    assert invoke("merge", *shards, "-o", whole).code == 0
    assert invoke("resume", whole, "--json", report).code == 0
    assert figures(report) == figures(place / "whole.json")


def test_joining_with_itself_and_overlaps_add_nothing(place: Path, tmp_path: Path) -> None:
    (shard, _) = run_shards(place, tmp_path, 2)
    run = invoke("merge", shard, place / "whole.db", shard, "-o", tmp_path / "all.db")
    assert run.code == 0
    assert sorted(blocks(tmp_path / "all.db")) == sorted(
        {*blocks(shard), *blocks(place / "whole.db")}
    )


def refused(slug: str, *args: str | Path) -> str:
    run = invoke("merge", *args)
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith(f"[{slug}]\n")
    return run.err


def test_shards_of_two_runtimes_are_not_joined(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Int8 figures depend on the version: it is named. Fails if only "another campaign" is said."""
    other = tmp_path / "other.db"
    with monkeypatch.context() as patch:
        newer = {**versions(), "onnxruntime": "99.0"}
        patch.setattr("analyzer.jobs.journals.versions", lambda: newer)
        relcheck(place, "--journal", other)
    said = refused("journal-mismatch", place / "whole.db", other, "-o", tmp_path / "all.db")
    assert "versions onnxruntime: the journal has '99.0'" in said
    assert repr(versions()["onnxruntime"]) in said


def test_what_cannot_be_joined(place: Path, tmp_path: Path) -> None:
    """Fails without the check of identities, of contradictions, or of the target."""
    whole, other, target = place / "whole.db", tmp_path / "other.db", tmp_path / "all.db"
    relcheck(place, "--seed", "1", "--journal", other)
    assert "another campaign" in refused("journal-mismatch", whole, other, "-o", target)
    assert not target.exists()
    assert "exists" in refused("journal-unusable", whole, "-o", other)
    assert "no journal" in refused("journal-unusable", whole, tmp_path / "lost", "-o", target)
    nowhere = tmp_path / "nowhere" / "all.db"
    assert "cannot be opened" in refused("journal-unusable", whole, "-o", nowhere)


def test_results_that_contradict_each_other_are_not_joined(place: Path, tmp_path: Path) -> None:
    """Fails without the comparison in `_join`: which of two results holds nobody knows."""
    other = Path(shutil.copy(place / "whole.db", tmp_path / "other.db"))
    entries = log_at(other).entries()
    key = key_of(read_value(entries, "identity"))
    old = next(e for e in entries if e.content.startswith('{"cell"'))
    new = Entry.of(old.content.replace("[8,", "[7,", 1), key)
    with closing(sqlite3.connect(other)) as connection, connection:
        change = "UPDATE entry SET content = ?, digest = ? WHERE content = ?"
        connection.execute(change, (new.content, new.digest, old.content))
    said = refused("journal-mismatch", place / "whole.db", other, "-o", tmp_path / "all.db")
    assert "has another result for block" in said


def test_a_shard_without_a_journal_is_refused(place: Path) -> None:
    """Fails without the check in `journal_of`: the work would be lost."""
    run = relcheck(place, "--shard", "1/2", "--journal", "none")
    assert (run.code, run.out) == (2, "")
    assert "--shard needs a journal" in run.err

"""Maps that are interrupted, split, joined or crash: always the same report.

As `test_resume.py` has it for runs; each test names what must be removed to make it fail.
"""

import json
import os
import signal
from pathlib import Path

import pytest

from analyzer.campaign.blocks import Block
from analyzer.campaign.cells import SiteCell
from analyzer.campaign.journal.entries import read_value
from analyzer.campaign.journal.storage import log_at
from analyzer.campaign.result import Stop
from analyzer.campaign.workers.payload import WorkerPayload, map_payload
from analyzer.jobs.stopwatch import HOW_TO_STOP, Stopwatch
from tests.campaign.contexts import write_payload
from tests.campaign.maps import small_analysis
from tests.campaign.processes import eventually, session, started
from tests.campaign.reports import SevenBlocks, blocks, figures
from tests.campaign.sabotage import Deed, Sabotaged
from tests.support import Run, invoke, tiny_cnn, tiny_data

QUICK = ("--margin", "0.05", "--confidence", "0.95", "--batch", "4")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, its data, and the report of an undisturbed map with its journal."""
    folder = tmp_path_factory.mktemp("place")
    tiny_cnn(folder / "tiny.onnx")
    tiny_data(folder / "tiny.npz")
    run = relcheck(folder, "--journal", folder / "whole.db", "--json", folder / "whole.json")
    assert (run.code, run.err) == (0, f"wrote {folder / 'whole.json'}\n")
    return folder


def relcheck(folder: Path, *more: str | Path) -> Run:
    """The map of this file."""
    return invoke("map", folder / "tiny.onnx", "--data", folder / "tiny.npz", *QUICK, *more)


class SevenThenCtrlC(SevenBlocks):
    """The same by Ctrl-C."""

    reason = Stop.INTERRUPTED


@pytest.mark.parametrize(
    ("ends", "why"),
    [(SevenBlocks, "the budget is spent"), (SevenThenCtrlC, "interrupted")],
)
@pytest.mark.parametrize("again", ["resume", "map"])
def test_what_ended_early_is_no_loss(
    again: str,
    ends: type[Stopwatch],
    why: str,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Fails if the request of a map is not kept, or forgets the margin."""
    journal, report = tmp_path / "map.db", tmp_path / "report.json"
    with monkeypatch.context() as patch:
        patch.setattr("analyzer.jobs.map.Stopwatch", ends)
        run = relcheck(place, "--journal", journal)
    assert run.code == 3
    assert run.err == f"{why}; to go on: relcheck resume {journal}\n"
    had = blocks(journal)
    assert 7 <= len(had) < len(blocks(place / "whole.db"))
    if again == "resume":
        done = invoke("resume", journal, "--json", report)
    else:
        done = relcheck(place, "--journal", journal, "--json", report)
    told, wrote = done.err.splitlines()
    assert (done.code, wrote) == (0, f"wrote {report}")
    assert f" trials are from the journal {journal}, run until " in told
    assert figures(report) == figures(place / "whole.json")
    assert blocks(journal)[: len(had)] == had
    assert sorted(blocks(journal)) == sorted(blocks(place / "whole.db"))


def test_a_map_is_resumed_with_all_it_was_asked(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if a request forgets a flag of its own, or a path is not made absolute."""
    monkeypatch.chdir(place)
    kept = ("--journal", tmp_path / "map.db", "--csv", tmp_path / "map.csv")
    flags = ("--exhaustive", "--images", "4", "--kinds", "bias")
    first = invoke("map", "tiny.onnx", "--data", "tiny.npz", *QUICK, *flags, *kept)
    assert first.code == 0, first.err
    table = (tmp_path / "map.csv").read_text()
    (tmp_path / "map.csv").unlink()
    monkeypatch.chdir(tmp_path)
    run = invoke("resume", "map.db")
    assert (run.code, run.out) == (0, first.out)
    assert (tmp_path / "map.csv").read_text() == table
    again = invoke("resume", "map.db", "--csv", "other.csv", "--budget", "0.001s")
    assert again.code == 0
    assert (tmp_path / "other.csv").read_text() == table


@pytest.mark.parametrize("confidence", ["0.95", "0.99"])
def test_the_confidence_is_kept(confidence: str, place: Path, tmp_path: Path) -> None:
    """One of them is the default of a map, the other that of a run."""
    flags = ("--margin", "0.2", "--confidence", confidence, "--journal", tmp_path / "map.db")
    first = invoke("map", place / "tiny.onnx", *flags)
    assert f"Intervals: {100 * float(confidence):g} %" in first.out
    assert invoke("resume", tmp_path / "map.db").out == first.out


def test_a_finer_map_extends_a_coarser_one(place: Path, tmp_path: Path) -> None:
    journal = tmp_path / "map.db"
    relcheck(place, "--margin", "0.2", "--journal", journal)
    had = blocks(journal)
    report = tmp_path / "report.json"
    assert relcheck(place, "--journal", journal, "--json", report).code == 0
    assert blocks(journal)[: len(had)] == had
    assert figures(report) == figures(place / "whole.json")


# Shards


def run_shards(place: Path, folder: Path, count: int, *flags: str) -> list[Path]:
    """Journals of all shards, each run apart."""
    paths = [folder / f"shard{index}.db" for index in range(1, count + 1)]
    for index, path in enumerate(paths, 1):
        run = relcheck(place, "--shard", f"{index}/{count}", "--journal", path, *flags)
        assert (run.code, run.err) == (0, "")
        assert run.out.startswith(f"Shard {index}/{count} done: ")
    return paths


@pytest.mark.parametrize("count", [2, 3, 40])
def test_shards_joined_are_the_undisturbed_map(count: int, place: Path, tmp_path: Path) -> None:
    """More shards than a stratum has blocks; fails if a share's looks do not end, or overlap."""
    shards = run_shards(place, tmp_path, count)
    whole, report = tmp_path / "all.db", tmp_path / "report.json"
    run = invoke("merge", *shards, "-o", whole)
    mine = [set(blocks(path)) for path in shards]
    assert sum(map(len, mine)) == len(set.union(*mine))
    assert (run.code, run.err) == (0, "")
    assert read_value(log_at(whole).entries(), "shard") is None
    assert invoke("resume", whole, "--json", report).code == 0
    assert figures(report) == figures(place / "whole.json")


def test_shards_share_the_work(place: Path, tmp_path: Path) -> None:
    """Fails if all strata give their first block to one shard, or a share stands for itself."""
    fine = ("--margin", "0.02")
    mine = [len(blocks(path)) for path in run_shards(place, tmp_path, 4, *fine)]
    relcheck(place, *fine, "--journal", tmp_path / "whole.db")
    whole = len(blocks(tmp_path / "whole.db"))
    assert sum(mine) <= 1.1 * whole
    assert max(mine) <= 1.1 * whole / 4


def test_shards_of_an_exhaustive_map_leave_nothing_to_do(place: Path, tmp_path: Path) -> None:
    """All of it is known to be needed before any is run."""
    flags = ("--exhaustive", "--images", "4")
    shards = run_shards(place, tmp_path, 3, *flags)
    whole = tmp_path / "all.db"
    assert invoke("merge", *shards, "-o", whole).code == 0
    before = blocks(whole)
    again, alone = tmp_path / "again.json", tmp_path / "alone.json"
    assert invoke("resume", whole, "--json", again).code == 0
    assert sorted(blocks(whole)) == sorted(before)
    assert relcheck(place, *flags, "--json", alone).code == 0
    assert figures(again) == figures(alone)


def test_a_share_is_resumed_as_a_share(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails if a share that ended early says that it is done."""
    journal = tmp_path / "shard.db"
    with monkeypatch.context() as patch:
        patch.setattr("analyzer.jobs.map.Stopwatch", SevenBlocks)
        cut = relcheck(place, "--shard", "2/2", "--journal", journal)
    assert cut.code == 3
    assert cut.out.startswith("Shard 2/2 not done: ")
    assert cut.err == f"the budget is spent; to go on: relcheck resume {journal}\n"
    done = invoke("resume", journal)
    assert done.code == 0
    assert f"trials are from the journal {journal}" in done.err
    assert done.out.startswith("Shard 2/2 done: ")


def test_a_share_without_a_journal_is_refused(place: Path) -> None:
    run = relcheck(place, "--shard", "1/2", "--journal", "none")
    assert (run.code, run.out) == (2, "")
    assert "--shard needs a journal" in run.err


def test_runs_and_maps_are_not_joined(place: Path, tmp_path: Path) -> None:
    """Fails without `purpose` in the identity."""
    model, data = place / "tiny.onnx", place / "tiny.npz"
    campaign = tmp_path / "run.db"
    flags = ("--rates", "1e-3", "--precision", "0.2", "--batch", "4", "--journal", campaign)
    assert invoke(model, "--data", data, *flags).code == 0
    run = invoke("merge", campaign, place / "whole.db", "-o", tmp_path / "all.db")
    assert (run.code, run.out) == (2, "")
    assert "belongs to another campaign" in run.err


# Workers and signals


def test_an_upset_that_kills_its_process_is_due_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real segmentation fault; fails without `crashes` in `TensorTask.finished`."""
    analysis = small_analysis(tmp_path)
    victim = Block(SiteCell(0, 0, every=True), 0)
    done = Deed("segfault", tmp_path / "diary")
    bad = Sabotaged.with_deeds(analysis, in_trial=done, cell=victim.cell, index=3)
    payload = map_payload(write_payload(bad, tmp_path / "sabotaged"))
    monkeypatch.setattr(WorkerPayload, "of", lambda *_: payload)
    target, journal = tmp_path / "map.json", tmp_path / "map.db"
    flags = ("--batch", "3", "--margin", "0.2", "--jobs", "1", "--journal", journal)
    given = ("map", tmp_path / "small.onnx", "--data", tmp_path / "small.npz")
    run = invoke(*given, *flags, "--json", target)
    assert run.code == 0, run.err
    tensor = json.loads(target.read_text())["tensors"][0]
    (crash,) = tensor["crashes"]
    expected = analysis.context.crash(victim.cell, 3)
    assert crash["trial"] == 3
    assert crash["upsets"] == [
        {"tensor": u.tensor, "element": u.element, "bit": u.bit} for u in expected.upsets
    ]
    again = invoke("resume", journal, "--jobs", "0", "--json", tmp_path / "again.json")
    assert again.code == 0
    assert json.loads((tmp_path / "again.json").read_text())["tensors"][0] == tensor


def test_ctrl_c_prints_what_is_known_and_how_to_go_on(place: Path, tmp_path: Path) -> None:
    """As a terminal does it, with two workers; the journal goes on from where it was."""
    journal = tmp_path / "map.db"
    flags = ("--margin", "0.0003", "--journal", journal)
    model = (place / "tiny.onnx", "--data", tiny_data(tmp_path / "many.npz", 500))
    with started("map", *model, *flags) as process:
        try:
            assert eventually(lambda: journal.exists() and len(blocks(journal)) > 8)
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=20)
        finally:
            for pid in session(process.pid):
                os.kill(pid, signal.SIGKILL)
    assert process.returncode == 3
    assert "it was interrupted before" in " ".join(out.split())
    # A progress line comes before where the machine is so busy that one is due.
    assert err.endswith(f"{HOW_TO_STOP}\ninterrupted; to go on: relcheck resume {journal}\n")
    known = len(blocks(journal))
    assert invoke("resume", journal, "--budget", "0.5s").code == 3
    assert len(blocks(journal)) > known

"""Journals as a user meets them: told where they are used, listed, removed."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from unittest import mock

import pytest

from analyzer.campaign.journal.sqlite_damage import TABLE
from analyzer.campaign.journal.storage import log_at
from tests.support import invoke, run_cli

QUICK = ("--rates", "1e-3", "--precision", "0.3", "--batch", "8")
DAY = 86_400


def finished(model: Path, data: Path, journal: Path, *more: str) -> str:
    run = invoke("run", model, "--data", data, *QUICK, "--journal", journal, *more)
    assert run.code == 0, run.err
    return run.err


def test_results_of_a_journal_say_so(model: Path, data: Path, tmp_path: Path) -> None:
    """Fails if nobody can tell yesterday's figures from those of a run that just ended."""
    journal = tmp_path / "run.db"
    first = invoke("run", model, "--data", data, *QUICK, "--journal", journal)
    assert "from the journal" not in first.err
    day = time.time() - 3 * DAY
    os.utime(journal, (day, day))
    again = invoke("run", model, "--data", data, *QUICK, "--journal", journal)
    assert again.out == first.out
    told = [line for line in again.err.splitlines() if "from the journal" in line]
    date = time.strftime("%Y-%m-%d", time.gmtime(day))
    assert len(told) == 1
    assert told[0].startswith("all ")
    assert f" trials are from the journal {journal}, run until {date}" in told[0]
    number = told[0].split()[1]
    assert f" {number}\n" in first.out, "the number of trials is that of the table"


def test_results_that_are_partly_of_a_journal_say_how_many(
    model: Path, data: Path, tmp_path: Path
) -> None:
    narrow = ("--rates", "1e-3", "--precision", "0.002", "--batch", "8")
    words = ("run", model, "--data", data, *narrow, "--journal", tmp_path / "run.db")
    assert invoke(*words, "--budget", "0.5s").code == 3
    again = invoke(*words, "--budget", "1.5s")
    [told] = [line for line in again.err.splitlines() if "from the journal" in line]
    known, _, used, *_ = told.replace(",", "").split()
    assert 0 < int(known) < int(used)


def test_a_map_says_so_as_well(model: Path, data: Path, tmp_path: Path) -> None:
    words = ("map", model, "--data", data, "--margin", "0.3", "--journal", tmp_path / "map.db")
    assert "from the journal" not in invoke(*words).err
    assert "trials are from the journal" in invoke(*words).err
    assert "from the journal" not in invoke(*words, "-q").err


@pytest.fixture
def folder(model: Path, data: Path, tmp_path: Path) -> Path:
    """A finished run of ten days ago, an unfinished one, a finished map, and files of others."""
    place = tmp_path / "journals"
    place.mkdir()
    finished(model, data, place / "old.db")
    day = time.time() - 10 * DAY
    os.utime(place / "old.db", (day, day))
    words = ("run", model, "--data", data, "--rates", "1e-3", "--precision", "0.0005")
    assert invoke(*words, "--journal", place / "part.db", "--budget", "0.3s").code == 3
    assert (
        invoke("map", model, "--data", data, "--margin", "0.3", "--journal", place / "m.db").code
        == 0
    )
    (place / "notes.db").write_text("no journal\n")
    (place / "empty.db").touch()
    (place / "short.db").write_bytes(b"SQLite format 3\0")
    with closing(sqlite3.connect(place / "foreign.db")) as connection:
        connection.execute("CREATE TABLE cookies (name TEXT)")
    with closing(sqlite3.connect(place / "same-table.db")) as connection:
        connection.execute(TABLE)
    (place / "quotes.db").write_text(f"{TABLE}\n".rjust(200))
    (place / "link.db").symlink_to(place / "m.db")
    (place / "nowhere.db").symlink_to(tmp_path / "gone.db")
    (place / "directory.db").mkdir()
    return place


FOREIGN = {
    *("notes.db", "empty.db", "short.db", "foreign.db", "same-table.db", "quotes.db"),
    *("link.db", "nowhere.db", "directory.db"),
}
"""Names in that folder which are no journals, or lead to one from elsewhere."""


def lines(text: str) -> dict[str, list[str]]:
    """The rows of the list, by file."""
    rows = (line.split() for line in text.splitlines())
    return {row[0]: row for row in rows if row and row[0].endswith(".db")}


def test_they_are_listed(folder: Path) -> None:
    run = invoke("journals", folder)
    assert (run.code, run.err) == (0, "")
    rows = lines(run.out)
    assert rows.keys() == {"old.db", "part.db", "m.db"}
    assert rows["old.db"][1:3] == ["tiny.onnx", "run"]
    assert rows["old.db"][-3:] == ["10", "days", "finished"]
    assert rows["part.db"][-1] == "unfinished"
    assert rows["m.db"][2] == "map"
    assert rows["m.db"][-1] == "finished"
    assert "3 journals with " in run.out


def test_finished_ones_are_removed(folder: Path) -> None:
    run = invoke("journals", folder, "--prune")
    assert run.code == 0
    assert {name for name, row in lines(run.out).items() if row[-1] == "removed"} == {
        "old.db",
        "m.db",
    }
    assert "2 removed, " in run.out
    assert {path.name for path in folder.glob("*.db")} == {"part.db", *FOREIGN}


def test_only_what_is_old_is_removed(folder: Path) -> None:
    run = invoke("journals", folder, "--prune", "--unfinished", "--older", "7d")
    assert lines(run.out).keys() == {"old.db"}
    assert {path.name for path in folder.glob("*.db")} == {"part.db", "m.db", *FOREIGN}


def test_what_is_no_journal_is_never_removed(folder: Path) -> None:
    invoke("journals", folder, "--prune", "--unfinished")
    assert {path.name for path in folder.glob("*.db")} == FOREIGN
    assert not {f"{name}.lock" for name in FOREIGN} & {path.name for path in folder.iterdir()}


def test_what_belongs_to_a_journal_goes_with_it(folder: Path) -> None:
    """Fails if a log is left, which SQLite would read into the next journal of that name."""
    beside = {name: folder / f"old.db{name}" for name in ("-wal", "-shm", ".lock", ".damaged")}
    beside["-wal"].write_bytes(b"")
    beside["-shm"].write_bytes(b"")
    beside[".lock"].write_text("notes of somebody\n")
    beside[".damaged"].write_text("no journal\n")
    (folder / "m.db.damaged").write_bytes((folder / "m.db").read_bytes())
    invoke("journals", folder, "--prune")
    assert not (folder / "old.db").exists()
    assert not beside["-wal"].exists()
    assert not beside["-shm"].exists()
    assert beside[".lock"].read_text() == "notes of somebody\n"
    assert beside[".damaged"].read_text() == "no journal\n"
    assert not (folder / "m.db.damaged").exists()


def test_a_journal_in_use_is_left_alone(folder: Path) -> None:
    with log_at(folder / "old.db").hold():
        run = run_cli("journals", folder, "--prune")
    assert lines(run.out)["old.db"][-1] == "finished"
    assert (folder / "old.db").exists()
    assert not (folder / "m.db").exists()


def test_the_cache_folder_is_the_usual_place(tmp_path: Path) -> None:
    with mock.patch("analyzer.jobs.journal_list.cache_folder", return_value=tmp_path / "none"):
        run = invoke("journals")
    assert (run.code, run.out) == (0, f"{tmp_path / 'none'} holds no journals\n")
    refused = invoke("journals", tmp_path / "none")
    assert (refused.code, refused.out) == (2, "")
    assert "there is no folder" in refused.err

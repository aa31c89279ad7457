"""Disks without room, folders that may not be written, and other people's files.

Each test names the line whose removal makes it fail; without a file name it is one of
`analyzer/campaign/journal/journal.py`; "log" is `sqlite_log.py` beside it, and "damage" is
`sqlite_damage.py`.
"""

import os
import resource
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from analyzer.campaign.journal.journal import open_journal
from analyzer.campaign.journal.storage import log_at
from analyzer.errors import JournalUnusable
from tests.campaign.contexts import undisturbed, zero_clock
from tests.campaign.journals import (
    block,
    committed,
    hasty,
    identity,
    kept,
    open_and_close,
    record,
    undisturbed_blocks,
)

# Places that cannot be written


@contextmanager
def most_bytes_per_file(limit: int) -> Iterator[None]:
    """A disk that has room for so much in one file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """A file system of 64 KiB at ``folder``."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this account may not mount a file system; the limit per file is tested")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("kilobytes", [0, 1, 4, 8, 12, 16, 40])
def test_a_full_disk_ends_the_run_and_loses_nothing(kilobytes: int, tmp_path: Path) -> None:
    """Fails without `as_journal_error` around `_append`, or if `replace` leaves half a file."""
    path = tmp_path / "run.db"
    undisturbed()  # its files are written before there is no room
    said = r"cannot be (written|opened)"
    with most_bytes_per_file(kilobytes * 1024), pytest.raises(JournalUnusable, match=said):
        record(path, hasty())
    known = len(committed(path)) if path.exists() else 0
    assert len(kept(path)) == known
    record(path)


def test_a_file_system_without_room_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    with full_disk(tmp_path):
        with pytest.raises(JournalUnusable, match="full"):
            record(path, hasty())
        assert committed(path)
        subprocess.run(["mount", "-o", "remount,size=1m", str(tmp_path)], check=True)
        record(path)


def test_a_file_that_cannot_be_read_now_is_not_taken_for_damaged(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without `raise` in `unless_damaged` in damage: the journal would be set aside."""
    before = copy.read_bytes()

    def connect(path: Path) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("analyzer.campaign.journal.sqlite_damage.sqlite3.connect", connect)
        with pytest.raises(JournalUnusable, match=r"cannot be read \(disk I/O error\)"):
            open_and_close(copy)
    assert copy.read_bytes() == before
    assert not list(copy.parent.glob("*damaged*"))


def test_a_disk_that_is_full_when_a_run_goes_on_loses_nothing(killed: Path, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    for suffix in ("", "-wal"):
        shutil.copy(killed.with_name(f"run.db{suffix}"), tmp_path)
    with most_bytes_per_file(0), pytest.raises(JournalUnusable):
        record(path)
    assert not list(tmp_path.glob("*damaged*"))
    assert set(kept(path)) == undisturbed_blocks()


@contextmanager
def nobody() -> Iterator[None]:
    """As root nothing is read-only; be somebody else meanwhile."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


@pytest.mark.parametrize("there", [False, True])
def test_a_read_only_folder_is_a_sentence(there: bool, finished: Path) -> None:
    """Fails without `as_journal_error` in `hold` in log."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if there:
            shutil.copy(finished, folder / "run.db")
        folder.chmod(0o555)
        with (
            nobody(),
            pytest.raises(JournalUnusable, match=r"be opened \(Permission denied\)"),
        ):
            open_and_close(folder / "run.db")
        assert [p.name for p in folder.iterdir()] == ["run.db"] * there


def add_a_block(path: Path) -> None:
    with open_journal(path, identity(), zero_clock) as journal:
        journal.put(block(99))


def test_a_read_only_journal_is_a_sentence(finished: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(shutil.copy(finished, Path(name) / "run.db"))
        path.chmod(0o444)
        Path(name).chmod(0o777)
        with nobody(), pytest.raises(JournalUnusable, match="readonly"):
            add_a_block(path)
        assert path.read_bytes() == finished.read_bytes()


def test_a_journal_on_a_read_only_medium_can_be_read(finished: Path) -> None:
    """Fails without `immutable=1` in log: SQLite wants to write beside it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(shutil.copy(finished, Path(name) / "run.db"))
        Path(name).chmod(0o555)
        with nobody():
            assert len(log_at(path).entries()) == 1 + len(undisturbed_blocks())
        Path(name).chmod(0o755)
        assert [p.name for p in Path(name).iterdir()] == ["run.db"]


def test_names_that_mean_something_in_addresses_are_only_names(tmp_path: Path) -> None:
    """Fails without `as_uri` in log."""
    path = tmp_path / "50% of?it#1.db"
    record(path)
    assert set(committed(path)) == undisturbed_blocks()
    assert {p.name for p in tmp_path.iterdir()} == {path.name, f"{path.name}.lock"}


# Other people's files


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    """Fails without `is_journal` in log: our table would be made in it."""
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE block (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO block (name) VALUES ('mine')")
    before = path.read_bytes()
    with pytest.raises(JournalUnusable, match="is no journal"):
        open_and_close(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["places.sqlite"]


@pytest.mark.parametrize("content", [b"", b"SQLite", b"SQLite format 3\0" + bytes(60)])
def test_a_file_that_was_just_begun_is_a_journal(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    path.write_bytes(content)
    record(path)


def test_a_short_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk")
    with pytest.raises(JournalUnusable, match="is no journal"):
        open_and_close(path)
    assert path.read_text() == "buy milk"

"""The journal: what is finished stays finished, and belongs to one campaign.

Each test names the line whose removal makes it fail; without a file name it is one of
`analyzer/campaign/journal/journal.py`, and "log" is `sqlite_log.py` beside it.
"""

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from analyzer.campaign.journal.entries import Entry
from analyzer.campaign.journal.identity import key_of
from analyzer.campaign.journal.journal import FLUSH_SECONDS, keep_journal, open_journal
from analyzer.campaign.journal.sqlite_log import SqliteLog
from analyzer.errors import JournalBusy, JournalMismatch
from tests.campaign.contexts import AtOnce, run, shared_results, zero_clock
from tests.campaign.journals import (
    block,
    changed,
    committed,
    identity,
    kept,
    open_and_close,
    record,
)
from tests.support import ROOT

# Durable


def test_a_block_is_durable_within_a_second(tmp_path: Path) -> None:
    """Fails without `self.flush()` in `tick`, or if `put` waits for more than it must."""
    now = 0.0
    with open_journal(tmp_path / "run.db", identity(), lambda: now) as journal:
        journal.put(block(0))
        assert len(committed(journal.path)) == 1
        now = FLUSH_SECONDS / 2
        journal.put(block(1))
        assert len(committed(journal.path)) == 1
        now = FLUSH_SECONDS
        journal.tick()
        assert len(committed(journal.path)) == 2
    assert FLUSH_SECONDS < 0.8


def test_a_clock_that_jumps_back_delays_nothing(tmp_path: Path) -> None:
    """Fails without `0 <=` in `tick`: for an hour nothing would be written."""
    now = 3600.0
    with open_journal(tmp_path / "run.db", identity(), lambda: now) as journal:
        journal.put(block(0))
        now = 0.0
        journal.put(block(1))
        assert len(committed(journal.path)) == 2


def test_what_is_committed_has_reached_the_disk(tmp_path: Path) -> None:
    """Fails without `PRAGMA synchronous=FULL` or `journal_mode=WAL` in log."""
    log = SqliteLog(tmp_path / "run.db")
    with keep_journal(log, identity(), zero_clock) as journal:
        journal.put(block(0))
        (level,) = log.connection().execute("PRAGMA synchronous").fetchone()
        (mode,) = log.connection().execute("PRAGMA journal_mode").fetchone()
    assert (level, mode) == (2, "wal")


def test_an_end_of_the_run_keeps_what_is_pending(tmp_path: Path) -> None:
    """Fails without `journal.flush()` in `keep_journal`."""

    def interrupted() -> None:
        with open_journal(tmp_path / "run.db", identity(), zero_clock) as journal:
            journal.put(block(0))
            journal.put(block(1))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(committed(tmp_path / "run.db")) == 2


def test_a_killed_run_leaves_every_block_that_was_committed(
    killed: Path, finished: Path, tmp_path: Path
) -> None:
    """Fails without the transaction in `_append` in log."""
    for suffix in ("", "-wal"):
        shutil.copy(killed.with_name(f"run.db{suffix}"), tmp_path)
    assert kept(tmp_path / "run.db") == committed(finished)
    assert not list(tmp_path.glob("*damaged*"))
    record(tmp_path / "run.db")


# Resumed


def test_a_finished_campaign_that_is_run_again_changes_no_byte(copy: Path) -> None:
    """Fails without `return intact, False` in `_prepare`: it would be rebuilt each time."""
    before = copy.read_bytes()
    record(copy)
    assert copy.read_bytes() == before


def test_what_is_remembered_is_written_once(copy: Path) -> None:
    """Fails without `if read_value(...) == value` in `remember`."""

    def remember(value: object) -> bytes:
        with open_journal(copy, identity(), zero_clock) as journal:
            journal.remember("request", {"rates": value})
        return copy.read_bytes()

    first, again, other = remember("1e-3"), remember("1e-3"), remember("1e-4")
    assert first == again != other
    record(copy)


def test_blocks_of_a_journal_are_not_run_again(copy: Path) -> None:
    """Fails if `known` is empty."""
    results = shared_results()
    pool = AtOnce(results)
    with open_journal(copy, identity(), zero_clock) as journal:
        run(results.context, pool, journal)
    assert pool.sent == []


# Another campaign


NAMES = [("plan", name) for name in ("model", "data", "seed", "fault", "encoding", "batch")]
NAMES += [("versions", "relcheck"), ("versions", "onnxruntime"), ("versions", "new")]
NAMES += [("answers", "inputs"), ("answers", "golden")]


@pytest.mark.parametrize(("part", "name"), NAMES)
def test_another_campaign_is_refused_and_the_difference_named(
    part: str, name: str, copy: Path
) -> None:
    """Fails without `_check_identity`; without `part` in `content` for that part."""
    before = copy.read_bytes()
    with pytest.raises(JournalMismatch, match=rf"{part} {name}: the journal has .* this run"):
        open_and_close(copy, changed(part, name))
    assert copy.read_bytes() == before


def test_a_damaged_journal_of_another_campaign_is_refused_as_well(copy: Path) -> None:
    """Fails if `_check_identity` is asked only of sound journals: it would be set aside."""
    content = copy.read_bytes()
    copy.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(JournalMismatch, match="plan seed"):
        open_and_close(copy, changed("plan", "seed"))
    assert copy.read_bytes() == content[: len(content) * 3 // 4]


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    other = {**identity().content, "format": 0}
    assert identity().difference(other) == "its format is another"
    assert identity().difference(identity().content) is None


def test_rows_of_another_campaign_are_not_believed(copy: Path, tmp_path: Path) -> None:
    """Fails without `key` in the digest of a block in `entries.py`: rows could be carried over."""
    with closing(sqlite3.connect(copy)) as theirs, theirs:
        other = Entry.of(block(0).to_json(), key_of(changed("plan", "seed").content))
        theirs.execute(
            "INSERT INTO entry (content, digest) VALUES (?, ?)", (other.content, other.digest)
        )
    assert block(0) not in kept(copy).values()


# In use


def test_a_second_run_is_refused_while_the_first_holds_the_journal(tmp_path: Path) -> None:
    """Fails without `fcntl.flock` in log."""
    path = tmp_path / "run.db"
    with (
        open_journal(path, identity(), zero_clock),
        pytest.raises(JournalBusy, match="in use by another run"),
    ):
        open_and_close(path)
    record(path)


def test_a_link_to_a_journal_is_that_journal(tmp_path: Path) -> None:
    """Fails without `path.resolve()`: two runs would write one file."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "run.db")
    with open_journal(tmp_path / "run.db", identity(), zero_clock), pytest.raises(JournalBusy):
        open_and_close(link)


HOLD = """
import sys, time
from pathlib import Path
from analyzer.campaign.journal.storage import log_at
with log_at(Path(sys.argv[1])).hold():
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_killed_run_holds_its_journal_no_longer(tmp_path: Path) -> None:
    """Fails if the lock is a file that has to be removed."""
    path = tmp_path / "run.db"
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(JournalBusy):
            open_and_close(path)
        holder.send_signal(signal.SIGKILL)
    record(path)

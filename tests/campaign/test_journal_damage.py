"""Damaged journals: what is intact is kept, what is not is run again.

Each test names the line whose removal makes it fail; without a file name it is one of
`analyzer/campaign/journal/journal.py`; "log" is `sqlite_log.py` beside it, and "damage" is
`sqlite_damage.py`.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.journal.entries import Entry, value_entry
from analyzer.campaign.journal.identity import key_of
from analyzer.campaign.journal.journal import open_journal
from analyzer.campaign.journal.storage import log_at
from tests.campaign.contexts import zero_clock
from tests.campaign.journals import (
    Kept,
    committed,
    identity,
    kept,
    open_and_close,
    record,
    undisturbed_blocks,
)
from tests.strategies import examples


@contextmanager
def damaged(journal: Path, file: str, content: bytes) -> Iterator[Path]:
    """A copy of ``journal`` and its log, one of whose files has another content."""
    with tempfile.TemporaryDirectory() as folder:
        for other in journal.parent.glob("run.db*"):
            if not other.name.endswith((".lock", "-shm")):
                shutil.copy(other, folder)
        (Path(folder) / file).write_bytes(content)
        yield Path(folder) / "run.db"


def inside(content: bytes, blocks: Kept) -> Kept:
    """The blocks whose entries stand whole in some bytes."""
    key = key_of(identity().content)
    entries = {b: Entry.of(result.to_json(), key) for b, result in blocks.items()}
    whole = {b for b, e in entries.items() if (e.content + e.digest).encode() in content}
    return {b: result for b, result in blocks.items() if b in whole}


@examples(25)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_costs_at_most_one_block(at: float, bit: int, finished: Path) -> None:
    """Fails without `proven` in `_prepare`, or without `salvage` in damage."""
    content = bytearray(finished.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    whole = committed(finished)
    with damaged(finished, "run.db", bytes(content)) as path:
        found = kept(path)
        assert found.items() <= whole.items()
        assert len(found) >= len(whole) - 1
        record(path)


@examples(25)
@given(share=st.floats(0, 1))
def test_a_truncated_journal_keeps_what_stands_before_the_cut(share: float, finished: Path) -> None:
    """Fails without `salvage` in log: SQLite reads nothing of a file that was cut."""
    content = finished.read_bytes()
    content = content[: int(share * len(content))]
    whole = committed(finished)
    with damaged(finished, "run.db", content) as path:
        assert kept(path) == inside(content, whole)
        record(path)


@examples(25)
@given(share=st.floats(0, 1))
def test_a_torn_log_keeps_what_stands_before_the_tear(share: float, killed: Path) -> None:
    """Fails without `left_in_log` in log: SQLite ends at the last commit that is whole."""
    log = (killed.parent / "run.db-wal").read_bytes()
    log = log[: int(share * len(log))]
    with damaged(killed, "run.db-wal", log) as path:
        found = kept(path)
        assert found == inside(log + killed.read_bytes(), committed(killed))
        record(path)


@examples(25)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_rotten_log_costs_at_most_one_block(at: float, bit: int, killed: Path) -> None:
    """Fails without `left_in_log` in log: SQLite would drop all that follows the damage."""
    log = bytearray((killed.parent / "run.db-wal").read_bytes())
    log[int(at * len(log))] ^= 1 << bit
    whole = committed(killed)
    with damaged(killed, "run.db-wal", bytes(log)) as path:
        found = kept(path)
        assert found == inside(bytes(log) + killed.read_bytes(), whole)
        assert len(found) >= len(whole) - 1
        record(path)


def test_a_lost_log_is_noticed_by_nobody_and_harms_nothing(killed: Path) -> None:
    with damaged(killed, "run.db-wal", b"") as path:
        assert kept(path).items() <= committed(killed).items()
        record(path)


def test_a_page_of_zeros_is_survived(finished: Path) -> None:
    """A disk that lost a sector. Fails without any of the three marks in `is_journal` in damage."""
    content = finished.read_bytes()
    for start in range(0, len(content), 4096):
        holed = content[:start] + bytes(4096) + content[start + 4096 :]
        with damaged(finished, "run.db", holed) as path:
            assert kept(path) == inside(holed, committed(finished))


def test_a_rotten_table_definition_is_survived(finished: Path) -> None:
    """Fails without `except UnicodeDecodeError` in damage: SQLite quotes what it cannot read."""
    content = finished.read_bytes()
    rotten = content.replace(b"TEXT NOT NULL,", b"TEXT NOT NULL\xac")
    assert rotten != content
    with damaged(finished, "run.db", rotten) as path:
        assert kept(path) == committed(finished)


def test_a_damaged_journal_is_set_aside_and_said_so(copy: Path) -> None:
    """Fails without `os.replace(path, ...damaged)` in log."""
    content = copy.read_bytes()
    copy.write_bytes(content[:-4096])
    assert open_and_close(copy)
    assert copy.with_name("run.db.damaged").read_bytes() == content[:-4096]
    assert not open_and_close(copy)


def test_a_forged_row_is_run_again(copy: Path) -> None:
    """Fails without `e.proven(key)` in `_prepare` and `proven_blocks`: the lie would be counted."""
    with closing(sqlite3.connect(copy)) as connection, connection:
        (content,) = connection.execute("SELECT content FROM entry WHERE id = 5").fetchone()
        lie = content.replace("[8,", "[7,", 1)
        assert lie != content
        connection.execute("UPDATE entry SET content = ? WHERE id = 5", (lie,))
    assert open_and_close(copy)
    assert len(kept(copy)) == len(undisturbed_blocks()) - 1
    record(copy)
    assert set(kept(copy)) == undisturbed_blocks()


def test_a_log_that_was_left_over_is_not_replayed_into_a_new_file(
    killed: Path, tmp_path: Path
) -> None:
    """Fails without `_forget(*companions(path))` in `replace` in log."""
    shutil.copy(killed.with_name("run.db-wal"), tmp_path)
    mine = [value_entry("identity", {"another": "campaign"})]
    log_at(tmp_path / "run.db").replace(mine)
    assert log_at(tmp_path / "run.db").entries() == mine


def test_a_journal_that_was_repaired_while_the_run_was_killed_is_repaired_again(
    copy: Path,
) -> None:
    """Fails without `_forget` in log: a log that was left over is replayed into the new file."""
    copy.write_bytes(copy.read_bytes()[:-4096])
    copy.with_name("run.db.new").write_bytes(b"half a journal")
    copy.with_name("run.db.new-wal").write_bytes(b"half a log")
    record(copy)
    assert not list(copy.parent.glob("*.new*"))


def test_a_head_that_was_damaged_is_not_believed(copy: Path) -> None:
    """Fails without `e.proven()` in `read_value`: a resumed run could do something else."""
    with open_journal(copy, identity(), zero_clock) as journal:
        journal.remember("request", {"rates": "1e-3"})
    entry = value_entry("request", {"rates": "1e-3"})
    with closing(sqlite3.connect(copy)) as connection, connection:
        lie = entry.content.replace("1e-3", "1e-5")
        connection.execute("UPDATE entry SET content = ? WHERE digest = ?", (lie, entry.digest))
    assert open_and_close(copy)
    record(copy)

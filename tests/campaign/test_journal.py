"""The journal: what is finished stays finished, and what is damaged is noticed.

Each test names the line whose removal makes it fail; without a file name it is one of
`analyzer/campaign/journal.py`, and "file" is `analyzer/campaign/journal_file.py`.
"""

import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.blocks import BLOCK_TRIALS, Block, BlockResult
from analyzer.campaign.journal import (
    FLUSH_SECONDS,
    Identity,
    entry_of,
    key_of,
    open_journal,
    proven_blocks,
)
from analyzer.campaign.journal_file import Entry, read_entries
from analyzer.campaign.trials import Cell
from analyzer.errors import JournalBusy, JournalMismatch, JournalUnusable
from analyzer.evaluation.outcome import Outcomes
from tests.campaign.benches import AtOnce, run, shared_results, undisturbed, zero_clock
from tests.strategies import examples
from tests.support import ROOT

VERSIONS = {"relcheck": "1.0", "onnxruntime": "1.20"}

Kept = dict[Block, BlockResult]


def identity(**versions: str) -> Identity:
    """What the journals of this file belong to."""
    bench = shared_results().bench
    return Identity(bench.plan.content, {**VERSIONS, **versions}, bench.answers)


def block(index: int) -> BlockResult:
    """A finished block."""
    return BlockResult(Block(Cell(1e-3), index), (Outcomes(8, sdc=index % 8),) * BLOCK_TRIALS)


def committed(path: Path) -> Kept:
    """The blocks that another process would find now."""
    cells = proven_blocks(read_entries(path), key_of(identity().content))
    return {result.block: result for found in cells.values() for result in found.values()}


def kept(path: Path) -> Kept:
    """All blocks of a journal once it is opened."""
    bench = shared_results().bench
    cells = [Cell(r, s) for r in bench.plan.rates for s in range(len(bench.split(r).strata))]
    with open_journal(path, identity(), zero_clock) as journal:
        return {result.block: result for cell in cells for result in journal.known(cell)}


def finish(path: Path) -> None:
    """Run the campaign with a journal, and check that it finds what it would have found."""
    results = shared_results()
    with open_journal(path, identity(), zero_clock) as journal:
        assert run(results.bench, AtOnce(results), journal) == undisturbed()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a finished campaign; not to be changed."""
    path = tmp_path_factory.mktemp("finished") / "run.db"
    finish(path)
    return path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal that a run leaves which is killed at its end: most of it is in the log."""
    folder = tmp_path_factory.mktemp("killed")
    results = shared_results()
    every_block = count().__next__
    with open_journal(folder / "run.db", identity(), lambda: float(every_block())) as journal:
        run(results.bench, AtOnce(results), journal)
        (folder / "left").mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(folder / f"run.db{suffix}", folder / "left")
    return folder / "left" / "run.db"


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """The journal of a finished campaign."""
    return Path(shutil.copy(finished, tmp_path / "run.db"))


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
    """Fails without `PRAGMA synchronous=FULL` or `journal_mode=WAL` in file."""
    with open_journal(tmp_path / "run.db", identity(), zero_clock) as journal:
        (level,) = journal._connection.execute("PRAGMA synchronous").fetchone()
        (mode,) = journal._connection.execute("PRAGMA journal_mode").fetchone()
    assert (level, mode) == (2, "wal")


def test_an_end_of_the_run_keeps_what_is_pending(tmp_path: Path) -> None:
    """Fails without `self.flush()` in `close`."""
    with pytest.raises(KeyboardInterrupt), open_journal(
        tmp_path / "run.db", identity(), zero_clock
    ) as journal:
        journal.put(block(0))
        journal.put(block(1))
        raise KeyboardInterrupt
    assert len(committed(tmp_path / "run.db")) == 2


def test_a_killed_run_leaves_every_block_that_was_committed(killed: Path, finished: Path) -> None:
    """Fails without the transaction in `append` in file."""
    with damaged(killed, "run.db", killed.read_bytes()) as path:
        assert kept(path) == committed(finished)
        assert [p.name for p in path.parent.glob("*damaged*")] == []
        finish(path)


# Resumed


def test_a_finished_campaign_that_is_run_again_changes_no_byte(copy: Path) -> None:
    """Fails without `if not self._pending` in `flush`."""
    before = copy.read_bytes()
    finish(copy)
    assert copy.read_bytes() == before


def test_what_is_remembered_is_written_once(copy: Path) -> None:
    """Fails without `if told(...) == value` in `remember`."""

    def remember(value: object) -> bytes:
        with open_journal(copy, identity(), zero_clock) as journal:
            journal.remember("request", {"rates": value})
        return copy.read_bytes()

    first, again, other = remember("1e-3"), remember("1e-3"), remember("1e-4")
    assert first == again != other
    finish(copy)


def test_blocks_of_a_journal_are_not_run_again(copy: Path) -> None:
    """Fails if `known` is empty."""
    results = shared_results()
    pool = AtOnce(results)
    with open_journal(copy, identity(), zero_clock) as journal:
        run(results.bench, pool, journal)
    assert pool.sent == []


# Another campaign


def changed(part: str, name: str) -> Identity:
    """An identity that differs in one thing."""
    other = identity()
    getattr(other, part)[name] = "something else"
    return other


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
        with open_journal(copy, changed(part, name), zero_clock):
            pass
    assert copy.read_bytes() == before


def test_a_damaged_journal_of_another_campaign_is_refused_as_well(copy: Path) -> None:
    """Fails if `_check_identity` is asked only of sound journals: it would be set aside."""
    content = copy.read_bytes()
    copy.write_bytes(content[: len(content) * 3 // 4])
    with pytest.raises(JournalMismatch, match="plan seed"):
        with open_journal(copy, changed("plan", "seed"), zero_clock):
            pass
    assert copy.read_bytes() == content[: len(content) * 3 // 4]


def test_a_journal_of_another_format_is_refused(tmp_path: Path) -> None:
    other = {**identity().content, "format": 0}
    assert identity().difference(other) == "its format is another"
    assert identity().difference(identity().content) is None


def test_rows_of_another_campaign_are_not_believed(copy: Path, tmp_path: Path) -> None:
    """Fails without `key` in the digest of a block in file: rows could be carried over."""
    with closing(sqlite3.connect(copy)) as theirs, theirs:
        other = Entry.of(block(0).to_json(), key_of(changed("plan", "seed").content))
        theirs.execute("INSERT INTO entry (content, digest) VALUES (?, ?)", (other.content, other.digest))
    assert block(0) not in kept(copy).values()


# Damage


@examples(25)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_one_flipped_bit_costs_at_most_one_block(at: float, bit: int, finished: Path) -> None:
    """Fails without `proven` in `_prepare`, or without `salvage` in file."""
    content = bytearray(finished.read_bytes())
    content[int(at * len(content))] ^= 1 << bit
    whole = committed(finished)
    with damaged(finished, "run.db", bytes(content)) as path:
        found = kept(path)
        assert found.items() <= whole.items()
        assert len(found) >= len(whole) - 1
        finish(path)


@examples(25)
@given(share=st.floats(0, 1))
def test_a_truncated_journal_keeps_what_stands_before_the_cut(share: float, finished: Path) -> None:
    """Fails without `salvage` in file: SQLite reads nothing of a file that was cut."""
    content = finished.read_bytes()
    content = content[: int(share * len(content))]
    whole = committed(finished)
    with damaged(finished, "run.db", content) as path:
        assert kept(path) == inside(content, whole)
        finish(path)


@examples(25)
@given(share=st.floats(0, 1))
def test_a_torn_log_keeps_what_stands_before_the_tear(share: float, killed: Path) -> None:
    """Fails without `left_in_log`: SQLite ends at the last commit that is whole."""
    log = (killed.parent / "run.db-wal").read_bytes()
    log = log[: int(share * len(log))]
    with damaged(killed, "run.db-wal", log) as path:
        found = kept(path)
        assert found == inside(log + killed.read_bytes(), committed(killed))
        finish(path)


@examples(25)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_rotten_log_costs_at_most_one_block(at: float, bit: int, killed: Path) -> None:
    """Fails without `left_in_log`: SQLite would drop all that follows the damage."""
    log = bytearray((killed.parent / "run.db-wal").read_bytes())
    log[int(at * len(log))] ^= 1 << bit
    whole = committed(killed)
    with damaged(killed, "run.db-wal", bytes(log)) as path:
        found = kept(path)
        assert found == inside(bytes(log) + killed.read_bytes(), whole)
        assert len(found) >= len(whole) - 1
        finish(path)


def test_a_lost_log_is_noticed_by_nobody_and_harms_nothing(killed: Path) -> None:
    with damaged(killed, "run.db-wal", b"") as path:
        assert kept(path).items() <= committed(killed).items()
        finish(path)


def test_a_page_of_zeros_is_survived(finished: Path) -> None:
    """A disk that lost a sector. Fails without any of the three marks in `is_journal` in file."""
    content = finished.read_bytes()
    for start in range(0, len(content), 4096):
        holed = content[:start] + bytes(4096) + content[start + 4096 :]
        with damaged(finished, "run.db", holed) as path:
            assert kept(path) == inside(holed, committed(finished))


def test_a_rotten_table_definition_is_survived(finished: Path) -> None:
    """Fails without `except UnicodeDecodeError` in file: SQLite quotes what it cannot read."""
    content = finished.read_bytes()
    rotten = content.replace(b"content TEXT NOT", b"content TEXT \xceOT")
    assert rotten != content
    with damaged(finished, "run.db", rotten) as path:
        assert kept(path) == committed(finished)


def test_a_damaged_journal_is_set_aside_and_said_so(copy: Path) -> None:
    """Fails without `os.replace(path, ...damaged)` in file."""
    content = copy.read_bytes()
    copy.write_bytes(content[:-4096])
    with open_journal(copy, identity(), zero_clock) as journal:
        assert journal.damaged
    assert copy.with_name("run.db.damaged").read_bytes() == content[:-4096]
    with open_journal(copy, identity(), zero_clock) as journal:
        assert not journal.damaged


def test_a_forged_row_is_run_again(copy: Path) -> None:
    """Fails without `e.proven(key)` in `_prepare` and `proven_blocks`: the lie would be counted."""
    with closing(sqlite3.connect(copy)) as connection, connection:
        (content,) = connection.execute("SELECT content FROM entry WHERE id = 5").fetchone()
        lie = content.replace("[8,", "[7,", 1)
        assert lie != content
        connection.execute("UPDATE entry SET content = ? WHERE id = 5", (lie,))
    with open_journal(copy, identity(), zero_clock) as journal:
        assert journal.damaged
    assert len(kept(copy)) == len(undisturbed_blocks()) - 1
    finish(copy)
    assert set(kept(copy)) == undisturbed_blocks()


def undisturbed_blocks() -> set[Block]:
    """The blocks of the whole campaign."""
    return {
        Block(Cell(rate.rate, index), i)
        for rate in undisturbed().rates
        for index, stratum in enumerate(rate.strata)
        for i in range(stratum.tally.trials // BLOCK_TRIALS)
    }


def test_a_journal_that_was_repaired_while_the_run_was_killed_is_repaired_again(
    copy: Path,
) -> None:
    """Fails without `_forget` in file: a log that was left over is replayed into the new file."""
    copy.write_bytes(copy.read_bytes()[:-4096])
    copy.with_name("run.db.new").write_bytes(b"half a journal")
    copy.with_name("run.db.new-wal").write_bytes(b"half a log")
    finish(copy)
    assert not list(copy.parent.glob("*.new*"))


# In use


def test_a_second_run_is_refused_while_the_first_holds_the_journal(tmp_path: Path) -> None:
    """Fails without `fcntl.flock` in file."""
    path = tmp_path / "run.db"
    with open_journal(path, identity(), zero_clock):
        with pytest.raises(JournalBusy, match="in use by another run"):
            with open_journal(path, identity(), zero_clock):
                pass
    finish(path)


def test_a_link_to_a_journal_is_that_journal(tmp_path: Path) -> None:
    """Fails without `path.resolve()`: two runs would write one file."""
    link = tmp_path / "link.db"
    link.symlink_to(tmp_path / "run.db")
    with open_journal(tmp_path / "run.db", identity(), zero_clock):
        with pytest.raises(JournalBusy), open_journal(link, identity(), zero_clock):
            pass


HOLD = """
import sys, time
from pathlib import Path
from analyzer.campaign.journal_file import held
with held(Path(sys.argv[1])):
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
        with pytest.raises(JournalBusy), open_journal(path, identity(), zero_clock):
            pass
        holder.send_signal(signal.SIGKILL)
    finish(path)


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
    """Fails without `explained` around `append`, and where `write_file` leaves half a file."""
    path, results = tmp_path / "run.db", shared_results()
    each_block = count().__next__
    with most_bytes_per_file(kilobytes * 1024):
        with pytest.raises(JournalUnusable, match="cannot be (written|opened)"):
            with open_journal(path, identity(), lambda: float(each_block())) as journal:
                run(results.bench, AtOnce(results), journal)
    known = len(committed(path)) if path.exists() else 0
    assert len(kept(path)) == known
    finish(path)


def test_a_file_system_without_room_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    path, results = tmp_path / "run.db", shared_results()
    each_block = count().__next__
    with full_disk(tmp_path):
        with pytest.raises(JournalUnusable, match="full"):
            with open_journal(path, identity(), lambda: float(each_block())) as journal:
                run(results.bench, AtOnce(results), journal)
        assert committed(path)
        subprocess.run(["mount", "-o", "remount,size=1m", str(tmp_path)], check=True)
        finish(path)


def test_a_full_disk_is_not_taken_for_damage(killed: Path) -> None:
    """Fails without `raise` in `_unless_damaged` in file: the journal would be set aside."""
    with damaged(killed, "run.db", killed.read_bytes()) as path:
        with most_bytes_per_file(0), pytest.raises(JournalUnusable):
            finish(path)
        assert [p.name for p in path.parent.glob("*damaged*")] == []
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
    """Fails without `explained` in `held` in file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if there:
            shutil.copy(finished, folder / "run.db")
        folder.chmod(0o555)
        with nobody(), pytest.raises(JournalUnusable, match="cannot be opened .Permission denied"):
            with open_journal(folder / "run.db", identity(), zero_clock):
                pass
        assert [p.name for p in folder.iterdir()] == ["run.db"] * there


def test_a_read_only_journal_is_a_sentence(finished: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        path = Path(shutil.copy(finished, Path(name) / "run.db"))
        path.chmod(0o444)
        Path(name).chmod(0o777)
        with nobody(), pytest.raises(JournalUnusable, match="readonly"):
            with open_journal(path, identity(), zero_clock) as journal:
                journal.put(block(99))
        assert path.read_bytes() == finished.read_bytes()


def test_a_journal_on_a_read_only_medium_can_be_read(finished: Path) -> None:
    """Fails without `immutable=1` in file: SQLite wants to write beside it."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(shutil.copy(finished, Path(name) / "run.db"))
        Path(name).chmod(0o555)
        with nobody():
            assert len(read_entries(path)) == 1 + len(undisturbed_blocks())
        Path(name).chmod(0o755)
        assert [p.name for p in Path(name).iterdir()] == ["run.db"]


def test_names_that_mean_something_in_addresses_are_only_names(tmp_path: Path) -> None:
    """Fails without `as_uri` in file."""
    path = tmp_path / "50% of?it#1.db"
    finish(path)
    assert set(committed(path)) == undisturbed_blocks()


# Other people's files


def test_another_database_is_left_alone(tmp_path: Path) -> None:
    """Fails without `is_journal`: our table would be made in it."""
    path = tmp_path / "places.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE block (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO block (name) VALUES ('mine')")
    before = path.read_bytes()
    with pytest.raises(JournalUnusable, match="is no journal"):
        with open_journal(path, identity(), zero_clock):
            pass
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["places.sqlite"]


@pytest.mark.parametrize("content", [b"", b"SQLite", b"SQLite format 3\0" + bytes(60)])
def test_a_file_that_was_just_begun_is_a_journal(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "run.db"
    path.write_bytes(content)
    finish(path)


def test_a_short_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("buy milk")
    with pytest.raises(JournalUnusable, match="is no journal"):
        with open_journal(path, identity(), zero_clock):
            pass
    assert path.read_text() == "buy milk"


def test_a_head_that_was_damaged_is_not_believed(copy: Path) -> None:
    """Fails without `e.proven()` in `told`: a resumed run could be asked for something else."""
    with open_journal(copy, identity(), zero_clock) as journal:
        journal.remember("request", {"rates": "1e-3"})
    entry = entry_of("request", {"rates": "1e-3"})
    with closing(sqlite3.connect(copy)) as connection, connection:
        lie = entry.content.replace("1e-3", "1e-5")
        connection.execute("UPDATE entry SET content = ? WHERE digest = ?", (lie, entry.digest))
    with open_journal(copy, identity(), zero_clock) as journal:
        assert journal.damaged
    finish(copy)

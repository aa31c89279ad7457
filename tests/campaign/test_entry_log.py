"""The contract of `EntryLog`, for every storage of a journal; and journals on each of them."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.campaign.journal.entries import Entry, read_value, value_entry
from analyzer.campaign.journal.entry_log import EntryLog
from analyzer.campaign.journal.journal import keep_journal
from analyzer.campaign.journal.sqlite_log import SqliteLog
from analyzer.campaign.journal.storage import log_at
from analyzer.errors import JournalBusy, JournalMismatch, JournalUnusable
from tests.campaign.contexts import AtOnce, run, shared_results, undisturbed, zero_clock
from tests.campaign.journals import block, changed, identity
from tests.campaign.memory_log import MemoryLog, Place
from tests.strategies import examples

Open = Callable[[], EntryLog]
"""Opens the same log anew each time, as another process would."""


@contextmanager
def in_a_file() -> Iterator[Open]:
    with tempfile.TemporaryDirectory() as folder:
        yield lambda: log_at(Path(folder) / "run.db")


@contextmanager
def in_memory() -> Iterator[Open]:
    place = Place()
    yield lambda: MemoryLog(Path("run.db"), place)


STORAGES = {"sqlite": in_a_file, "memory": in_memory}


@pytest.fixture(params=STORAGES)
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    with STORAGES[request.param]() as opened:
        yield opened


def entries(*names: str) -> list[Entry]:
    return [value_entry(name, {"of": name}) for name in names]


def fill(opened: Open, *names: str) -> None:
    log = opened()
    with log.hold():
        log.replace(entries(*names))


def test_the_sqlite_file_is_what_is_chosen(tmp_path: Path) -> None:
    assert isinstance(log_at(tmp_path / "run.db"), SqliteLog)


def test_a_new_log_holds_nothing(opened: Open) -> None:
    log = opened()
    assert not log.exists()
    with pytest.raises(JournalUnusable, match="no journal"):
        log.entries()
    with log.hold():
        assert log.recover() is None
    assert not opened().exists()


def test_what_is_written_is_read_in_order_by_whoever_opens_it(opened: Open) -> None:
    log = opened()
    with log.hold():
        log.replace(entries("b", "a"))
        log.append(entries("d"))
        log.append(entries("c", "a"))
        assert opened().entries() == entries("b", "a", "d", "c", "a")
    assert opened().exists()
    assert opened().entries() == entries("b", "a", "d", "c", "a")


def test_a_log_that_was_closed_is_recovered_whole(opened: Open) -> None:
    fill(opened, "a", "b")
    log = opened()
    with log.hold():
        found = log.recover()
    assert found is not None
    assert (found.stored, found.stray, found.sound) == (entries("a", "b"), [], True)


def test_an_interrupted_addition_adds_nothing(opened: Open) -> None:
    fill(opened, "a")

    def broken() -> Iterator[Entry]:
        yield from entries("b")
        raise KeyboardInterrupt

    log = opened()
    with log.hold():
        with pytest.raises(KeyboardInterrupt):
            log.append(broken())
        assert opened().entries() == entries("a")
        log.append(entries("c"))
    assert opened().entries() == entries("a", "c")


def test_an_interrupted_replacement_leaves_the_log_as_it_was(opened: Open) -> None:
    fill(opened, "a")

    def broken() -> Iterator[Entry]:
        yield from entries("b")
        raise KeyboardInterrupt

    log = opened()
    with log.hold(), pytest.raises(KeyboardInterrupt):
        log.replace(broken())
    assert opened().entries() == entries("a")


def test_a_log_is_held_by_one_at_a_time(opened: Open) -> None:
    fill(opened, "a")
    with opened().hold(), pytest.raises(JournalBusy), opened().hold():
        pass
    with pytest.raises(ZeroDivisionError), opened().hold():
        raise ZeroDivisionError
    with opened().hold():
        assert opened().entries() == entries("a")


Step = tuple[str, list[str]]
STEPS = st.tuples(
    st.sampled_from(["replace", "append", "open"]),
    st.lists(st.text("abcxyz", min_size=1, max_size=3), max_size=3),
)


@pytest.mark.parametrize("storage", STORAGES)
@examples(20)
@given(steps=st.lists(STEPS, max_size=8))
def test_a_log_is_a_list(storage: str, steps: list[Step]) -> None:
    expected = entries("first")
    with STORAGES[storage]() as opened, ExitStack() as held:
        fill(opened, "first")
        log = opened()
        held.enter_context(log.hold())
        for what, names in steps:
            match what:
                case "replace":
                    log.replace(entries(*names))
                    expected = entries(*names)
                case "append":
                    log.append(entries(*names))
                    expected = expected + entries(*names)
                case _:
                    held.close()
                    log = opened()
                    held.enter_context(log.hold())
            assert opened().entries() == log.entries() == expected


# Journals on each of them


def test_a_campaign_is_taken_up_where_it_ended(opened: Open) -> None:
    results = shared_results()
    for first in (True, False):
        pool = AtOnce(results)
        with keep_journal(opened(), identity(), zero_clock) as journal:
            assert run(results.context, pool, journal) == undisturbed()
            assert not journal.damaged
        assert bool(pool.sent) == first


def test_another_campaign_is_refused_and_its_log_left(opened: Open) -> None:
    with keep_journal(opened(), identity(), zero_clock) as journal:
        journal.put(block(0))
    before = opened().entries()
    with (
        pytest.raises(JournalMismatch, match="plan seed"),
        keep_journal(opened(), changed("plan", "seed"), zero_clock),
    ):
        pass
    assert opened().entries() == before


def test_what_is_not_proven_is_left_out_and_said_so(opened: Open) -> None:
    with keep_journal(opened(), identity(), zero_clock) as journal:
        journal.put(block(0))
    whole, log = opened().entries(), opened()
    with log.hold():
        log.append([Entry('{"cell":"forged"}', "0" * 64)])
    with keep_journal(opened(), identity(), zero_clock) as journal:
        assert journal.damaged
    assert opened().entries() == whole


def test_a_value_is_remembered(opened: Open) -> None:
    for value in ("1/2", "1/2", "2/2"):
        with keep_journal(opened(), identity(), zero_clock) as journal:
            journal.remember("shard", value)
    assert read_value(opened().entries(), "shard") == "2/2"
    assert len(opened().entries()) == 3

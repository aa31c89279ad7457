"""A real ``relcheck`` process and its workers, watched from outside."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from analyzer.campaign.journal.storage import log_at
from analyzer.errors import JournalError
from benchmarks.models import ROOT

PATIENCE_SECONDS = 20.0
"""How long an interrupted run may take to end."""


@contextmanager
def relcheck(
    arguments: Sequence[str], stderr: int = subprocess.PIPE
) -> Iterator["subprocess.Popen[bytes]"]:
    """A ``relcheck`` process as a user starts it, which is ended with the context."""
    process = subprocess.Popen(
        [sys.executable, "-m", "analyzer", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)  # nothing happens if it has ended
        try:
            process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def finished_blocks(journal: Path) -> int | None:
    """Blocks in a journal that may be being written; None if there is no journal yet."""
    try:
        entries = log_at(journal).entries()
    except JournalError:
        return None
    return sum(entry.content.startswith('{"cell"') for entry in entries)


def family(pid: int) -> list[int]:
    """A process and all its descendants, as far as they are there at present."""
    found, left = [], [pid]
    while left:
        found.append(left.pop())
        left += _children(found[-1])
    return found


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(word) for task in tasks for word in (task / "children").read_text().split()]
    except OSError:
        return []


def memory_together(pids: Sequence[int]) -> int:
    """Bytes that some processes hold together: the sum of their proportional set sizes.

    A page that several of them map counts once. What is mapped from files counts as well, though
    the system may take most of it back. Files in memory that they have open count whole, whether
    they are mapped or not: the system can take nothing of these back.
    """
    in_memory: dict[tuple[int, int], int] = {}
    for pid in pids:
        in_memory |= _files_in_memory(pid)
    return sum(map(_proportional, pids)) + sum(in_memory.values())


def _proportional(pid: int) -> int:
    """Proportional set size of a process without files in memory, in bytes; 0 if it is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    rows = (line.split() for line in text.splitlines()[1:])
    found = {name: 1024 * int(size) for name, size, _ in rows}
    return found["Pss:"] - found["Pss_Shmem:"]


IN_MEMORY = ("/memfd:", "/dev/shm/")  # what Linux calls them


def _files_in_memory(pid: int) -> dict[tuple[int, int], int]:
    """Device and number of each file in memory that a process has open -> bytes that it takes."""
    found = {}
    try:
        for entry in os.scandir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):  # closed meanwhile
                if os.readlink(entry.path).startswith(IN_MEMORY):
                    known = os.stat(entry.path)
                    found[known.st_dev, known.st_ino] = 512 * known.st_blocks
    except OSError:
        pass
    return found

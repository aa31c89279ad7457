"""What tests ask about processes."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import ENVIRONMENT, ROOT


def eventually(what: Callable[[], object], seconds: float = 20.0) -> bool:
    """Whether something comes true in time."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_there(pid: int) -> bool:
    """Whether a process runs."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def session(leader: int) -> list[int]:
    """The processes of a session."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and is_there(int(entry.name)):
            try:
                belongs = os.getsid(int(entry.name)) == leader
            except ProcessLookupError:
                continue
            found += [int(entry.name)] if belongs else []
    return found


def workers_of(leader: int) -> list[int]:
    """The worker processes of a session."""
    found = []
    for pid in session(leader):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += [pid] if b"workers.processes" in command else []
    return found


def started(*words: str | Path) -> "subprocess.Popen[str]":
    """A command with two workers, in a session of its own."""
    command = [sys.executable, "-m", "analyzer", *words, "--jobs", "2"]
    return subprocess.Popen(
        list(map(str, command)),
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )

"""The commands that run now, so that all of them can be ended at once."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

STOPPED = 130
"""Exit code of a command that was ended with all others, whatever its own was."""


@dataclass(frozen=True)
class Ended:
    """The end of a command.

    Attributes:
        code: exit code; negative: the signal that ended it.
        cpu_seconds: of the command and all processes that it waited for.
    """

    code: int
    cpu_seconds: float


class Processes:
    """Commands, each run by a thread that waits for it."""

    def __init__(self) -> None:
        self._running: set[int] = set()
        self._changed = Condition()
        self._stopped = False

    def run(
        self, arguments: Sequence[str], *, cwd: Path, env: Mapping[str, str], output: TextIO
    ) -> Ended:
        """Run a command to its end.

        It does not hear of Ctrl-C itself: `stop` ends it, so that it cannot pass for finished.

        Args:
            arguments: program first.
            cwd: folder that it runs in.
            env: its environment variables.
            output: takes whatever it prints.
        """
        with self._changed:
            if self._stopped:
                return Ended(STOPPED, 0.0)
            process = subprocess.Popen(
                arguments,
                cwd=cwd,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self._running.add(process.pid)
        # Unlike RUSAGE_CHILDREN, it counts no command that another thread runs.
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        with self._changed:
            self._running.discard(process.pid)
            self._changed.notify_all()
            code = STOPPED if self._stopped else process.returncode
        return Ended(code, usage.ru_utime + usage.ru_stime)

    def stop(self, patience: float = 10.0) -> None:
        """End all commands, and begin no more.

        Args:
            patience: seconds until those are killed that did not end when they were asked to.
        """
        with self._changed:
            self._stopped = True
            self._signal(signal.SIGTERM)
            until = time.monotonic() + patience
            while self._running and (rest := until - time.monotonic()) > 0:
                self._changed.wait(rest)
            self._signal(signal.SIGKILL)
            self._changed.wait_for(lambda: not self._running, timeout=2.0)

    def _signal(self, number: int) -> None:
        for pid in self._running:
            with suppress(ProcessLookupError):
                os.killpg(pid, number)


RUNNING = Processes()
"""Those of this process."""

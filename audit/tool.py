"""The command under audit: run as a subprocess, and known by the JSON that it writes."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUANTILE = 1.959964
"""Of the normal law at 97.5 %: the intervals asked for are those of 95 %."""


class AuditError(Exception):
    """The command is missing, or did not do what the audit asks for."""


@dataclass(frozen=True)
class Figure:
    """An estimate with its 95 % interval."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, entry: dict[str, float]) -> "Figure":
        """A figure from ``estimate``, ``low`` and ``high`` of the JSON."""
        return cls(entry["estimate"], entry["low"], entry["high"])

    def error_towards(self, value: float) -> float:
        """The standard error that the interval claims on the side on which ``value`` lies."""
        arm = self.high - self.value if value > self.value else self.value - self.low
        return max(arm, 0.0) / QUANTILE


@dataclass(frozen=True)
class Answer:
    """The exit code of a call, and its JSON report."""

    code: int
    report: dict[str, Any]


class Tool:
    """Calls ``relcheck`` with what all calls of the audit have in common."""

    def __init__(self, folder: Path, jobs: int, command: str = "relcheck") -> None:
        """Find the command.

        Args:
            folder: an empty folder for reports.
            jobs: worker processes.
            command: its name or path.

        Raises:
            AuditError: there is no such command.
        """
        self._command = _find(command)
        self._report = folder / "report.json"
        self._jobs = jobs

    def ask(self, command: str, *arguments: str | Path) -> Answer:
        """The answer to one call.

        Args:
            command: ``run``, ``compare`` or ``map``.
            arguments: what else the command line says.

        Raises:
            AuditError: no report was written.
        """
        self._report.unlink(missing_ok=True)
        common = ["--confidence", "0.95", "--budget", "10h", "--jobs", str(self._jobs)]
        common += ["--journal", "none", "--json", str(self._report)]
        line = [self._command, command, *map(str, arguments), *common]
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        if not self._report.exists():
            raise AuditError(f"{' '.join(line)} ended with {done.returncode}: {done.stderr}")
        return Answer(done.returncode, json.loads(self._report.read_text("utf-8")))


def _find(command: str) -> str:
    places = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    found = shutil.which(command, path=places)
    if found is None:
        raise AuditError(f"there is no command {command} beside this Python or on the PATH")
    return found

"""One stage of the study: a command, what it reads and writes, and the record that it leaves."""

from __future__ import annotations

import json
import os
import platform
import resource
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

RELCHECK = ("-m", "analyzer")
"""Arguments of Python that stand for the word ``relcheck``."""

PACKAGES = ("relcheck-onnx", "onnxruntime", "numpy")
"""The figures depend on their versions, apart from those that train."""


class StageFailed(Exception):
    """A command ended with an error; the message has its last lines."""


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: unique; a file name with slashes.
        words: the command; ``relcheck`` or ``python`` first. Paths are relative to the repository.
        reads: files that it depends on.
        writes: files that it makes.
        seed: of its random numbers; None: it has none.
    """

    name: str
    words: tuple[str, ...]
    reads: tuple[Path, ...]
    writes: tuple[Path, ...]
    seed: int | None = None

    @property
    def command(self) -> str:
        """As one would type it in the repository's root."""
        return shlex.join(self.words)


def run_stage(stage: Stage, folder: Path) -> None:
    """Run a command on one core, and record what it took.

    Args:
        stage: what is run.
        folder: of the study; gains ``logs/NAME.log`` and ``records/NAME.json``.

    Raises:
        StageFailed: it ended with an error.
    """
    log, record = (folder / kind / f"{stage.name}{end}" for kind, end in _LEFT)
    for path in (log, record, *(ROOT / written for written in stage.writes)):
        path.parent.mkdir(parents=True, exist_ok=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    with log.open("w", encoding="utf-8") as text:
        ended = subprocess.run(
            _arguments(stage.words), cwd=ROOT, env=_one_thread(), stdout=text, stderr=text
        )
    if ended.returncode:
        raise StageFailed(f"{stage.command}\n{_last(log)}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    record.write_text(_record(stage, time.time() - started, spent), "utf-8")


_LEFT = (("logs", ".log"), ("records", ".json"))


def _arguments(words: tuple[str, ...]) -> list[str]:
    first = RELCHECK if words[0] == "relcheck" else ()
    return [sys.executable, *first, *words[1:]]


def _one_thread() -> dict[str, str]:
    """Stages run side by side, one on each core."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def _record(stage: Stage, seconds: float, cpu_seconds: float) -> str:
    content = {
        "stage": stage.name,
        "command": stage.command,
        "seed": stage.seed,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "finished": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in PACKAGES},
    }
    return json.dumps(content, indent=1) + "\n"


def _last(log: Path) -> str:
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[-15:])

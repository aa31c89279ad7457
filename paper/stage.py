"""One stage of the study: a command, what it reads and writes, and the record that it leaves."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import shlex
import shutil
import sys
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paper.processes import RUNNING

if TYPE_CHECKING:
    from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent

RELCHECK = ("-m", "analyzer")
"""Arguments of Python that stand for the word ``relcheck``."""

PACKAGES = ("relcheck-onnx", "onnxruntime", "numpy")
"""The figures depend on their versions, apart from those that train."""

BUDGET_ENDED = 3
"""Exit code of ``relcheck`` without a gate: intervals hold, and some are wider than asked for."""

STATES = (".training", ".search.json")
"""Endings that ``relcheck`` appends to a file it writes, to keep what is not finished."""


class StageFailed(Exception):
    """A command ended with an error; the message has its last lines."""


@dataclass(frozen=True)
class Stage:
    """One command.

    Attributes:
        name: unique; a file name with slashes. The part before the first is its kind.
        words: the command; ``relcheck`` or ``python`` first. Paths are relative to the repository.
        reads: files that it depends on.
        writes: files that it makes.
        seed: of its random numbers; None: it has none.
        places: words of the command that stand for a place on this machine, with that place. The
            record has the word.
    """

    name: str
    words: tuple[str, ...]
    reads: tuple[Path, ...]
    writes: tuple[Path, ...]
    seed: int | None = None
    places: tuple[tuple[str, str], ...] = ()

    @property
    def command(self) -> str:
        """As one would type it in the repository's root."""
        return shlex.join(self.words)

    @property
    def kind(self) -> str:
        """The first part of the name.

        >>> Stage("train/vgg-1", ("python",), (), ()).kind
        'train'
        """
        return self.name.partition("/")[0]


def log_file(folder: Path, name: str) -> Path:
    """Whatever a stage printed.

    Args:
        folder: of the study.
        name: of the stage.
    """
    return folder / "logs" / f"{name}.log"


def record_file(folder: Path, name: str) -> Path:
    """Command, seed, time and versions of a finished stage.

    Args:
        folder: of the study.
        name: of the stage.
    """
    return folder / "records" / f"{name}.json"


def read_record(folder: Path, name: str) -> dict[str, Any] | None:
    """The record of a stage; None: it was never finished, or runs again.

    Args:
        folder: of the study.
        name: of the stage.
    """
    try:
        found = json.loads(record_file(folder, name).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def run_stage(stage: Stage, folder: Path) -> None:
    """Run a command on one core, and record what it took.

    The record goes first, so that an interrupted stage has none and is repeated. What relcheck
    kept of an interrupted training is continued, unless another command left it. A measurement
    whose budget ended is finished, and its record says so.

    Args:
        stage: what is run.
        folder: of the study; gains ``logs/NAME.log`` and ``records/NAME.json``.

    Raises:
        StageFailed: it ended with an error, or runs already.
    """
    log, record = log_file(folder, stage.name), record_file(folder, stage.name)
    for path in (log, record, *(ROOT / written for written in stage.writes)):
        path.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a+", encoding="utf-8") as text:
        _claim(stage, text)
        if record.exists() or _first_line(text) != _head(stage):
            _forget_states(stage)
        record.unlink(missing_ok=True)
        _begin(stage, text)
        started = time.time()
        ended = RUNNING.run(_arguments(stage), cwd=ROOT, env=_one_thread(), output=text)
    complete = not ended.code
    if not complete and not (ended.code == BUDGET_ENDED and _has_reports(stage, started)):
        raise StageFailed(f"{stage.command}\n{_last(log)}")
    new = record.with_suffix(".new")
    content = _record(stage, time.time() - started, ended.cpu_seconds, complete)
    new.write_text(content, "utf-8")
    new.replace(record)


def _has_reports(stage: Stage, started: float) -> bool:
    """All files were written anew, and no report is one of an interrupted measurement."""
    files = [ROOT / written for written in stage.writes]
    if stage.words[0] != "relcheck" or not all(path.is_file() for path in files):
        return False
    # File systems round times: to seconds at worst.
    new = all(path.stat().st_mtime >= started - 1 for path in files)
    reports = (path.read_text("utf-8") for path in files if path.suffix == ".json")
    return new and not any("interrupted" in _stops(json.loads(report)) for report in reports)


def _stops(content: Any) -> set[str]:
    """Every reason for which a report says that a rate ended."""
    if isinstance(content, dict):
        here = {str(content["stop"])} if "stop" in content else set()
        return here.union(*(_stops(value) for value in content.values()))
    if isinstance(content, list):
        return set[str]().union(*(_stops(value) for value in content))
    return set()


def _claim(stage: Stage, log: TextIO) -> None:
    """Lock the log; the command inherits the lock, and holds it even if this process is killed."""
    try:
        fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StageFailed(
            f"{stage.name} still runs, started by another process: let it end, or end it"
        ) from None


def _first_line(log: TextIO) -> str:
    log.seek(0)
    return log.readline().rstrip("\n")


def _head(stage: Stage) -> str:
    """The command as the first line of the log, which tells later whose output it is."""
    return " ".join(stage.command.splitlines())


def _begin(stage: Stage, log: TextIO) -> None:
    log.seek(0)
    log.truncate()
    log.write(_head(stage) + "\n")
    log.flush()


def _forget_states(stage: Stage) -> None:
    for written in stage.writes:
        for ending in STATES:
            state = ROOT / f"{written}{ending}"
            if state.is_dir():
                shutil.rmtree(state)
            else:
                state.unlink(missing_ok=True)


def _arguments(stage: Stage) -> list[str]:
    first = RELCHECK if stage.words[0] == "relcheck" else ()
    places = dict(stage.places)
    return [sys.executable, *first, *(places.get(word, word) for word in stage.words[1:])]


def _one_thread() -> dict[str, str]:
    """Stages run side by side, one on each core."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def _record(stage: Stage, seconds: float, cpu_seconds: float, complete: bool) -> str:
    content = {
        "stage": stage.name,
        "command": stage.command,
        "seed": stage.seed,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        **({} if complete else {"complete": False}),
        "finished": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "versions": {name: version(name) for name in PACKAGES},
    }
    return json.dumps(content, indent=1) + "\n"


def _last(log: Path) -> str:
    """Its last lines, without the command."""
    return "\n".join(log.read_text("utf-8", "replace").splitlines()[1:][-15:])

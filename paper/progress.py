"""A line for each stage that ends, and an estimate of the time that is left."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from statistics import fmean
from typing import TYPE_CHECKING, Any

from paper.plan.study import RESULTS
from paper.stage import ROOT, log_file, read_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from paper.stage import Stage


def duration(seconds: float) -> str:
    """Seconds as people say them.

    >>> [duration(s) for s in (0.4, 89, 754, 7500)]
    ['0 s', '89 s', '13 min', '2 h 5 min']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


@dataclass
class Times:
    """Seconds that stages took before.

    Attributes:
        of_stage: by name.
        of_kind: all that were seen, by the first part of the name.
    """

    of_stage: dict[str, float] = field(default_factory=dict)
    of_kind: dict[str, list[float]] = field(default_factory=dict)

    def add(self, stage: Stage, seconds: float) -> None:
        """Take note of a stage that ended.

        Args:
            stage: of the study.
            seconds: that it took.
        """
        self.of_stage[stage.name] = seconds
        self.of_kind.setdefault(stage.kind, []).append(seconds)

    def expected(self, stage: Stage) -> float | None:
        """Its own time, else the mean of its kind; None: nothing is known."""
        if stage.name in self.of_stage:
            return self.of_stage[stage.name]
        kind = self.of_kind.get(stage.kind)
        return fmean(kind) if kind else None

    def left(self, stages: Iterable[Stage], jobs: int) -> str:
        """The time that stages will take, in words; empty if no time is known.

        Args:
            stages: that are left.
            jobs: of them run at the same time.
        """
        found = [self.expected(stage) for stage in stages]
        known = [seconds for seconds in found if seconds is not None]
        if not known:
            return ""
        few = min(jobs, len(found))
        word = "about" if len(known) == len(found) else "at least"
        return f"{word} {duration(sum(known) / few)}"


def known_times(stages: Sequence[Stage], folder: Path) -> Times:
    """Times of the same commands from the folder's records, else from the committed results.

    Args:
        stages: of the study.
        folder: of the study.
    """
    committed = _committed()
    times = Times()
    for stage in stages:
        for record in (read_record(folder, stage.name), committed.get(stage.name)):
            if record is not None and record.get("command") == stage.command:
                times.add(stage, float(record["seconds"]))
                break
    return times


def _committed() -> dict[str, Any]:
    try:
        found = json.loads((ROOT / RESULTS / "records.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class Progress:
    """The reporter that doit calls; it prints one line for each stage that ends."""

    def __init__(
        self,
        pending: Sequence[Stage],
        folder: Path,
        times: Times,
        jobs: int,
        write: Callable[[str], object] = sys.stdout.write,
    ) -> None:
        self.left = {stage.name: stage for stage in pending}
        self.folder, self.times, self.jobs = folder, times, jobs
        self.failed: list[str] = []
        self.waiting: list[str] = []
        self.errors: list[str] = []
        self._write = write

    def add_success(self, task: Any) -> None:
        """A stage was run."""
        record = read_record(self.folder, task.name) or {}
        seconds = float(record.get("seconds", 0.0))
        stage = self.left.pop(task.name, None)
        if stage is not None:
            self.times.add(stage, seconds)
        short = "" if record.get("complete", True) else "; budget ended, some intervals are wider"
        self._line(f"{duration(seconds):>10}  {task.name:<34} {self._rest()}{short}")

    def add_failure(self, task: Any, fail: Any) -> None:
        """A stage failed, or was not run because another did.

        Args:
            task: of the stage.
            fail: doit's reason.
        """
        self.left.pop(task.name, None)
        if type(fail).__name__ == "UnmetDependency":
            self.waiting.append(task.name)
            return
        self.failed.append(task.name)
        log = log_file(self.folder, task.name)
        self._line(f"    FAILED  {task.name}; its output is in {log}")
        if type(fail).__name__ == "DependencyError":
            self._line(f"            {fail.message}")

    def skip_uptodate(self, task: Any) -> None:
        """A stage need not run, after all: what it reads was made anew, and is the same."""
        if self.left.pop(task.name, None) is not None:
            self._line(f"{'same files':>10}  {task.name:<34} {self._rest()}")

    def runtime_error(self, msg: str) -> None:
        """The stages do not fit together."""
        self.errors.append(msg)
        self._line(f"paper: {msg}")

    def cleanup_error(self, exception: Any) -> None:
        """No stage has anything to clean up."""

    def initialize(self, tasks: object, selected: object) -> None:
        """The first line is printed elsewhere.

        Args:
            tasks: unused.
            selected: unused.
        """

    def get_status(self, task: Any) -> None:
        """A stage will be looked at."""

    def execute_task(self, task: Any) -> None:
        """A stage begins."""

    def skip_ignore(self, task: Any) -> None:
        """No stage is ignored."""

    def teardown_task(self, task: Any) -> None:
        """No stage has anything to clean up."""

    def complete_run(self) -> None:
        """The last lines are printed elsewhere."""

    def _rest(self) -> str:
        if not self.left:
            return ""
        time = self.times.left(self.left.values(), self.jobs)
        return f"{len(self.left)} left" + (f", {time}" if time else "")

    def _line(self, text: str) -> None:
        self._write(text.rstrip() + "\n")
        sys.stdout.flush()

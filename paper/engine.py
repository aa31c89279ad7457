"""Stages as tasks of doit, which knows which of them are up to date and what can run now.

A stage is up to date if the record of its command is there, its files are, and none of those that
it reads has changed. doit keeps their digests in ``FOLDER/state.sqlite``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.action import BaseAction
from doit.cmd_base import TaskLoader2
from doit.dependency import Dependency, SqliteDB
from doit.doit_cmd import DoitMain
from doit.exceptions import TaskFailed
from doit.task import Task, dict_to_task

from paper.stage import StageFailed, read_record, run_stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from paper.progress import Progress
    from paper.stage import Stage


class KeptDigests(SqliteDB):  # type: ignore[misc, unused-ignore]
    """doit's database, written after each stage: a killed run loses nothing."""

    LAST = "deps:"
    """doit sets it last for a task."""

    def set(self, task_id: str, dependency: str, value: object) -> None:
        """As in `SqliteDB`, and written to disk once the task is complete."""
        super().set(task_id, dependency, value)
        if dependency == self.LAST:
            row = (task_id, self.codec.encode(self._cache[task_id]))
            self._conn.execute("insert or replace into doit values (?,?)", row)
            self._conn.commit()
            self._dirty.discard(task_id)


class RunStage(BaseAction):  # type: ignore[misc, unused-ignore]
    """The action of a stage's task."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage, self.folder = stage, folder
        self.out = self.err = self.result = None
        self.values: dict[str, object] = {}
        self.task: Any = None

    def execute(self, out: object = None, err: object = None) -> Any:
        """Run it; doit wants a failure returned.

        Args:
            out: unused, the output goes into the log.
            err: unused.
        """
        try:
            run_stage(self.stage, self.folder)
        except (StageFailed, OSError) as error:
            return TaskFailed(str(error))
        return None


class Loader(TaskLoader2):  # type: ignore[misc, unused-ignore]
    """Hands the tasks to doit."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__()
        self.tasks = list(tasks)

    def setup(self, opt_values: object) -> None:
        """Nothing to read."""

    def load_doit_config(self) -> dict[str, object]:
        """Everything is said to `DoitMain`."""
        return {}

    def load_tasks(self, cmd: object, pos_args: object) -> list[Task]:
        """All tasks; doit chooses by name.

        Args:
            cmd: unused.
            pos_args: unused.
        """
        return self.tasks


def state_file(folder: Path) -> Path:
    """The digests of the files of a study's finished stages."""
    return folder / "state.sqlite"


def recorded(stage: Stage, folder: Path) -> bool:
    """The stage was finished with this very command.

    Args:
        stage: of the study.
        folder: of the study.
    """
    record = read_record(folder, stage.name)
    return record is not None and record.get("command") == stage.command


def outdated(stages: Sequence[Stage], folder: Path) -> frozenset[str]:
    """Names of stages that would run: they are not up to date, or read what such a stage writes.

    Args:
        stages: in the order of what they need.
        folder: of the study.
    """
    digests = _digests(folder)
    old: set[str] = set()
    unsure: set[Path] = set()
    try:
        for stage in stages:
            task = _task(stage, folder)
            status = digests.get_status(task, {}).status
            if status != "up-to-date" or not unsure.isdisjoint(stage.reads):
                old.add(stage.name)
                unsure.update(stage.writes)
    finally:
        digests.close()
    return frozenset(old)


def adopt(stages: Iterable[Stage], folder: Path) -> int:
    """Take files that are there as up to date, where a record has the command that makes them.

    Args:
        stages: of the study.
        folder: of the study.

    Returns:
        The number of stages that count as done.
    """
    digests, count = _digests(folder), 0
    try:
        for stage in stages:
            files = (*stage.reads, *stage.writes)
            if recorded(stage, folder) and all(path.exists() for path in files):
                digests.save_success(_task(stage, folder))
                count += 1
    finally:
        digests.close()
    return count


def run_stages(
    stages: Sequence[Stage], names: Sequence[str], folder: Path, jobs: int, progress: Progress
) -> bool:
    """Run those of the named stages that are not up to date, and first whatever they need.

    Args:
        stages: all of the study.
        names: of those that are asked for.
        folder: of the study.
        jobs: stages that run at the same time.
        progress: is told of each.

    Returns:
        True if none failed.
    """
    options = {
        "dep_file": str(state_file(folder)),
        "backend": "kept",
        "reporter": progress,
        "num_process": jobs,
        "par_type": "thread",
        "continue": True,
    }
    backends = {"kept": f"{KeptDigests.__module__}:{KeptDigests.__name__}"}
    main = DoitMain(
        Loader([_task(stage, folder) for stage in stages]),
        config_filenames=(),
        extra_config={"GLOBAL": options, "BACKEND": backends},
    )
    return bool(main.run(["run", *names]) == 0)


def _task(stage: Stage, folder: Path) -> Task:
    return dict_to_task(
        {
            "name": stage.name,
            "actions": [RunStage(stage, folder)],
            "file_dep": [str(path) for path in stage.reads],
            "targets": [str(path) for path in stage.writes],
            "uptodate": [recorded(stage, folder)],
        }
    )


def _digests(folder: Path) -> Dependency:
    folder.mkdir(parents=True, exist_ok=True)
    return Dependency(KeptDigests, str(state_file(folder)))

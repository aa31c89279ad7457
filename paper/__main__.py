"""``python -m paper``: run the stages of the study that are not up to date."""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from paper.plan import stages as stages_of
from paper.plan.images import PARTS
from paper.plan.study import FULL, Study, quick
from paper.processes import RUNNING
from paper.progress import Progress, known_times
from paper.stage import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from paper.stage import Stage

INTERRUPTED = 130


class Refused(Exception):
    """The request cannot be done; the message is a sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """0: all stages are up to date; 1: one failed, or cannot run; 130: interrupted."""
    asked = _parser().parse_args(arguments)
    try:
        study = _study(asked)
        os.chdir(ROOT)
        every = stages_of(study)
        chosen = needed(every, select(every, asked.stages))
        with _alone(study.folder):
            return _act(asked, study, every, chosen)
    except Refused as refusal:
        print(f"paper: {refusal}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, SystemExit) as interruption:
        RUNNING.stop()
        print("\npaper: interrupted; the same command continues", file=sys.stderr)
        code = getattr(interruption, "code", None)
        return code if isinstance(code, int) else INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m paper", description=__doc__)
    parser.add_argument(
        "stages",
        nargs="*",
        metavar="STAGE",
        help="only these, and what they need: names, kinds like fp32, or patterns like '*/vgg-*'",
    )
    parser.add_argument("--data", type=Path, help="CIFAR-10's training images")
    parser.add_argument("--test", type=Path, help="its test images (default: as --data)")
    parser.add_argument(
        "--quick", action="store_true", help="a small study in minutes, on images made here"
    )
    parser.add_argument("--folder", type=Path, help=f"of all files (default {FULL.folder})")
    parser.add_argument("--jobs", type=int, default=2, help="stages at the same time (default 2)")
    parser.add_argument("--list", action="store_true", help="show the stages, and run none")
    parser.add_argument(
        "--adopt",
        action="store_true",
        help="first take files that are there as up to date, where a record has their command",
    )
    return parser


def _study(asked: argparse.Namespace) -> Study:
    if asked.jobs < 1:
        raise Refused("--jobs is 1 or more")
    folder = None if asked.folder is None else _in_repository(asked.folder)
    if asked.quick:
        if asked.data is not None or asked.test is not None:
            raise Refused("--quick draws its own images: leave out --data and --test")
        return quick() if folder is None else quick(folder)
    study = FULL if folder is None else replace(FULL, folder=folder)
    if asked.data is not None:
        train, test = asked.data.resolve(), (asked.test or asked.data).resolve()
        for path, name in ((train, "--data"), (test, "--test")):
            if not path.exists():
                raise Refused(f"{name}: there is no file or folder {path}")
        return replace(study, data=train, test=test)
    if all((ROOT / study.images(part)).exists() for part in PARTS):
        return study
    if asked.list:
        return replace(study, data=Path("DATA"), test=Path("TEST"))
    raise Refused(
        f"there are no images in {study.folder / 'data'}: name CIFAR-10 with --data and --test "
        "(make paper DATA=... TEST=...), a folder as published or an .npz file; "
        "--quick needs none"
    )


def _in_repository(folder: Path) -> Path:
    """Relative to the repository where it lies in it, so that commands are the same everywhere."""
    whole = folder.resolve()
    return whole.relative_to(ROOT) if whole.is_relative_to(ROOT) else whole


def select(every: Sequence[Stage], patterns: Sequence[str]) -> tuple[Stage, ...]:
    """The stages that words of the command line mean; without any, all.

    Args:
        every: all stages.
        patterns: names, kinds, or patterns with ``*``.

    Raises:
        Refused: a word means none.
    """
    meant: set[str] = set()
    for pattern in patterns:
        found = {s.name for s in every if any(fnmatchcase(s.name, p) for p in _forms(pattern))}
        if not found:
            kinds = ", ".join(dict.fromkeys(stage.kind for stage in every))
            raise Refused(f"no stage is called {pattern!r}; kinds are {kinds}; --list shows all")
        meant |= found
    return tuple(stage for stage in every if not patterns or stage.name in meant)


def _forms(pattern: str) -> tuple[str, str]:
    return pattern, f"{pattern.rstrip('/')}/*"


def needed(every: Sequence[Stage], chosen: Sequence[Stage]) -> tuple[Stage, ...]:
    """The chosen stages and those whose files they need, in the order of all.

    Args:
        every: all stages; each comes after those that it needs.
        chosen: some of them.
    """
    wanted = {stage.name for stage in chosen}
    files: set[Path] = set()
    for stage in reversed(every):
        if stage.name in wanted or not files.isdisjoint(stage.writes):
            wanted.add(stage.name)
            files.update(stage.reads)
    return tuple(stage for stage in every if stage.name in wanted)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process works in the folder; a signal to end ends the commands, too."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: sys.exit(128 + got))
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another process works in {folder}: let it end first") from None
        yield


def _act(
    asked: argparse.Namespace, study: Study, every: Sequence[Stage], chosen: Sequence[Stage]
) -> int:
    # Without doit, all but this can be imported and tested.
    try:
        from paper.engine import adopt, outdated, run_stages
    except ModuleNotFoundError as error:
        raise Refused(
            f"{error.name} is not installed: pip install -e '.[paper]', or use make paper"
        ) from error

    if asked.adopt:
        print(f"{adopt(chosen, study.folder)} of {len(chosen)} stages were done before")
    old = outdated(chosen, study.folder)
    times = known_times(every, study.folder)
    pending = [stage for stage in chosen if stage.name in old]
    rest = times.left(pending, asked.jobs)
    head = f"{len(pending)} of {len(chosen)} stages to run" + (f", {rest}" if rest else "")
    if asked.list:
        for stage in chosen:
            seconds = times.of_stage.get(stage.name)
            took = "" if seconds is None else f"{seconds:.0f} s"
            print(f"{'to run' if stage.name in old else 'done':<7} {took:>7}  {stage.name}")
        print(head)
        return 0
    print(head, flush=True)
    progress = Progress(pending, study.folder, times, asked.jobs)
    names = [stage.name for stage in chosen]
    fine = run_stages(every, names, study.folder, asked.jobs, progress)
    return _conclude(fine, study, progress, names)


def _conclude(fine: bool, study: Study, progress: Progress, names: Sequence[str]) -> int:
    if fine:
        page = f": {study.page}" if "page" in names else ""
        print(f"all {len(names)} stages are done{page}")
        return 0
    for name in progress.failed:
        print(
            f"paper: {name} failed; its output is in {study.folder}/logs/{name}.log",
            file=sys.stderr,
        )
    if progress.waiting:
        count = len(progress.waiting)
        needs = "1 stage needs" if count == 1 else f"{count} stages need"
        print(f"paper: {needs} files of what failed, and did not run", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

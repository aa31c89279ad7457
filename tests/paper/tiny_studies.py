"""Studies of a few short commands, run as ``python -m paper`` runs its own."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from paper import __main__ as entrance
from paper.plan.study import Study
from paper.stage import ROOT, Stage

NOTE = "open({log!r}, 'a').write({name!r} + '\\n')"
"""Code that leaves a line for each time that a stage was run."""


def stage(
    folder: Path, name: str, reads: Sequence[str] = (), code: str = "", text: str = ""
) -> Stage:
    """A stage that writes ``NAME.txt``: the texts that it reads, and its own.

    Args:
        folder: of the study.
        name: of the stage.
        reads: names of files in the folder.
        code: of Python, run before it writes.
        text: its own part.
    """
    files, out = [folder / read for read in reads], folder / f"{name}.txt"
    lines = [
        NOTE.format(log=str(folder / "runs"), name=name),
        code or "pass",
        f"text = ''.join(open(f).read() for f in {[str(f) for f in files]}) + {text!r}",
        f"open({str(out)!r}, 'w').write(text)",
    ]
    words = ("python", "-c", "\n".join(lines))
    return Stage(name, words, tuple(files), (out,))


def runs(folder: Path) -> list[str]:
    """Names of the stages that were begun, in this order."""
    log = folder / "runs"
    return log.read_text("utf-8").split() if log.exists() else []


def chain(folder: Path, code: str = "", text: str = "a") -> tuple[Stage, ...]:
    """Three stages, each of which reads the file of the one before, and one apart.

    A file that is given is read by the first and by the one apart.

    Args:
        folder: of the study.
        code: that the second one runs.
        text: that the first one writes.
    """
    given = folder / "given"
    if not given.exists():
        given.touch()
    return (
        stage(folder, "first", ["given"], text=text),
        stage(folder, "second", ["first.txt"], code),
        stage(folder, "third", ["second.txt"]),
        stage(folder, "apart", ["given"]),
    )


def main(folder: str, *arguments: str) -> int:
    """``python -m paper`` for a chain whose second stage waits for a file, if one is to wait.

    Args:
        folder: of the study; ``wait`` in it makes the second stage wait.
        arguments: of the command.
    """
    where = Path(folder)
    code = (
        f"import os, time; open({str(where / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        f"while os.path.exists({str(where / 'wait')!r}): time.sleep(0.02)"
    )

    def stages_of(study: Study) -> tuple[Stage, ...]:
        return chain(study.folder, code)

    setattr(entrance, "stages_of", stages_of)  # noqa: B010
    return entrance.main(["--quick", "--folder", folder, *arguments])


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The same in a process of its own.

    Args:
        folder: of the study.
        arguments: of the command.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "tests.paper.tiny_studies", str(folder), *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def wait_for(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    """Until something is so.

    Args:
        condition: that is looked at again and again.
        seconds: until it is given up.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

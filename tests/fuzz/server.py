"""Runs the command line over and over, each time in a forked child that is watched and ended.

A process that has everything imported forks in milliseconds; so a case costs what relcheck costs.
Requests and answers are lines of JSON; ``python -m tests.fuzz.server`` is started by `client`.
"""

import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

POLL_SECONDS = 0.002


@dataclass(frozen=True)
class Request:
    """One call of ``relcheck``.

    Attributes:
        arguments: Its arguments.
        folder: Its working folder; ``tmp`` in it is the folder for temporary files.
        environment: Variables it finds.
        seconds: After which it is killed: a hang.
    """

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    seconds: float


@dataclass(frozen=True)
class Answer:
    """How it ended: a code, or minus the number of a signal; None: it had to be killed."""

    code: int | None
    seconds: float


def serve() -> None:
    """Answer requests until standard input ends."""
    _import_all()
    for line in sys.stdin:
        answer = _run(Request(**json.loads(line)))
        print(json.dumps(asdict(answer)), flush=True)


def _import_all() -> None:
    import matplotlib.backends.backend_svg
    import onnxruntime
    from PIL import Image

    import analyzer.campaign.workers.local_pool
    import analyzer.cli.present
    import analyzer.cli.terminal
    import analyzer.jobs.inspect
    import analyzer.jobs.selftest
    import analyzer.jobs.sweep
    import analyzer.reports.sweep.html
    import analyzer.runtime.oracle.rewrite

    Image.init()
    assert all((onnxruntime, matplotlib, analyzer))


def _run(request: Request) -> Answer:
    start = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_command(request)
    end = start + request.seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return Answer(os.waitstatus_to_exitcode(status), time.monotonic() - start)
        time.sleep(POLL_SECONDS)
    os.kill(child, signal.SIGKILL)  # what it started dies with it
    os.waitpid(child, 0)
    return Answer(None, time.monotonic() - start)


def _be_command(request: Request) -> None:
    """In the child: become ``relcheck ARGUMENTS``; never returns."""
    code: Any = 99
    try:
        os.chdir(request.folder)
        os.environ.update(request.environment)
        _redirect("../out", 1)
        _redirect("../err", 2)
        sys.argv = ["relcheck", *request.arguments]
        from analyzer.cli.guard import entry

        entry()
        code = 0
    except SystemExit as stopped:
        code = stopped.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 98)


def _redirect(name: str, descriptor: int) -> None:
    handle = os.open(Path(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(handle, descriptor)
    os.close(handle)


if __name__ == "__main__":
    serve()

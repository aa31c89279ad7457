"""The command line: run a command; turn what it raises into a sentence and an exit code."""

import os
import shutil
import signal
import sys

import typer

from analyzer.cli.app import PROGRAM, app
from analyzer.cli.commands import (
    annotate,
    check,
    compare,
    data,
    diff,
    export,
    harden,
    help,
    inspect,
    journals,
    map,
    protect,
    quantize,
    replay,
    report,
    resume,
    run,
    selftest,
    target,
    train,
)
from analyzer.cli.exits import Exit
from analyzer.cli.failed_report import leave_failure
from analyzer.cli.output import tell
from analyzer.cli.usage import Refusal, as_relcheck_error
from analyzer.errors import InternalError, OutOfMemory, RelcheckError, short
from analyzer.reports.shared.terminal_text import page

MESSAGE_CHARACTERS = 5000
"""Of one message: a path may have 4096; text of other people is cut where it is quoted."""

COMMANDS = (
    *(run, compare, diff, target, map, inspect, check, annotate, selftest, resume, report),
    *(harden, protect, train, export, data, quantize, replay, journals, help),
)
"""Importing these modules registers their commands; none of them loads anything heavy."""


def _run() -> None:
    try:
        with page(shutil.get_terminal_size().columns):
            sys.exit(app(prog_name=PROGRAM, standalone_mode=False))
    except Refusal as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # nothing was asked: here is the help
            error.show()  # type: ignore[attr-defined]
            sys.exit(Exit.USAGE)
        raise as_relcheck_error(error, sys.argv[1:]) from error
    except typer.Abort:  # Ctrl-C before a campaign began, or after it ended
        sys.exit(128 + signal.SIGINT)
    except MemoryError as error:
        raise OutOfMemory(
            "there is not enough memory for this model and its data; use a smaller --batch or "
            "fewer --images"
        ) from error


def main() -> None:
    """Run the command line in this process; `analyzer.cli.guard` runs it in a child."""
    try:
        _run()
    except RelcheckError as error:
        sys.exit(tell_error(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    except Exception as error:
        if os.environ.get("RELCHECK_DEBUG"):
            raise
        name, text = type(error).__name__, short(str(error), MESSAGE_CHARACTERS)
        sys.exit(
            _tell(
                "internal",
                f"internal error ({name}: {text}). This is a defect in relcheck; please report it. "
                "RELCHECK_DEBUG=1 shows where it happened.",
                Exit.INTERNAL,
            )
        )


def tell_error(error: RelcheckError) -> Exit:
    """Say what is wrong, on one line, and return the exit code that goes with it."""
    code = Exit.INTERNAL if isinstance(error, InternalError) else Exit.USAGE
    return _tell(error.slug, short(str(error), MESSAGE_CHARACTERS), code)


def _tell(slug: str, message: str, code: Exit) -> Exit:
    """Say what is wrong, on one line and in the reports that were asked for."""
    tell(f"relcheck: {message} [{slug}]")
    try:
        leave_failure(slug, message, code)
    except (RelcheckError, OSError) as error:
        tell(f"relcheck: the error could not be written as a report: {short(str(error))}")
    return code

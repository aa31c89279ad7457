"""Entry point: run a command; turn what it raises into a sentence and an exit code."""

import os
import sys

import typer

from analyzer.cli import inspect, resume, run, selftest
from analyzer.cli.app import Exit, app
from analyzer.errors import InternalError, OutOfMemory, RelcheckError

COMMANDS = (run, inspect, selftest, resume)
"""Importing these modules registers their commands; none of them loads anything heavy."""


def _run() -> None:
    try:
        app()
    except MemoryError as error:
        raise OutOfMemory(
            "there is not enough memory for this model and its data; use a smaller --batch or "
            "fewer --images"
        ) from error


def main() -> None:
    """Run the command line."""
    try:
        _run()
    except RelcheckError as error:
        code = Exit.INTERNAL if isinstance(error, InternalError) else Exit.USAGE
        typer.echo(f"relcheck: {error} [{error.slug}]", err=True)
        sys.exit(code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.OK)
    except Exception as error:
        if os.environ.get("RELCHECK_DEBUG"):
            raise
        typer.echo(
            f"relcheck: internal error ({type(error).__name__}: {error}). This is a defect in "
            "relcheck; please report it. RELCHECK_DEBUG=1 shows where it happened. [internal]",
            err=True,
        )
        sys.exit(Exit.INTERNAL)

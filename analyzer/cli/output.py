"""Text that leaves the process, on standard output and standard error."""

import os
import sys

import typer

from analyzer.reports.shared import terminal_text


def say(text: str) -> None:
    """Print to standard output; that nobody reads on is no reason to stop, or to pass a gate."""
    try:
        typer.echo(terminal_text.lines(text), nl=False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(text: str) -> None:
    """Print one line to standard error."""
    typer.echo(terminal_text.one_line(text), err=True)

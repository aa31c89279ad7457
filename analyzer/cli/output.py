"""Text that leaves the process, on standard output and standard error."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from analyzer.errors import UnwritableOutput
from analyzer.reports.shared import terminal_text


class StatusLine:
    """One line at the end of standard error that the next text replaces, on terminals only."""

    def __init__(self) -> None:
        self._shown = False

    def show(self, text: str) -> None:
        """Put a text there."""
        if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
            return
        width = shutil.get_terminal_size().columns - 1
        sys.stderr.write(f"\r\x1b[2K{terminal_text.one_line(text)[:width]}")
        sys.stderr.flush()
        self._shown = True

    def clear(self) -> None:
        """Take the text away."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
        self._shown = False


STATUS = StatusLine()
"""The status line of this process."""


def say(text: str) -> None:
    """Print to standard output; that nobody reads on is no reason to stop, or to pass a gate."""
    emit(terminal_text.lines(text))


def emit(text: str) -> None:
    """Print a report as it is, to standard output.

    Raises:
        UnwritableOutput: it cannot be written, e.g. as a disk is full.
    """
    STATUS.clear()
    with to_standard_output():
        typer.echo(text, nl=False)


@contextmanager
def to_standard_output() -> Iterator[None]:
    """Within the context something is printed to standard output; a reader that left is no error.

    Raises:
        UnwritableOutput: it cannot be written, e.g. as a disk is full.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go()
    except OSError as error:
        _let_go()
        raise UnwritableOutput(f"standard output cannot be written: {error.strerror}") from error
    except SystemExit as stopped:  # in this way rich ends a program whose reader left
        if not isinstance(stopped.__context__, BrokenPipeError):
            raise
        _let_go()


def _let_go() -> None:
    """Send whatever is still in standard output's buffer nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell_lines(text: str) -> None:
    """Print text of several lines to standard error."""
    STATUS.clear()
    typer.echo(terminal_text.lines(text), nl=False, err=True)


def tell(text: str) -> None:
    """Print one line to standard error."""
    STATUS.clear()
    typer.echo(terminal_text.one_line(text), err=True)

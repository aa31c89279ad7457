"""What leaves the process: text on standard output, and reports that are whole or not there."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer

from analyzer.errors import UnwritableOutput
from analyzer.reports.shared import terminal_text as plain


def say(text: str) -> None:
    """Print to standard output; that nobody reads on is no reason to stop, or to pass a gate."""
    try:
        typer.echo(plain.lines(text), nl=False)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(text: str) -> None:
    """Print one line to standard error."""
    typer.echo(plain.one_line(text), err=True)


def check_targets(targets: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse, before the work starts, targets that could not or should not be written after it.

    Raises:
        UnwritableOutput: a target is a folder, its folder is missing, writing is not allowed, it
            is an input, or two targets are one.
    """
    taken = {path.resolve() for path in inputs}
    for target in targets:
        _check_target(target)
        if target.resolve() in taken:
            raise UnwritableOutput(f"{target} is in use already; name another file")
        taken.add(target.resolve())


def _check_target(path: Path) -> None:
    try:
        if path.is_dir():
            raise UnwritableOutput(f"{path} is a folder; name a file in it")
        if not path.parent.is_dir():
            raise UnwritableOutput(f"there is no folder {path.parent} to write {path.name} into")
        if not _is_stream(path):
            handle, probe = tempfile.mkstemp(prefix=".relcheck-", dir=path.parent)
            os.close(handle)
            os.unlink(probe)
    except OSError as error:
        raise UnwritableOutput(f"{path} cannot be written: {error.strerror}") from error


def write_whole(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path``: readers see the old file or the new one, never a part.

    Raises:
        UnwritableOutput: it cannot be written.
    """
    temporary: str | None = None
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        if _is_stream(path):
            path.write_bytes(data)
            return
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=".relcheck-", delete=False
        ) as stream:
            temporary = stream.name
            stream.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise UnwritableOutput(f"{path} cannot be written: {error.strerror}") from error


def _is_stream(path: Path) -> bool:
    """Whether ``path`` is a device or a pipe, which must not be replaced by a file."""
    return path.exists() and not path.is_file()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

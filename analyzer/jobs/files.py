"""Files that jobs write: targets checked before the work, contents whole or not there."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from analyzer.errors import UnwritableOutput
from analyzer.jobs.requests.outputs import STANDARD_OUTPUT
from analyzer.reports.formats import RecordKind, formats_of


def check_targets(targets: Sequence[Path], inputs: Sequence[Path]) -> None:
    """Refuse, before the work starts, targets that could not or should not be written after it.

    Args:
        targets: files to be written.
        inputs: files that are read.

    Raises:
        UnwritableOutput: a target is a folder, its folder is missing, writing is not allowed, the
            target is an input, or two targets are one.
    """
    taken = {path.resolve() for path in inputs}
    if targets.count(STANDARD_OUTPUT) > 1:
        raise UnwritableOutput("standard output (-) holds one report; name files for others")
    for target in targets:
        if target == STANDARD_OUTPUT:
            continue
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


def write_report(kind: RecordKind, record: object, outputs: Mapping[str, Path]) -> list[Path]:
    """Write a record in the forms that were asked for.

    Args:
        kind: of the record.
        record: the report as data.
        outputs: name of a form -> file.

    Returns:
        The files, in the order in which they were written; standard output is none.

    Raises:
        UnwritableOutput: a file cannot be written.
    """
    forms = formats_of([kind])
    files = {name: path for name, path in outputs.items() if path != STANDARD_OUTPUT}
    for name, path in files.items():
        write_whole(path, forms[name].render(record))
    return list(files.values())


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file at once: readers see the old file or the new one, never a part.

    Args:
        path: the file.
        content: text, written as UTF-8, or bytes.

    Raises:
        UnwritableOutput: the file cannot be written.
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
    """True for a device or a pipe, which must not be replaced by a file."""
    return path.exists() and not path.is_file()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

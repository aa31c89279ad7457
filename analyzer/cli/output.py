"""Writing reports: checked before the work starts, whole or not at all."""

import os
import tempfile
from pathlib import Path

from analyzer.errors import UnwritableOutput


def check_writable(path: Path) -> None:
    """Refuse a target that could not be written after the work is done.

    Raises:
        UnwritableOutput: it is a folder, its folder is missing, or writing is not allowed.
    """
    if path.is_dir():
        raise UnwritableOutput(f"{path} is a folder; name a file in it")
    if not path.parent.is_dir():
        raise UnwritableOutput(f"there is no folder {path.parent} to write {path.name} into")
    try:
        handle, probe = tempfile.mkstemp(prefix=".relcheck-", dir=path.parent)
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        raise UnwritableOutput(f"{path} cannot be written: {error.strerror}") from error


def write_whole(path: Path, text: str) -> None:
    """Write ``text`` to ``path``: readers see the old file or the new one, never a part.

    Raises:
        UnwritableOutput: it cannot be written.
    """
    temporary: str | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".relcheck-", delete=False
        ) as stream:
            temporary = stream.name
            stream.write(text)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise UnwritableOutput(f"{path} cannot be written: {error.strerror}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

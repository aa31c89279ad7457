"""The folder for large files that are needed for moments: in memory, if there is plenty of it.

Only the command that starts a process knows whether there is a folder in memory, and whether the
user wants temporary files elsewhere. Until it says so, all files go into the folder for temporary
files.
"""

import os

AMPLE = 8
"""A folder in memory is used if it has room for this many files of the size in question."""


class Scratch:
    """The choice of this folder; at first without a folder in memory."""

    def __init__(self) -> None:
        self._folder: str | None = None

    def use(self, folder: str | None) -> None:
        """Prefer ``folder`` from now on; None: the folder for temporary files."""
        self._folder = folder

    def folder_for(self, size: int) -> str | None:
        """The folder for a file of ``size`` bytes, for the argument ``dir`` of `tempfile`."""
        if self._folder is None:
            return None
        try:
            room = os.statvfs(self._folder)
        except OSError:
            return None
        return self._folder if room.f_bavail * room.f_frsize >= AMPLE * size else None


SCRATCH = Scratch()
"""The choice of this process."""

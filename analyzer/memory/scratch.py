"""Where large files go that are needed for moments: into memory, if there is plenty of it.

Only whoever starts a process knows whether there is such a folder and whether the user wants
temporary files elsewhere; until it says so, everything goes into the folder for temporary files.
"""

import os

AMPLE = 8
"""A folder in memory is used if it has room for so many files of the size in question."""


class Scratch:
    """At first without a folder in memory."""

    def __init__(self) -> None:
        self._folder: str | None = None

    def use(self, folder: str | None) -> None:
        """Prefer ``folder`` from now on; None: the folder for temporary files."""
        self._folder = folder

    def folder_for(self, size: int) -> str | None:
        """Where a file of ``size`` bytes goes, as the argument ``dir`` of `tempfile` has it."""
        if self._folder is None:
            return None
        try:
            room = os.statvfs(self._folder)
        except OSError:
            return None
        return self._folder if room.f_bavail * room.f_frsize >= AMPLE * size else None


SCRATCH = Scratch()
"""That of this process."""

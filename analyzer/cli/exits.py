"""Exit codes."""

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.jobs.report import Status


class Exit(IntEnum):
    """Meaning of the exit code of a command."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNDECIDED = 3
    INTERNAL = 4

    ERROR = 2
    DEFECT = 4

    @classmethod
    def of(cls, status: "Status") -> "Exit":
        """The exit code of a finished job."""
        return cls[status.name]

"""Requests that run patterns again: of a fault list, or trials of a report."""

from pathlib import Path
from typing import ClassVar

from analyzer.errors import BadOption
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.target import TargetRequest
from analyzer.reports.formats import RecordKind


class ReplayRequest(SweepRequest):
    """Patterns that are run again, by the settings of the campaign that they belong to.

    Attributes:
        faults: A fault list; None: trials of the report.
        trial: Number of one of the report's worst trials, or ``RATE/STRATUM/INDEX``; None: all of
            the worst.
        faults_out: File that the patterns are written to, as a fault list.
        oracle: Whether each pattern of a list is run by an edited file as well.
        keep_outputs: Whether a program gets the outputs as arrays.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.REPLAY

    faults: Path | None = None
    trial: str | None = None
    faults_out: Path | None = None
    oracle: bool = False
    keep_outputs: bool = False

    @classmethod
    def paths(cls) -> frozenset[str]:
        """Names of settings that hold the path of a file or a folder."""
        return super().paths() | {"faults", "faults_out"}

    def check(self) -> None:
        """Refuse what cannot be replayed.

        Raises:
            BadOption: patterns of a mixture are listed without their kinds.
        """
        if self.faults and self.fault.parts:
            raise BadOption(
                "--faults lists bits and not kinds of upset, so that a mixture does not say what "
                "happens to them; give one kind by --fault, or leave it out for flipped bits"
            )


class EventReplayRequest(TargetRequest):
    """Events of a report on a target that are run again, by the settings of its campaign.

    Attributes:
        trial: Number of one of the report's worst events, or its name; None: all of the worst.
        faults_out: File that the patterns are written to, as a fault list.
        keep_outputs: Whether a program gets the outputs as arrays.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.REPLAY

    trial: str | None = None
    faults_out: Path | None = None
    keep_outputs: bool = False

    @classmethod
    def paths(cls) -> frozenset[str]:
        """Names of settings that hold the path of a file or a folder."""
        return super().paths() | {"faults_out"}

"""Work that was interrupted or run in shares: from its journal to a request that goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.campaign.journal.merge import merge_journals
from analyzer.errors import BadOption
from analyzer.jobs.journals import read_request
from analyzer.jobs.map import VulnerabilityReport, make_map
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.report import Share
from analyzer.jobs.requests.campaigns import MapRequest, Purpose, SweepRequest
from analyzer.jobs.requests.outputs import with_outputs
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.sweep import SweepReport, run_sweep
from analyzer.jobs.target import TargetReport, analyze_target
from analyzer.reports.formats import RecordKind, formats_of

RESUMED = {
    Purpose.RUN: RecordKind.RUN,
    Purpose.MAP: RecordKind.MAP,
    Purpose.TARGET: RecordKind.TARGET,
}
"""Records that a resumed journal may lead to."""


def resume(
    journal: Path, flags: Mapping[str, Any], command: str = "", observer: Observer = SILENT
) -> SweepReport | VulnerabilityReport | TargetReport | Share:
    """Go on with a sweep, a map or a target where its journal ends.

    Finished work is only reported again.

    Args:
        journal: the file.
        flags: by name, what differs from how the work was asked for; None: not given.
        command: what asked for the job, for the report.
        observer: is told how it goes.

    Raises:
        JournalUnusable: the journal is missing, or does not say how it was asked for.
        BadOption: a form of report that the work does not have.
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    remembered = read_request(journal)
    given = {name: value for name, value in flags.items() if value is not None}
    given = with_outputs(given, formats_of([RESUMED[remembered.purpose]]))
    _check_forms(journal, remembered.purpose, given)
    asked = {**remembered.settings, **given}
    if remembered.purpose is Purpose.MAP:
        wanted = ask(MapRequest, asked, model=remembered.model, command=command)
        return make_map(wanted, observer)
    if remembered.purpose is Purpose.TARGET:
        del asked["shard"]  # of which a target has none
        target = ask(TargetRequest, asked, model=remembered.model, command=command)
        return analyze_target(target, observer)
    request = ask(SweepRequest, asked, model=remembered.model, command=command)
    return run_sweep(request, observer)


def _check_forms(journal: Path, purpose: Purpose, given: Mapping[str, Any]) -> None:
    """Refuse a form of report that belongs to another job.

    Raises:
        BadOption: such a form was asked for.
    """
    own = formats_of([RESUMED[purpose]])
    for other, kind in RESUMED.items():
        for name in formats_of([kind]).keys() - own.keys():
            if name in given:
                raise BadOption(
                    f"--{name} is for {other}s, and {journal} belongs to a {purpose}; use --json"
                )


@dataclass(frozen=True)
class MergedJournal:
    """Journals of shards, joined.

    Attributes:
        path: The journal that holds all.
        blocks: Blocks in it.
    """

    path: Path
    blocks: int

    def to_text(self) -> str:
        """The number of blocks, and the command that comes next."""
        resume = f"relcheck resume {self.path} reports them"
        return f"{self.path} holds {self.blocks:,} blocks; {resume}\n"


def merge(journals: list[Path], output: Path) -> MergedJournal:
    """Join journals of one run or map whose shards were run apart.

    Args:
        journals: of the shards.
        output: the journal that is to hold all.

    Raises:
        JournalError: a journal cannot be used, or belongs to another campaign.
    """
    return MergedJournal(output, merge_journals(journals, output))

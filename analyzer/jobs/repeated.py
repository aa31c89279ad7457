"""Patterns that are run again, whatever they come from, and the report on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache as remembered
from functools import partial

from analyzer.campaign.protected import protected
from analyzer.campaign.replay import Opener, Replay, Replayed
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.fault_lists import write_patterns
from analyzer.jobs.files import write_report
from analyzer.jobs.observer import CountStage, Observer
from analyzer.jobs.protected import readable
from analyzer.jobs.provenance import acceleration_parts, run_part, tool_part
from analyzer.jobs.replayed_patterns import pattern_found
from analyzer.jobs.replayed_report import ReplayedReport
from analyzer.jobs.replayed_trials import ReportedTrial
from analyzer.jobs.requests.outputs import printed_form
from analyzer.jobs.requests.replay import EventReplayRequest, ReplayRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.worst import changes_of
from analyzer.reports.formats import RecordKind
from analyzer.reports.replay.build import MOST_ELEMENTS, PatternFindings, build_replay
from analyzer.reports.shared.records import ProtectionPart
from analyzer.runtime.executor import Executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor

SHOWN_OF_TRIAL, SHOWN_OF_LIST = 1000, 10
"""Images of one pattern in the report: of a trial, and of an injection of a list."""


@dataclass(frozen=True)
class Repeated:
    """One pattern that is to be run again.

    Attributes:
        name: In reports.
        batches: Indices of the batches that meet it.
        pattern: The faults.
        trial: What a report says of it; None: it comes from a list.
    """

    name: str
    batches: Sequence[int]
    pattern: FaultPattern
    trial: ReportedTrial | None = None


@dataclass(frozen=True)
class Circumstances:
    """The circumstances of a replay, for its report.

    Attributes:
        request: What was asked for.
        source: Name of the fault list, or of the report.
        watch: The clock of the job.
        command: What asked for it.
        fault: The fault model, as reports write it.
        protection: Of the memory; None: there is none.
        listed: Patterns come from a list: of their images only those that were harmed are shown.
        oracle: Each pattern is run by an edited file as well.
    """

    request: ReplayRequest | EventReplayRequest
    source: str
    watch: Stopwatch
    command: str
    fault: str
    protection: ProtectionPart | None
    listed: bool = False
    oracle: bool = True


def repeat(
    analysis: Analysis, repeated: Sequence[Repeated], how: Circumstances, observer: Observer
) -> ReplayedReport:
    """Run patterns, report on them, and write what was asked for.

    Args:
        analysis: the campaign that they belong to.
        repeated: the patterns.
        how: what they are, and what is wanted.
        observer: is told how it goes.

    Raises:
        NotRestored: afterwards a weight is not golden.
        UnwritableOutput: a file cannot be written.
    """
    request, watch = how.request, how.watch
    found = _run(analysis, repeated, how, observer)
    if request.faults_out:
        write_patterns(analysis, [(r.name, r.pattern) for r in repeated], request.faults_out)
    report = build_replay(
        analysis.context,
        analysis.model,
        analysis.space,
        analysis.data,
        how.source,
        how.fault,
        found,
        tool_part(analysis.device),
        run_part(watch, None, how.command, acceleration_parts(analysis.executor), [request.model]),
        analysis.notes,
        how.protection,
    )
    written = write_report(RecordKind.REPLAY, report, request.outputs)
    more = [request.faults_out] if request.faults_out else []
    return ReplayedReport(
        record=report,
        patterns=tuple(
            pattern_found(analysis, one.name, one.pattern, own.again.outputs)
            for one, own in zip(repeated, found, strict=True)
        ),
        written=(*written, *more),
        printed=printed_form(request.outputs),
    )


def _run(
    analysis: Analysis, repeated: Sequence[Repeated], how: Circumstances, observer: Observer
) -> list[PatternFindings]:
    """Run every pattern."""
    oracles = _oracles(analysis) if how.oracle else ()
    most = SHOWN_OF_LIST if how.listed else SHOWN_OF_TRIAL
    keep = how.request.keep_outputs
    run = Replay(analysis.context, oracles, most, harmed=how.listed, keep=keep)
    found = []
    with observer.stage(CountStage(len(repeated), "replaying")):
        for index, one in enumerate(repeated):
            again = run.run(one.batches, one.pattern)
            changes = changes_of(analysis, one.pattern)
            found.append(
                PatternFindings(
                    name=one.name,
                    upsets=len(one.pattern),
                    changed=len(changes),
                    elements=changes.farthest(MOST_ELEMENTS),
                    again=again,
                    reproduced=_same(one, again),
                )
            )
            observer.step(index)
    return found


def _same(one: Repeated, again: Replayed) -> bool | None:
    """True if the outcomes are those of the report; None where there is none."""
    return None if one.trial is None else one.trial.agrees(again.outcomes)


def _oracles(analysis: Analysis) -> tuple[Opener, ...]:
    """Executors that edit the file: as a default session packs weights, and as none does."""
    return tuple(remembered(partial(_oracle, analysis, pack)) for pack in (True, False))


def _oracle(analysis: Analysis, pack: bool) -> Executor:
    space = readable(analysis.space, analysis.memory)
    oracle = RewriteExecutor(analysis.model, space, analysis.device, pack=pack)
    return protected(oracle, analysis.memory)

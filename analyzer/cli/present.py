"""A finished job on the terminal: its text, its files, how to go on, and the exit code."""

import os
import shlex
from collections.abc import Collection
from pathlib import Path
from typing import Any, Protocol

from analyzer.campaign.result import Stop
from analyzer.cli.exits import Exit
from analyzer.cli.failed_report import append
from analyzer.cli.output import emit, say, tell, tell_lines
from analyzer.cli.printed_head import HEAD
from analyzer.cli.verbosity import VERBOSITY
from analyzer.jobs.journals import why_cut_short
from analyzer.jobs.report import Report, Share
from analyzer.reports.formats import find_format


class Text(Protocol):
    """A job's result that is shown as it is."""

    def to_text(self) -> str:
        """The result as plain text."""


def show(found: Text) -> Exit:
    """Show the result of a job that cannot end early, and writes what it was told to write."""
    if isinstance(found, Report):
        _print(found)
        return Exit.of(found.status)
    return show_text(found.to_text())


def show_text(text: str) -> Exit:
    """Show text that decides nothing: under ``--quiet`` nothing is printed."""
    if not VERBOSITY.quiet:
        say(text)
    return Exit.OK


def _print(found: Report[Any]) -> None:
    """Print the text, or the form that was asked for on standard output and the text beside it.

    The only place that says what is left of a report under ``--quiet``: its verdict.
    """
    text = found.to_verdict() if VERBOSITY.quiet else HEAD.rest(found.to_text())
    if found.printed is None:
        say(text)
        return
    tell_lines(text)
    emit(found.to(found.printed))


def _append_summary(found: Report[Any]) -> None:
    """Append the report to the summary of a job of GitHub Actions, within such a job."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and found.kind and find_format(found.kind, "markdown"):
        append(Path(summary), found.to("markdown"))


def show_campaign(found: Report[Any] | Share) -> Exit:
    """Show the result of a campaign, name the files written, and say how to go on with it."""
    if isinstance(found, Share):
        return _show_share(found)
    _print(found)
    _append_summary(found)
    for path in () if VERBOSITY.quiet else found.written:
        tell(f"wrote {path}")
    if found.kept and found.cut_short:
        why = why_cut_short(found.cut_short)
        tell(f"{why}; to go on, run the same command again: finished work is kept")
    tell_how_to_resume(found.cut_short, found.journal)
    return Exit.of(found.status)


def _show_share(share: Share) -> Exit:
    """Say how far a share came, and what to do with it."""
    how = "not done" if share.cut_short else "done"
    show_text(
        f"Shard {share.shard} {how}: {share.trials:,} trials in {share.journal}\n"
        "Reports are written once all shards are joined:\n"
        "  relcheck merge SHARD.db ... -o ALL.db; relcheck resume ALL.db\n"
    )
    tell_how_to_resume(share.cut_short, share.journal)
    return Exit.of(share.status)


def tell_how_to_resume(stops: Collection[Stop], journal: Path | None) -> None:
    """Say what ended a campaign early, if anything did, and which command goes on with it.

    Args:
        stops: what ended parts of it.
        journal: the file that keeps it; None: there is none.
    """
    if journal is not None and stops:
        tell(f"{why_cut_short(stops)}; to go on: relcheck resume {shlex.quote(str(journal))}")

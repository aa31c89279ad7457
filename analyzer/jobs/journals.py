"""Which journal a run uses, and what it must remember to be resumed."""

import os
import shlex
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from analyzer.campaign.journal.entries import read_value
from analyzer.campaign.journal.identity import Identity, key_of
from analyzer.campaign.journal.journal import Journal, open_journal
from analyzer.campaign.journal.storage import log_at
from analyzer.campaign.journal.versions import versions
from analyzer.campaign.result import Stop
from analyzer.campaign.tasks import WHOLE, Shard
from analyzer.cli.app import Exit
from analyzer.cli.output import say, tell
from analyzer.errors import BadOption, JournalUnusable
from analyzer.jobs.prepare import Analysis
from analyzer.jobs.settings import NO_JOURNAL, PATHS, Settings


def identity_of(analysis: Analysis) -> Identity:
    """What the blocks of this analysis depend on."""
    context = analysis.context
    where = {"device": analysis.device.shown}
    return Identity(context.plan.content, {**versions(), **where}, context.golden.digests)


def cache_folder() -> Path:
    """Where journals are kept that nobody named: under the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "relcheck" / "journals"


class Purpose(StrEnum):
    """What a journal's blocks are for: the command that writes it."""

    RUN = "run"
    MAP = "map"


@dataclass(frozen=True)
class Request:
    """How a journal's campaign or map was asked for.

    Attributes:
        purpose: Which of the two.
        model: The ONNX file.
        settings: What differs from the defaults of `Settings`.
    """

    purpose: Purpose
    model: Path
    settings: dict[str, Any]


@contextmanager
def journal_of(
    analysis: Analysis, settings: Settings, purpose: Purpose = Purpose.RUN
) -> Iterator[Journal | None]:
    """The journal of a run or of a vulnerability map, open; None with ``--journal none``.

    Raises:
        BadOption: a shard without a journal, which nothing could join.
        JournalError: it cannot be opened, is in use, or belongs to another campaign.
    """
    if settings.journal == NO_JOURNAL:
        if settings.shard != WHOLE:
            raise BadOption("--shard needs a journal to join later; leave out --journal none")
        yield None
        return
    identity = identity_of(analysis)
    if purpose is not Purpose.RUN:
        identity = replace(identity, plan={**identity.plan, "purpose": str(purpose)})
    path = Path(settings.journal) if settings.journal else _path_in(None, identity)
    with _opened(path, identity) as journal:
        journal.remember("request", _request(purpose, analysis.model.path, settings))
        journal.remember("shard", str(settings.shard))
        yield journal


@contextmanager
def journal_in(folder: str | None, analysis: Analysis) -> Iterator[Journal | None]:
    """The journal of one model of a comparison, open; None with ``--journal none``.

    A campaign that does not follow another model's patterns has the journal that an ordinary run
    of it has.

    Args:
        folder: where journals are kept; None: in the cache folder.
        analysis: the model's campaign.

    Raises:
        JournalError: it cannot be opened, or is in use.
    """
    if folder == NO_JOURNAL:
        yield None
        return
    identity = identity_of(analysis)
    with _opened(_path_in(Path(folder) if folder else None, identity), identity) as journal:
        journal.remember("comparison", True)
        yield journal


@contextmanager
def _opened(path: Path, identity: Identity) -> Iterator[Journal]:
    with open_journal(path, identity, time.monotonic) as journal:
        if journal.damaged:
            tell(
                f"journal {path} was damaged: it is kept as {path.name}.damaged, its intact "
                "blocks are used, the others are run again"
            )
        yield journal


def _path_in(given: Path | None, identity: Identity) -> Path:
    try:
        folder = given or cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:  # the latter: there is no home folder
        reason = getattr(error, "strerror", None) or error
        raise JournalUnusable(
            f"the folder for journals cannot be made ({reason}); name a --journal, or use "
            "--journal none"
        ) from error
    return folder / f"{key_of(identity.content)}.db"


def _request(purpose: Purpose, model: Path, settings: Settings) -> dict[str, Any]:
    """How it was asked for; paths are kept so that they hold from any folder."""
    given = settings.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"shard"}
    )
    for key in PATHS - {"journal"}:
        if given.get(key):
            given[key] = str(Path(given[key]).absolute())
    return {"command": str(purpose), "model": str(model.absolute()), "settings": given}


def read_request(path: Path) -> Request:
    """How the campaign or the map of a journal was asked for.

    Raises:
        JournalUnusable: the journal is missing, or does not say.
    """
    entries = log_at(path).entries()
    request = read_value(entries, "request")
    if request is None and read_value(entries, "comparison"):
        raise JournalUnusable(
            f"{path} belongs to a comparison of several models; to go on with it, run the same "
            "relcheck compare again"
        )
    if request is None:
        raise JournalUnusable(
            f"{path} is no journal, or too damaged to say how it was asked for; run the same "
            "command again"
        )
    shard = read_value(entries, "shard") or str(WHOLE)
    settings = {**request["settings"], "journal": str(path), "shard": shard}
    return Request(Purpose(request.get("command", "run")), Path(request["model"]), settings)


def shard_done(shard: Shard, trials: int, stops: Collection[Stop], journal: Path | None) -> Exit:
    """Say how far a share came, and what to do with it; returns the exit code.

    Args:
        shard: which share.
        trials: that it has.
        stops: what ended parts of it early; none: it is complete.
        journal: that holds it.
    """
    how = "not done" if stops else "done"
    say(
        f"Shard {shard} {how}: {trials:,} trials in {journal}\n"
        "Reports are written once all shards are joined:\n"
        "  relcheck merge SHARD.db ... -o ALL.db; relcheck resume ALL.db\n"
    )
    say_how_to_resume(stops, journal)
    return Exit.UNDECIDED if stops else Exit.OK


def say_how_to_resume(stops: Collection[Stop], journal: Path | None) -> None:
    """Say what ended a run or a map early, if anything did, and which command goes on with it."""
    if journal is not None and stops:
        tell(f"{why_cut_short(stops)}; to go on: relcheck resume {shlex.quote(str(journal))}")


def why_cut_short(stops: Collection[Stop]) -> str:
    """Half a sentence."""
    return "interrupted" if Stop.INTERRUPTED in stops else "the budget is spent"

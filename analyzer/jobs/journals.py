"""The journal of a job, and what a journal must remember so that the job can be resumed."""

import hashlib
import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analyzer.campaign.journal.entries import read_value
from analyzer.campaign.journal.identity import Identity, key_of
from analyzer.campaign.journal.journal import Journal, open_journal
from analyzer.campaign.journal.storage import log_at
from analyzer.campaign.journal.versions import versions
from analyzer.campaign.result import Stop
from analyzer.campaign.tasks import WHOLE
from analyzer.errors import BadOption, JournalUnusable
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.observer import Observer
from analyzer.jobs.replayed import last_written
from analyzer.jobs.requests.campaigns import MapRequest, Purpose, SweepRequest
from analyzer.jobs.requests.fields import NOWHERE, Nowhere
from analyzer.jobs.requests.outputs import STANDARD_OUTPUT
from analyzer.jobs.requests.target import TargetRequest

KeptRequest = SweepRequest | MapRequest | TargetRequest
"""Requests whose finished work a journal of their own keeps."""


def identity_of(analysis: Analysis) -> Identity:
    """Everything that the blocks of an analysis depend on."""
    context = analysis.context
    where = {"device": analysis.device.shown}
    return Identity(context.plan.content, {**versions(), **where}, context.golden.digests)


def cache_folder() -> Path:
    """The folder of journals that nobody named: under the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "relcheck" / "journals"


@dataclass(frozen=True)
class Remembered:
    """The request of a journal's campaign, map or target.

    Attributes:
        purpose: Which of them.
        model: The ONNX file.
        settings: By name of the flag, what was given.
    """

    purpose: Purpose
    model: Path
    settings: dict[str, Any]


@contextmanager
def journal_of(
    analysis: Analysis, request: KeptRequest, observer: Observer
) -> Iterator[Journal | None]:
    """The journal of a sweep, a map or a target, open; None with ``--journal none``.

    Args:
        analysis: the campaign.
        request: says where the journal is; the journal remembers it.
        observer: is told of damage.

    Raises:
        BadOption: a shard without a journal, which nothing could join.
        JournalError: the journal cannot be opened, is in use, or belongs to another campaign.
    """
    if request.journal is NOWHERE:
        if request.shard != WHOLE:
            raise BadOption("--shard needs a journal to join later; leave out --journal none")
        yield None
        return
    identity = identity_of(analysis)
    if request.purpose is not Purpose.RUN:
        identity = replace(identity, plan={**identity.plan, "purpose": str(request.purpose)})
    path = request.journal or _path_in(None, identity)
    written = last_written(path)
    with _opened(path, identity, observer) as journal:
        journal.written = written
        _remember(journal, request)
        yield journal


@contextmanager
def journal_in(
    folder: Path | Nowhere | None, analysis: Analysis, observer: Observer
) -> Iterator[Journal | None]:
    """The journal of one model of a comparison, open; None with ``--journal none``.

    A campaign that does not follow another model's patterns has the journal that an ordinary run
    of the model has.

    Args:
        folder: where journals are kept; None: in the cache folder.
        analysis: the model's campaign.
        observer: is told of damage.

    Raises:
        JournalError: the journal cannot be opened, or is in use.
    """
    if folder is NOWHERE:
        yield None
        return
    identity = identity_of(analysis)
    with _opened(_path_in(folder, identity), identity, observer) as journal:
        journal.remember("comparison", True)
        yield journal


@contextmanager
def journal_of_plan(
    folder: Path | Nowhere | None, analysis: Analysis, observer: Observer
) -> Iterator[Journal | None]:
    """The journal of one campaign of a protection plan, open; None with ``--journal none``.

    The survey and each confirmation have one of their own.

    Args:
        folder: where journals are kept; None: in the cache folder.
        analysis: the campaign.
        observer: is told of damage.

    Raises:
        JournalError: the journal cannot be opened, or is in use.
    """
    if folder is NOWHERE:
        yield None
        return
    identity = identity_of(analysis)
    own = {"purpose": PLAN, "events": _digest_of_events(analysis)}
    identity = replace(identity, plan={**identity.plan, **own})
    path = _path_in(folder, identity)
    written = last_written(path)
    with _opened(path, identity, observer) as journal:
        journal.written = written
        journal.remember(PLAN, analysis.model.path.name)
        yield journal


def _digest_of_events(analysis: Analysis) -> str:
    """Digest of the strata of a campaign's events: blocks of other strata are no blocks of it."""
    events = analysis.context.patterns.events
    assert events is not None, "a plan rests on single events"
    found = hashlib.sha256(analysis.context.plan.events.encode())
    for one in events.strata:
        found.update(f"{one.region} {one.fault} {one.place} {one.share!r}".encode())
        for array in (one.tensors, one.positions, one.ends):
            found.update(array.tobytes())
    return found.hexdigest()[:16]


@contextmanager
def _opened(path: Path, identity: Identity, observer: Observer) -> Iterator[Journal]:
    with open_journal(path, identity, time.monotonic) as journal:
        if journal.damaged:
            observer.message(
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


def _remember(journal: Journal, request: KeptRequest) -> None:
    """Keep the request, unless only the asking program has the model, the data or the target."""
    target = request.target if isinstance(request, TargetRequest) else None
    named = isinstance(request.data, Path | None) and isinstance(target, Path | None)
    if not isinstance(request.model, Path) or not named:
        journal.remember("in memory", True)
        return
    model = str(request.model.absolute())
    asked = {"command": str(request.purpose), "model": model, "settings": _settings(request)}
    journal.remember("request", asked)
    journal.remember("shard", str(request.shard))


def _settings(request: KeptRequest) -> dict[str, Any]:
    """Settings that were given, by name of the flag; paths are kept as absolute ones."""
    given = request.model_dump(
        mode="json", by_alias=True, exclude_unset=True, exclude={"shard", "command"}
    )
    given |= given.pop("outputs", {})
    for key in request.paths() - {"journal"}:
        if given.get(key) and given[key] != str(STANDARD_OUTPUT):
            given[key] = str(Path(given[key]).absolute())
    return given


def read_request(path: Path) -> Remembered:
    """The request of a journal's campaign or map, as the journal remembers it.

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
    if request is None and read_value(entries, PLAN):
        raise JournalUnusable(
            f"{path} belongs to one campaign of several that a protection plan rests on; to go on "
            "with it, run the same relcheck protect again"
        )
    if request is None and read_value(entries, "in memory"):
        raise JournalUnusable(
            f"{path} belongs to a Python program that had the model or the data in memory; to go "
            "on with it, run the same program again"
        )
    if request is None:
        raise JournalUnusable(
            f"{path} is no journal, or too damaged to say how it was asked for; run the same "
            "command again"
        )
    shard = read_value(entries, "shard") or str(WHOLE)
    settings = {**request["settings"], "journal": str(path), "shard": shard}
    return Remembered(Purpose(request.get("command", "run")), Path(request["model"]), settings)


PLAN = "protect"
"""Name under which a journal remembers the model whose protection it belongs to."""

FINISHED = "finished"
"""Name under which a journal remembers that its work was done, and on which day."""


def remember_finished(journal: Journal | None, stops: Collection[Stop], day: str) -> None:
    """Keep in a journal that its work is done.

    Args:
        journal: of the job; None: there is none.
        stops: what ended parts of the work early; empty: nothing.
        day: on which it began, as ``2026-11-30``.
    """
    if journal is not None and not stops and journal.remembered(FINISHED) is None:
        journal.remember(FINISHED, day)


def why_cut_short(stops: Collection[Stop]) -> str:
    """Half a sentence about the end of a campaign that was cut short."""
    return "interrupted" if Stop.INTERRUPTED in stops else "the budget is spent"

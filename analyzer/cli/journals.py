"""Which journal a run uses, and what it must remember to be resumed."""

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from analyzer.campaign.journal import Identity, Journal, open_journal, read_head
from analyzer.cli.provenance import tool_part
from analyzer.cli.settings import Settings
from analyzer.cli.setup import Analysis
from analyzer.errors import JournalUnusable

NONE = "none"


def identity_of(analysis: Analysis) -> Identity:
    """What the blocks of this analysis depend on."""
    tool = tool_part()
    versions = {
        "relcheck": tool.version,
        "onnxruntime": tool.onnxruntime,
        "onnx": tool.onnx,
        "numpy": tool.numpy,
        "machine": platform.machine(),
    }
    return Identity(analysis.bench.plan.content, versions)


def cache_folder() -> Path:
    """Where journals are kept that nobody named: under the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "relcheck" / "journals"


@contextmanager
def journal_of(analysis: Analysis, settings: Settings) -> Iterator[Journal | None]:
    """The journal of a run, open; None with ``--journal none``.

    Raises:
        JournalError: it cannot be opened, is in use, or belongs to another campaign.
    """
    if settings.journal == NONE:
        yield None
        return
    identity = identity_of(analysis)
    path = Path(settings.journal) if settings.journal else _default_path(identity)
    journal = open_journal(path.absolute(), identity, time.monotonic)
    if journal.repaired:
        typer.echo(
            f"journal {path} was damaged: it is kept as {path.name}.damaged, its intact blocks "
            "are used, the others are run again",
            err=True,
        )
    try:
        journal.remember("request", _request(analysis.model.path, settings))
        yield journal
    finally:
        journal.close()


def _default_path(identity: Identity) -> Path:
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JournalUnusable(
            f"the journal folder {folder} cannot be made: {error.strerror}; name a --journal, or "
            "use --journal none"
        ) from error
    return folder / f"{identity.key}.db"


def _request(model: Path, settings: Settings) -> str:
    given = settings.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for key in ("data", "json", "html"):
        if given.get(key):
            given[key] = str(Path(given[key]).absolute())
    return json.dumps({"model": str(model.absolute()), "settings": given})


def read_request(path: Path) -> tuple[Path, dict[str, Any]]:
    """How the run of a journal was asked for: its model and its settings.

    Raises:
        JournalError: the journal is missing or damaged beyond reading.
    """
    text = read_head(path, "request")
    if text is None:
        raise JournalUnusable(f"journal {path} does not say how it was asked for; run it again")
    content = json.loads(text)
    return Path(content["model"]), {**content["settings"], "journal": str(path)}

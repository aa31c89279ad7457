"""Journals of a finished campaign, made once."""

import shutil
from pathlib import Path

import pytest

from analyzer.campaign.journal.journal import open_journal
from tests.campaign.contexts import AtOnce, run, shared_results
from tests.campaign.journals import hasty, identity, record


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal of a finished campaign; not to be changed."""
    path = tmp_path_factory.mktemp("finished") / "run.db"
    record(path)
    return path


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The journal that a run leaves which is killed at its end: most of it is in the log."""
    folder = tmp_path_factory.mktemp("killed")
    results = shared_results()
    with open_journal(folder / "run.db", identity(), hasty()) as journal:
        run(results.context, AtOnce(results), journal)
        (folder / "left").mkdir()
        for suffix in ("", "-wal"):
            shutil.copy(folder / f"run.db{suffix}", folder / "left")
    return folder / "left" / "run.db"


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """The journal of a finished campaign."""
    return Path(shutil.copy(finished, tmp_path / "run.db"))

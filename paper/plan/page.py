"""The last stages: results are collected, and the page is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paper.plan.study import PAGE, pages
from paper.plan.words import words
from paper.stage import ROOT, Stage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from paper.plan.study import Study

SOURCES = ("paper/findings", "paper/figures")
"""Packages whose change makes the page anew."""


def page_stages(study: Study, before: Sequence[Stage]) -> Iterator[Stage]:
    """Collect the reports of all other stages, and write the page.

    Args:
        study: whose page it is.
        before: all other stages.
    """
    reports = tuple(w for stage in before for w in stage.writes if w.suffix == ".json")
    records = study.results / "records.json"
    # The page is filled in place: a study with a page of its own begins with copies.
    texts = () if study.page == PAGE else tuple(pages())
    command = words(
        *("python", "-m", "paper.collect", "--folder", study.folder, "--out", study.results),
        *(("--pages", study.page.parent) if texts else ()),
    )
    yield Stage("collect", command, (*reports, *texts), (records,))
    command = words(
        *("python", "-m", "paper.findings", "--results", study.results),
        *("--page", study.page, "--images", study.pictures),
    )
    yield Stage("page", command, (records, *texts, *_sources()), (study.page,))


def _sources() -> tuple[Path, ...]:
    found = (path for folder in SOURCES for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path.relative_to(ROOT) for path in found))

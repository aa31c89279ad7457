"""The stage that makes the images of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from paper.plan.words import words
from paper.stage import Stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paper.plan.study import Study

PARTS = ("train", "validation", "test")


def image_stages(study: Study) -> Iterator[Stage]:
    """One stage, or none where the images are in the folder already."""
    written = tuple(study.images(part) for part in PARTS)
    out = study.folder / "data"
    first = ("python", "-m", "paper.images")
    if study.made:
        drawn = Path("paper/made_images.py")
        yield Stage("images", words(*first, "--made", "--out", out), (drawn,), written)
    elif study.data is not None and study.test is not None:
        yield Stage(
            "images",
            words(*first, "--train", "DATA", "--test", "TEST", "--out", out),
            (Path("paper/images.py"),),
            written,
            places=(("DATA", str(study.data)), ("TEST", str(study.test))),
        )

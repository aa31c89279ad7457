"""The stages of the segmentation model."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paper.plan.study import Study
    from paper.stage import Stage


def segmentation_stages(study: Study) -> Iterator[Stage]:
    """None yet."""
    yield from ()

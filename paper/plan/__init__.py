"""A study as commands: which stages there are, in the order of what they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paper.plan.hardening import hardening_stages, quantization_stages
from paper.plan.images import image_stages
from paper.plan.measurements import (
    integer_stages,
    map_stages,
    protection_stages,
    sweep_stages,
    target_stages,
)
from paper.plan.models import trained
from paper.plan.page import page_stages
from paper.plan.segmentation import segmentation_stages
from paper.plan.training import qat_stages, training_stages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from paper.plan.models import Trained
    from paper.plan.study import Study
    from paper.stage import Stage

OF_A_MODEL = (
    training_stages,
    hardening_stages,
    quantization_stages,
    qat_stages,
    sweep_stages,
    integer_stages,
    map_stages,
    protection_stages,
    target_stages,
)
"""What is done with each trained model, in this order."""


def stages(study: Study) -> tuple[Stage, ...]:
    """All stages of a study; each reads files that are given, or that an earlier one wrote.

    >>> from paper.plan.study import FULL
    >>> [stage.name for stage in stages(FULL)][:3]
    ['train/resnet20-1', 'harden/resnet20-1-relu6', 'harden/resnet20-1-ranger']
    """
    found = [*image_stages(study)]
    for model in trained(study):
        found += _of_model(model)
    found += segmentation_stages(study)
    return (*found, *page_stages(study, found))


def _of_model(model: Trained) -> Iterator[Stage]:
    for kind in OF_A_MODEL:
        yield from kind(model)

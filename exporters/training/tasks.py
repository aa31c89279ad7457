"""The tasks that a network is trained for, found from the data: the one list.

A task makes the objective of the engine (`exporters.training.objective`) and says what the written
model is for. Segmentation, or another kind of labels, is one more entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from analyzer.errors import BadData
from analyzer.evaluation.sources import ImageSource
from exporters.training.augmentation import Augmentation
from exporters.training.classification import Classification
from exporters.training.objective import Objective

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class TaskSettings:
    """The settings that objectives are made of.

    Attributes:
        network: Already on its way to be trained.
        augmentation: From images to inputs.
        identity: Settings of the network by name, as of `Objective.identity`.
        smoothing: Share of the label that is spread over all classes, in [0, 1).
        batch: Images per run in the evaluation.
        threads: That prepare images in the evaluation.
    """

    network: nn.Module
    augmentation: Augmentation
    identity: Mapping[str, str]
    smoothing: float
    batch: int
    threads: int


class Task(Protocol):
    """One kind of answer that networks are trained for. It holds no state."""

    @property
    def name(self) -> str:
        """The entry ``relcheck.task`` of the written model."""

    def suits(self, source: ImageSource) -> bool:
        """True if the images have what the task learns."""

    def classes(self, source: ImageSource) -> int:
        """Number of classes of the last layer."""

    def objective(self, settings: TaskSettings) -> Objective:
        """The objective of the engine."""


class ClassificationTask:
    """A class for each image."""

    name = "classification"

    def suits(self, source: ImageSource) -> bool:
        """As in `Task`."""
        return source.labels is not None

    def classes(self, source: ImageSource) -> int:
        """As in `Task`: as many as have names, or as the highest label says."""
        highest = 0 if source.labels is None or not len(source) else int(source.labels.max())
        return max(len(source.classes), highest + 1)

    def objective(self, settings: TaskSettings) -> Objective:
        """As in `Task`."""
        return Classification(
            settings.network,
            settings.augmentation,
            settings.identity,
            smoothing=settings.smoothing,
            batch=settings.batch,
            threads=settings.threads,
        )


TASKS: tuple[Task, ...] = (ClassificationTask(),)
"""In the order in which they are asked: those that need more of the data come first."""


def find_task(source: ImageSource) -> Task:
    """The task that the data are for.

    Raises:
        BadData: they have nothing to learn.
    """
    task = next((task for task in TASKS if task.suits(source)), None)
    if task is None:
        raise BadData(
            f"the images of {source.name} have no classes to learn: give a folder for each class, "
            "a list by --labels, or an .npz file with labels"
        )
    return task

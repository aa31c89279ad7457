"""The report of `relcheck pretrain` as data: method, views, settings, epochs, and a collapse."""

import json
from typing import Literal

from pydantic import Field

from analyzer.reports.before_after.record import FilePart, ReportRecord
from analyzer.reports.training.record import EpochPart, ImagesPart


class MethodPart(ReportRecord):
    """The method.

    ``source``: its paper. ``settings``: its own, with the sizes of its heads.
    """

    name: str
    source: str
    settings: dict[str, float | int | bool]


class SettingPart(ReportRecord):
    """One setting of the training, and what the paper has; null: the paper says nothing of it."""

    name: str
    value: str
    paper: str | None


class ViewPart(ReportRecord):
    """Views of one law, and how many of them each image becomes."""

    count: int
    side: int
    scale: tuple[float, float]
    jitter: tuple[float, float, float, float]
    jitter_share: float
    gray: float
    blur: float
    solarize: float
    mirror: float


class BackbonePart(ReportRecord):
    """The network without its classifier.

    ``weights``: origin of the weights that it began with. ``features``: numbers for each image.
    """

    source: str
    classifier: str
    parameters: int
    features: int
    input: tuple[int, int, int]
    weights: str


class MonitorPart(ReportRecord):
    """Measurements after each epoch, on images that are not trained on.

    ``neighbours`` of ``bank`` training images vote on the class of each; null and 0 if the images
    have no classes. ``chance``: share of the most frequent class. ``collapse_below``: the spread of
    the embeddings, from 0 (all alike) to 1 (evenly on the sphere), below which they have collapsed.
    ``settled_after``: steps after which that can be told.
    """

    images: int
    neighbours: int | None
    bank: int
    chance: float | None
    collapse_below: float
    settled_after: int


class PretrainingReport(ReportRecord):
    """Everything that one pretraining did.

    ``before``: figures of the network as it began.
    ``collapsed``: after the last epoch; null if there were too few steps to tell.
    ``collapsed_epochs``: all epochs after which the embeddings had. ``taken_over``: epochs that
    were done before an interruption.
    """

    format: Literal["1.0"] = "1.0"
    command: str
    method: MethodPart
    network: BackbonePart
    training: ImagesPart
    left_out: ImagesPart
    views: tuple[ViewPart, ...]
    preprocessing: dict[str, str]
    settings: tuple[SettingPart, ...]
    monitor: MonitorPart
    device: str
    precision: str
    steps: int
    before: dict[str, float]
    epochs: tuple[EpochPart, ...]
    collapsed: bool | None
    collapsed_epochs: tuple[int, ...]
    taken_over: int
    seconds: float
    cpu_seconds: float
    torch: str
    files: tuple[FilePart, ...] = Field(min_length=1)
    log: str
    notes: tuple[str, ...] = ()

    def to_json(self) -> str:
        """The JSON report."""
        return json.dumps(self.model_dump(mode="json"), indent=1) + "\n"

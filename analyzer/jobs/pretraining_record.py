"""The record of a pretraining, from what the engine and the method say of it."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.jobs.pretraining_data import PretrainingData
from analyzer.jobs.requests.pretrain import PretrainRequest
from analyzer.jobs.training_data import images_part
from analyzer.jobs.training_observer import epoch_part
from analyzer.model import write_preprocessing
from analyzer.model.metadata import PREFIX
from analyzer.reports.before_after.record import FilePart
from analyzer.reports.training.pretraining import (
    BackbonePart,
    MethodPart,
    MonitorPart,
    PretrainingReport,
    SettingPart,
    ViewPart,
)
from exporters.pretraining.methods.method import Method
from exporters.pretraining.monitors.neighbours import neighbours_for
from exporters.pretraining.monitors.spread import COLLAPSED, SETTLED
from exporters.pretraining.pretrain import Order, Pretrained, has_collapsed
from exporters.torch.optional_package import need
from exporters.training.settings import FitSettings

SHOWN = {
    "epochs": "epochs",
    "batch": "batch",
    "optimizer": "optimizer",
    "learning_rate": "learning rate",
    "momentum": "momentum",
    "weight_decay": "weight decay",
    "schedule": "schedule",
    "warmup": "warm-up epochs",
    "clip_norm": "clipped norm",
    "seed": "seed",
}
"""Settings of the engine that a report has, and their names."""


def settings_parts(method: Method, settings: FitSettings) -> tuple[SettingPart, ...]:
    """The settings beside those of the paper.

    Args:
        method: names those of its paper.
        settings: as they are.
    """
    paper: Mapping[str, Any] = {"momentum": 0.9, **method.paper}
    rate = paper["learning_rate"]
    told = {**paper, "learning_rate": f"{rate * paper['batch'] / 256:g}"}
    return tuple(
        SettingPart(
            name=name,
            value=_text(getattr(settings, field)),
            paper=_text(told[field]) if field in told else None,
        )
        for field, name in SHOWN.items()
        if getattr(settings, field) not in (None, 0.0) or field in told or field == "seed"
    )


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def file_part(path: Path, content: bytes) -> FilePart:
    """One written file.

    Args:
        path: of the file.
        content: of the file.
    """
    return FilePart(path=str(path), sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def record_of(
    request: PretrainRequest,
    order: Order,
    found: Pretrained,
    data: PretrainingData,
    file: FilePart,
) -> PretrainingReport:
    """The record of a finished pretraining.

    Args:
        request: what was asked for.
        order: what was done.
        found: the result.
        data: its images.
        file: the checkpoint.
    """
    result = found.result
    return PretrainingReport(
        command=request.command,
        method=MethodPart(
            name=order.method.name,
            source=order.method.source,
            settings=asdict(found.method),  # type: ignore[call-overload]
        ),
        network=BackbonePart(
            source=order.name,
            classifier=found.encoder.classifier,
            parameters=found.parameters,
            features=found.encoder.features,
            input=order.shape,
            weights=order.origin,
        ),
        training=images_part(data.training, data.words[0]),
        left_out=images_part(data.measured, data.words[1]),
        views=_views(order),
        preprocessing={
            name.removeprefix(PREFIX): text
            for name, text in write_preprocessing(order.preparation).items()
        },
        settings=settings_parts(order.method, order.settings),
        monitor=_monitor(found, data),
        device=result.device,
        precision=result.precision,
        steps=result.steps,
        before=dict(found.before),
        epochs=tuple(epoch_part(done) for done in result.history),
        collapsed=found.collapsed if found.told else None,
        collapsed_epochs=tuple(
            done.epoch for done in result.history if has_collapsed(done, result.steps)
        ),
        taken_over=result.taken_over,
        seconds=sum(done.seconds for done in result.history),
        cpu_seconds=sum(done.cpu_seconds for done in result.history),
        torch=str(need("torch").__version__),
        files=(file,),
        log=str(request.state_folder),
        notes=order.method.notes,
    )


def _views(order: Order) -> tuple[ViewPart, ...]:
    counted = Counter(order.views)
    return tuple(ViewPart(count=count, **asdict(view)) for view, count in counted.items())


def _monitor(found: Pretrained, data: PretrainingData) -> MonitorPart:
    labels = data.measured.labels
    chance = None
    if found.bank and labels is not None:
        chance = float(np.bincount(labels).max() / len(labels))
    return MonitorPart(
        images=len(data.measured),
        neighbours=neighbours_for(found.bank) if found.bank else None,
        bank=found.bank,
        chance=chance,
        collapse_below=COLLAPSED,
        settled_after=SETTLED,
    )

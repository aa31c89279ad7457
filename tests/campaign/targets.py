"""Targets for a small network of which every event on every image can be enumerated."""

from pathlib import Path
from typing import Any

import numpy as np

from analyzer.campaign.events.result import EventFigures, EventResult
from analyzer.campaign.events.run import run_events
from analyzer.campaign.events.task import EventTask, Question
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.target.prepare import PreparedTarget, prepare_target
from analyzer.runtime.ort.device import CPU
from analyzer.targets.target import DeploymentTarget
from tests.campaign.contexts import Charges, Memory
from tests.campaign.maps import IMAGES, SIZE, Direct
from tests.support import golden_labels, save, tiny_cnn_proto, tiny_images

RATE = 100.0
"""FIT/Mbit of `region`."""


def region(name: str = "memory", **fields: Any) -> dict[str, Any]:
    """A region of a target with a rate."""
    rate = {"raw_fit_per_mbit": RATE, "source": "made up", "standing": "assumed"}
    return {"name": name, **rate, **fields}


def target_of(*regions: dict[str, Any], **fields: Any) -> DeploymentTarget:
    """A target with these regions."""
    use = {"inferences_per_hour": 1000.0, "mission_hours": 1000.0}
    content = {"name": "made up", "use": use, "region": regions, **fields}
    return DeploymentTarget.model_validate(content)


def prepared(folder: Path, target: DeploymentTarget, **flags: object) -> PreparedTarget:
    """A target of the small network of `tests.campaign.maps`, ready to run."""
    proto = tiny_cnn_proto(size=SIZE)
    images = tiny_images(IMAGES, SIZE)
    model = save(proto, folder / "small.onnx")
    np.savez(folder / "small.npz", images=images, labels=golden_labels(proto, images))
    asked = {"data": folder / "small.npz", "batch": 3, "target": Path("unread.toml"), **flags}
    return prepare_target(ask(TargetRequest, asked, model=model), target, CPU)


def answered_at_once(_found: EventFigures) -> None:
    """A question that the first look answers."""


def ignore(_task: EventTask) -> None:
    """Look away."""


def measure(
    target: PreparedTarget,
    question: Question = answered_at_once,
    confidence: float = 0.95,
    exhaustive: bool = False,
) -> EventResult:
    """A campaign of single events, to its end."""
    context = target.analysis.context
    task = EventTask(context, target.weights, question, confidence, exhaustive)
    return run_events(task, Direct(context), Memory(), Charges(), ignore)

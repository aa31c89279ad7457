"""Versions, host and request, for the report."""

import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from analyzer import __version__
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.sources import ModelSource
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.model.metadata import READERS
from analyzer.reports.shared.records import AccelerationPart, RunPart, ToolPart
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.int8_sums import int8_sums, processor_name
from analyzer.runtime.ort.session import runtime_version
from analyzer.targets.read import is_shipped, name_of


def tool_part(device: Device = CPU) -> ToolPart:
    """Versions of the tool and its libraries, and the device that computed the figures."""
    return ToolPart(
        version=__version__,
        onnxruntime=runtime_version(),
        onnx=onnx.__version__,
        numpy=np.__version__,
        provider=device.provider if device == CPU else f"{device.provider}, {device.shown}",
    )


def platform_name() -> str:
    """Operating system and processor family."""
    return f"{platform.system()} {platform.machine()}"


def acceleration_parts(executor: CampaignExecutor, model: str = "") -> list[AccelerationPart]:
    """The state of every acceleration of an executor; the executor may be released.

    Args:
        executor: of the process that prepared the campaign.
        model: label of the model in a comparison.
    """
    return [
        AccelerationPart(name=a.name, in_force=a.in_force, reason=a.reason, model=model)
        for a in executor.accelerations
    ]


def run_part(
    watch: Stopwatch,
    journal: Path | None,
    command: str,
    accelerations: Sequence[AccelerationPart] = (),
    models: Sequence[ModelSource] = (),
    settings: Mapping[str, Any] | None = None,
) -> RunPart:
    """Time, place, request and engine of a job.

    Args:
        watch: the clock of the job.
        journal: file of the journal; None: there is none.
        command: what asked for the job: a command line, or a Python call.
        accelerations: the state of each in the process that prepared the job.
        models: in the order of the report.
        settings: of `settings_of`, where trials can be replayed.
    """
    return RunPart(
        started=watch.started,
        wall_seconds=round(watch.wall_seconds, 3),
        cpu_seconds=round(watch.cpu_seconds, 3),
        trial_cpu_seconds=watch.trial_seconds,
        host=platform.node(),
        platform=platform_name(),
        python=platform.python_version(),
        processor=processor_name(),
        int8_sums=int8_sums(CPU).value,
        journal=relative(str(journal)) if journal else "",
        command=command,
        accelerations=list(accelerations),
        models=[in_repository(model) for model in models],
        settings=dict(settings) if settings else None,
    )


TRIAL_SETTINGS = (
    *("data", "labels", "masks", "part", "images", "seed"),
    *("exposure", "encoding", "fault", "protect"),
    *("include", "exclude", "kinds", "metric", "task", "output", "severity"),
    *("device", "precise_int8", "target", *READERS),
)
"""Settings that decide what a trial is, beside the model and the batch."""


def settings_of(request: SweepRequest | TargetRequest) -> dict[str, Any]:
    """Settings by which ``relcheck replay`` runs trials again; paths as `relative` has them.

    A model, a data set or a target that only the asking program has is left out.
    """
    held = {"data": request.data, "target": getattr(request, "target", None)}
    told = set(TRIAL_SETTINGS) - {n for n, value in held.items() if not isinstance(value, Path)}
    dumped = request.model_dump(mode="json", include=told, exclude_unset=True)
    given = {key: value for key, value in dumped.items() if value is not None}
    paths = request.paths() & given.keys()
    found = {key: relative(value) if key in paths else value for key, value in given.items()}
    if isinstance(request, TargetRequest) and is_shipped(request.target):
        found["target"] = name_of(request.target)
    if isinstance(request.model, Path):
        found["model"] = relative(str(request.model))
    return found


def relative(path: str) -> str:
    """A path for a report that others read, without the folders above one's own.

    Relative to the working folder or, as ``~``, to the home folder; of other places the name alone.
    """
    if not os.path.isabs(path):
        return path
    for base, sign in ((os.getcwd(), "."), (os.path.expanduser("~"), "~")):
        within = os.path.relpath(path, base)
        if within.split(os.sep)[0] != os.pardir:
            return os.path.normpath(within) if sign == "." else os.path.join(sign, within)
    return os.path.basename(path)


def in_repository(model: ModelSource) -> str:
    """The path of a model as pipelines know files: from the root of its repository, with slashes.

    Outside a repository it is relative to the working folder; of a model elsewhere, and of one in
    memory, the name alone.
    """
    if not isinstance(model, Path):
        return model.label
    path = Path(os.path.abspath(model))
    root = next((p for p in path.parents if (p / ".git").exists()), Path.cwd())
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

"""Versions, host and request, for the report."""

import os
import platform
from pathlib import Path

import numpy as np
import onnx

from analyzer import __version__
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.shared.records import RunPart, ToolPart
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.session import runtime_version


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


def run_part(watch: Stopwatch, journal: Path | None, command: str) -> RunPart:
    """Time, place and request of a job.

    Args:
        watch: the clock of the job.
        journal: file of the journal; None: there is none.
        command: what asked for the job: a command line, or a Python call.
    """
    return RunPart(
        started=watch.started,
        wall_seconds=round(watch.wall_seconds, 3),
        cpu_seconds=round(watch.cpu_seconds, 3),
        host=platform.node(),
        platform=platform_name(),
        python=platform.python_version(),
        journal=relative(str(journal)) if journal else "",
        command=command,
    )


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

"""Versions, host and command line, for the report."""

import os
import platform
import shlex
import sys
from pathlib import Path

import numpy as np
import onnx

from analyzer import __version__
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.reports.shared.records import RunPart, ToolPart
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.session import runtime_version


def tool_part(device: Device = CPU) -> ToolPart:
    """Which versions computed the figures, and where."""
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


def run_part(watch: Stopwatch, journal: Path | None) -> RunPart:
    """When and where they were computed."""
    return RunPart(
        started=watch.started,
        wall_seconds=round(watch.wall_seconds, 3),
        cpu_seconds=round(watch.cpu_seconds, 3),
        trial_cpu_seconds=watch.trial_seconds,
        host=platform.node(),
        platform=platform_name(),
        python=platform.python_version(),
        journal=relative(str(journal)) if journal else "",
        command=shlex.join([Path(sys.argv[0]).name, *map(_argument, sys.argv[1:])]),
    )


def relative(path: str) -> str:
    """A path for a report that others read: it tells nothing of folders above one's own.

    Relative to the working folder or, as ``~``, to the home folder; of other places the name alone.
    """
    if not os.path.isabs(path):
        return path
    for base, sign in ((os.getcwd(), "."), (os.path.expanduser("~"), "~")):
        within = os.path.relpath(path, base)
        if within.split(os.sep)[0] != os.pardir:
            return os.path.normpath(within) if sign == "." else os.path.join(sign, within)
    return os.path.basename(path)


def _argument(text: str) -> str:
    """A word of the command line, with its path made relative: ``/a/b`` or ``--flag=/a/b``."""
    flag, equals, value = text.partition("=")
    if flag.startswith("--") and equals:
        return f"{flag}={relative(value)}"
    return relative(text)

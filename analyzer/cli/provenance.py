"""Versions, host and command line, for the report."""

import platform
import shlex
import sys
from pathlib import Path

import numpy as np
import onnx

from analyzer import __version__
from analyzer.cli.stopwatch import Stopwatch
from analyzer.reports.report import RunPart, ToolPart
from analyzer.runtime.session import runtime_version


def tool_part() -> ToolPart:
    """Which versions computed the figures."""
    return ToolPart(
        version=__version__,
        onnxruntime=runtime_version(),
        onnx=onnx.__version__,
        numpy=np.__version__,
        provider="CPUExecutionProvider",
    )


def run_part(watch: Stopwatch, journal: Path | None) -> RunPart:
    """When and where they were computed."""
    return RunPart(
        started=watch.started,
        wall_seconds=round(watch.wall_seconds, 3),
        cpu_seconds=round(watch.cpu_seconds, 3),
        host=platform.node(),
        platform=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        journal=str(journal) if journal else "",
        command=shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    )

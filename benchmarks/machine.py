"""The machine that a benchmark ran on, and who else used it meanwhile."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import analyzer

DISTURBING = 0.1
"""Cores; if other processes take more, absolute figures say little."""

PACKAGES = ("numpy", "scipy", "onnx", "onnxruntime", "torch", "torchvision", "pytorchfi", "MRFI")


def cpu_name() -> str:
    """As the processor calls itself."""
    for text in Path("/proc/cpuinfo").read_text().splitlines():
        if text.startswith("model name"):
            return text.partition(":")[2].strip()
    return "unknown"


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def today() -> str:
    """Date and time, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Installed versions of what is compared, by package."""
    found = {"python": platform.python_version(), "relcheck": analyzer.__version__}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def busy_seconds() -> float:
    """CPU seconds that all processes of this machine have used."""
    words = Path("/proc/stat").read_text().split("\n")[0].split()
    user, nice, system, _, _, interrupts, soft = map(int, words[1:8])
    return (user + nice + system + interrupts + soft) / os.sysconf("SC_CLK_TCK")


@dataclass
class Others:
    """What other processes took.

    Attributes:
        cores: On average, while it was watched.
    """

    cores: float = 0.0

    @property
    def disturbed(self) -> bool:
        """Whether absolute figures say little."""
        return self.cores > DISTURBING


@contextmanager
def watch() -> Iterator[Others]:
    """Find out what others take meanwhile; to be read after the context is left.

    Children of this process count as its own once they have ended.
    """
    others = Others()
    wall, machine, own = time.perf_counter(), busy_seconds(), _own_seconds()
    yield others
    took = busy_seconds() - machine - (_own_seconds() - own)
    others.cores = max(0.0, took / (time.perf_counter() - wall))


def _own_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system

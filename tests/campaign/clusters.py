"""A Dask cluster on this machine: a scheduler and workers in processes of their own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaign.processes import eventually
from tests.support import ROOT

FAILURES_ALLOWED = "1"
"""Workers that may die of one block before the scheduler gives it up; by default 3."""


@dataclass
class Cluster:
    """A running cluster.

    Attributes:
        address: Of its scheduler.
        scheduler: Its process.
        client: A connection of our own, to look on.
    """

    address: str
    scheduler: "subprocess.Popen[bytes]"
    client: Any

    def workers(self) -> list[int]:
        """Processes of the workers."""
        return sorted(self.client.run(os.getpid).values())

    def kill(self, *pids: int) -> None:
        """Kill workers; their nannies start others."""
        for pid in pids:
            os.kill(pid, signal.SIGKILL)


@contextmanager
def _process(folder: Path, *command: str | Path) -> Iterator["subprocess.Popen[bytes]"]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": FAILURES_ALLOWED,
        "DASK_DISTRIBUTED__WORKER__LIFETIME__RESTART": "False",
    }
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *map(str, command)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A cluster whose files are in ``folder``."""
    import distributed

    connect: Any = distributed.Client
    contact = folder / "scheduler.json"
    options = ("--scheduler-file", contact, "--no-dashboard")
    with ExitStack() as stack:
        command = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        scheduler = stack.enter_context(_process(folder, *command, *options))
        assert eventually(contact.exists)
        for index in range(workers):
            own = ("--nthreads", "1", "--local-directory", folder / str(index))
            stack.enter_context(_process(folder, "distributed.cli.dask_worker", *options, *own))
        address = json.loads(contact.read_text())["address"]
        client = stack.enter_context(connect(address, set_as_default=False))
        client.wait_for_workers(workers, timeout=30)
        yield Cluster(address, scheduler, client)

"""Blocks per second of two worker processes over those of one, taken in turn.

A campaign on the demonstration model runs with its journal, as `relcheck run` does it. Timed is the
steady state, from three seconds after the first result: starting the workers, opening their
sessions and the first looks, which have few blocks to share, are left out. Included is all that
goes on meanwhile: trials, sending blocks, committing results to the journal, judging looks.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from analyzer.campaign.journal.journal import Journal, open_journal
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import run_campaign
from analyzer.jobs.demonstration import demonstration_model
from analyzer.jobs.journals import identity_of
from analyzer.jobs.pools import open_pool
from analyzer.jobs.prepare import Analysis, prepare_sweep
from analyzer.jobs.requests.campaigns import SweepRequest
from analyzer.jobs.requests.settings import ask
from benchmarks.machine import busy_seconds
from benchmarks.models import Options
from benchmarks.rows import Found, Wanted
from benchmarks.sweep import Silent

WARM_SECONDS, TIMED_SECONDS = 3.0, 5.0


@dataclass(frozen=True)
class Moment:
    """Seconds, and CPU seconds: of the whole machine, and of this process and its workers."""

    wall: float
    machine: float
    own: float


class Meter:
    """A budget of wall time that counts blocks."""

    def __init__(self) -> None:
        self._begin = 0.0
        self._charged = 0.0
        self._blocks = 0
        self._since: Moment | None = None
        self._until: Moment | None = None

    def charge(self, cpu_seconds: float) -> None:
        """Count a block, once warm."""
        self._charged += cpu_seconds
        self._begin = self._begin or time.perf_counter()
        self._blocks += self._since is not None

    def affords(self, under_way: int) -> bool:
        """Always: it counts what is finished."""
        return True

    def spent(self) -> Stop | None:
        """Whether enough was timed."""
        now = time.perf_counter()
        moment = Moment(now, busy_seconds(), time.process_time() + self._charged)
        if self._since is None:
            if self._begin and now - self._begin >= WARM_SECONDS:
                self._since = moment
            return None
        if now - self._since.wall < TIMED_SECONDS:
            return None
        self._until = moment
        return Stop.BUDGET

    def read(self) -> tuple[float, float]:
        """Blocks per second, and cores that other processes took meanwhile."""
        assert self._since is not None
        assert self._until is not None
        wall = self._until.wall - self._since.wall
        machine = self._until.machine - self._since.machine
        others = machine - (self._until.own - self._since.own)
        return self._blocks / wall, max(0.0, others / wall)


@dataclass(frozen=True)
class Scaling:
    """Blocks per second of one worker and two, the median over pairs of their ratio.

    Attributes:
        one: Blocks per second with one worker.
        two: With two.
        ratio: Median over pairs of measurements.
        others: Cores that other processes took while two workers ran.
    """

    one: float
    two: float
    ratio: float
    others: float


@contextmanager
def fresh_journal(analysis: Analysis) -> Iterator[Journal]:
    """A journal that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run.db"
        with open_journal(path, identity_of(analysis), time.monotonic) as journal:
            yield journal


def speed(analysis: Analysis, request: SweepRequest) -> tuple[float, float]:
    """Blocks per second with as many workers as the request says, and what others took."""
    meter = Meter()
    with open_pool(analysis, request) as pool, fresh_journal(analysis) as journal:
        run_campaign(analysis.context, pool, journal, meter, Silent())
    return meter.read()


def measure(pairs: int = 3) -> Scaling:
    """Time one worker and two in turn."""
    asked = {"rates": "1e-6..1e-4", "precision": 1e-4, "seed": 1}
    model = demonstration_model()
    one, two = (ask(SweepRequest, {**asked, "jobs": n}, model=model) for n in (1, 2))
    analysis = prepare_sweep(one)
    ones, twos = [], []
    for _ in range(pairs):
        ones.append(speed(analysis, one))
        twos.append(speed(analysis, two))
    median = statistics.median
    return Scaling(
        one=median(blocks for blocks, _ in ones),
        two=median(blocks for blocks, _ in twos),
        ratio=median(b / a for (a, _), (b, _) in zip(ones, twos, strict=True)),
        others=median(others for _, others in twos),
    )


def find(_: Options, __: Wanted) -> list[Found]:
    """The one row."""
    found = measure()
    details = {
        "one_blocks_per_second": round(found.one, 1),
        "two_blocks_per_second": round(found.two, 1),
        "cores_taken_by_others_meanwhile": round(found.others, 2),
    }
    return [Found("two-workers", found.ratio, details=details)]

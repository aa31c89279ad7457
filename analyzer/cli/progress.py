"""Progress for a waiting person: bars on a terminal, occasional lines in a log."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analyzer.faults.rates import show_rate
from analyzer.reports.shared.number_format import UNKNOWN, percent
from analyzer.stats.estimate import RateEstimate

LOG_EVERY_SECONDS = 10.0

ShowRate = Callable[[float, int, float, RateEstimate | None], None]
"""Takes a rate, its trials, the share of them that is done, and the estimate, once there is one."""

ShowTensor = Callable[[int, int, float], None]
"""Takes a tensor's index, its trials, and the share of them that is done."""

ShowStep = Callable[[int], None]
"""Takes the index of a finished step."""


class LogClock:
    """Says when the next line of a log is due."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()

    def due(self) -> bool:
        """True if a line is due; then the next one is due after `LOG_EVERY_SECONDS`."""
        if self._clock() - self._last < LOG_EVERY_SECONDS:
            return False
        self._last = self._clock()
        return True


def _summary(metric: str, found: RateEstimate | None) -> str:
    if found is None:
        return f"{metric} {UNKNOWN}"
    return f"{metric} {percent(found.metric.low)} – {percent(found.metric.high)} %"


@contextmanager
def show_sweep(rates: Sequence[float], metric: str) -> Iterator[ShowRate]:
    """A bar per rate with the current interval; lines where there is no terminal.

    Args:
        rates: bit error rates.
        metric: label of the metric.
    """
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _rate_lines(console, metric)
        return
    columns = (
        TextColumn("{task.description:>7}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[interval]:<24}"),
        TextColumn("{task.fields[trials]:>14}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks = {
            rate: bars.add_task(show_rate(rate), total=1.0, interval="", trials="")
            for rate in rates
        }

        def draw(rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
            interval = _summary(metric, found)
            shown = f"{trials:,} trials"
            bars.update(tasks[rate], completed=share, interval=interval, trials=shown)

        yield draw


def _rate_lines(console: Console, metric: str) -> ShowRate:
    clock = LogClock()

    def write(rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        if clock.due():
            text = f"{show_rate(rate)}: {trials:,} trials, {_summary(metric, found)}"
            console.print(text, highlight=False)

    return write


class MapProgress:
    """Progress of all tensors of a map together."""

    def __init__(self) -> None:
        self._tensors: dict[int, tuple[float, int]] = {}

    def take(self, index: int, trials: int, share: float) -> None:
        """Take in the progress of one tensor.

        Args:
            index: of the tensor.
            trials: number of trials done.
            share: part of its trials that is done, in [0, 1].
        """
        self._tensors[index] = share, trials

    @property
    def share(self) -> float:
        """Shares of all tensors added up."""
        return sum(share for share, _ in self._tensors.values())

    @property
    def trials(self) -> int:
        """Trials of all tensors."""
        return sum(trials for _, trials in self._tensors.values())


@contextmanager
def show_map(total: int) -> Iterator[ShowTensor]:
    """One bar for all tensors; lines where there is no terminal.

    Args:
        total: number of tensors.
    """
    console = Console(stderr=True)
    done = MapProgress()
    if not console.is_terminal:
        yield _map_lines(console, done, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[trials]:>16}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("map", total=total, trials="")

        def draw(index: int, trials: int, share: float) -> None:
            done.take(index, trials, share)
            progress.update(bar, completed=done.share, trials=f"{done.trials:,} trials")

        yield draw


def _map_lines(console: Console, done: MapProgress, total: int) -> ShowTensor:
    clock = LogClock()

    def write(index: int, trials: int, share: float) -> None:
        done.take(index, trials, share)
        if clock.due():
            text = f"map: {done.share:.1f} of {total} tensors, {done.trials:,} trials"
            console.print(text, highlight=False)

    return write


@contextmanager
def show_count(total: int, label: str) -> Iterator[ShowStep]:
    """A bar of steps on a terminal; nothing elsewhere.

    Args:
        total: number of steps.
        label: what they do.
    """
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=total)
        yield lambda index: progress.update(task, completed=index + 1)

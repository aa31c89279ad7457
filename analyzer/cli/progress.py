"""What a waiting person sees: a bar per rate with the current interval, or lines in a log."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analyzer.campaign.runner import Observer
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.faults.rates import show_rate
from analyzer.reports.shared.number_format import UNKNOWN, percent
from analyzer.stats.estimate import RateEstimate

LOG_EVERY_SECONDS = 10.0


def _summary(metric: str, found: RateEstimate | None) -> str:
    if found is None:
        return f"{metric} {UNKNOWN}"
    return f"{metric} {percent(found.metric.low)} – {percent(found.metric.high)} %"


class _Bars:
    def __init__(self, progress: Progress, rates: Sequence[float], metric: str) -> None:
        self._progress = progress
        self._metric = metric
        self._tasks = {
            rate: progress.add_task(show_rate(rate), total=1.0, interval="", trials="")
            for rate in rates
        }

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        self._progress.update(
            self._tasks[rate],
            completed=share,
            interval=_summary(self._metric, found),
            trials=f"{trials:,} trials",
        )


class _Lines:
    def __init__(self, console: Console, metric: str, clock: Callable[[], float]) -> None:
        self._console, self._metric, self._clock = console, metric, clock
        self._last = clock()

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        if self._clock() - self._last < LOG_EVERY_SECONDS:
            return
        self._last = self._clock()
        text = f"{show_rate(rate)}: {trials:,} trials, {_summary(self._metric, found)}"
        self._console.print(text, highlight=False)


@contextmanager
def show_progress(rates: Sequence[float], metric: str) -> Iterator[Observer]:
    """An observer that draws bars on a terminal and writes occasional lines elsewhere."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(console, metric, time.monotonic)
        return
    columns = (
        TextColumn("{task.description:>7}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[interval]:<24}"),
        TextColumn("{task.fields[trials]:>14}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Bars(progress, rates, metric)


@contextmanager
def show_count(total: int, label: str) -> Iterator[Callable[[int], None]]:
    """A callable that is told the index of each finished step, and draws a bar on a terminal."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(label, total=total)

        def step(index: int) -> None:
            HEARTBEAT.renew()
            progress.update(task, completed=index + 1)

        yield step

"""Progress for a waiting person: bars on a terminal, occasional lines in a log."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from analyzer.cli.outlook import LogClock, Outlook, Used, nothing_used
from analyzer.faults.rates import show_rate
from analyzer.reports.shared.number_format import UNKNOWN, percent, says_nothing
from analyzer.stats.estimate import RateEstimate

ShowRate = Callable[[float, int, float, RateEstimate | None], None]
"""Takes a rate, its trials, the share of them that is done, and the estimate, once there is one."""

ShowTensor = Callable[[int, int, float], None]
"""Takes a tensor's index, its trials, and the share of them that is done."""

ShowStep = Callable[[int], None]
"""Takes the index of a finished step."""

WIDE = 76
"""From so many columns on there is room for a bar."""


def _summary(metric: str, found: RateEstimate | None) -> str:
    if found is None or says_nothing(found.metric):
        return f"{metric} {UNKNOWN}"
    return f"{metric} {percent(found.metric.low)} – {percent(found.metric.high)} %"


def _bars(console: Console) -> Progress:
    """Bars with two texts behind each; narrow terminals have the texts alone."""
    columns: list[Any] = [
        TextColumn("{task.description:>7}"),
        TextColumn("{task.fields[first]:<24}"),
        TextColumn("{task.fields[second]:>14}"),
        TimeElapsedColumn(),
    ]
    if console.width >= WIDE:
        columns.insert(1, BarColumn(bar_width=min(40, console.width - WIDE + 22)))
    return Progress(*columns, console=console, transient=True)


def _draw_all(bars: Progress, task: TaskID, outlook: Outlook) -> None:
    """Redraw the bar of the whole work: time left, budget used."""
    done = outlook.share
    bars.update(task, completed=done, first=outlook.left_text, second=outlook.budget_text)


@contextmanager
def show_sweep(
    rates: Sequence[float], metric: str, used: Used = nothing_used
) -> Iterator[ShowRate]:
    """A bar per rate with the current interval and one of all; lines where there is no terminal.

    Args:
        rates: bit error rates.
        metric: label of the metric.
        used: tells which share of the budget is used.
    """
    console, outlook = Console(stderr=True), Outlook(len(rates), used)
    if not console.is_terminal:
        yield _rate_lines(console, metric, outlook)
        return
    with _bars(console) as bars:
        tasks = {
            rate: bars.add_task(show_rate(rate), total=1.0, first="", second="") for rate in rates
        }
        whole = bars.add_task("all", total=1.0, first="", second="")

        def draw(rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
            outlook.take(rate, trials, share)
            shown = f"{trials:,} trials"
            bars.update(tasks[rate], completed=share, first=_summary(metric, found), second=shown)
            _draw_all(bars, whole, outlook)

        yield draw


def _rate_lines(console: Console, metric: str, outlook: Outlook) -> ShowRate:
    clock = LogClock()

    def write(rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        outlook.take(rate, trials, share)
        if clock.due():
            text = f"{show_rate(rate)}: {trials:,} trials, {_summary(metric, found)}"
            console.print(f"{text}; {outlook.text}", highlight=False, soft_wrap=True)

    return write


@contextmanager
def show_map(total: int, label: str, used: Used = nothing_used) -> Iterator[ShowTensor]:
    """One bar for all tensors; lines where there is no terminal.

    Args:
        total: number of tensors; of one, the share of it is told.
        label: what is done.
        used: tells which share of the budget is used.
    """
    console, outlook = Console(stderr=True), Outlook(total, used)
    if not console.is_terminal:
        yield _map_lines(console, outlook, total, label)
        return
    with _bars(console) as bars:
        tensors = bars.add_task(label, total=total, first="", second="")
        whole = bars.add_task("all", total=1.0, first="", second="")

        def draw(index: int, trials: int, share: float) -> None:
            outlook.take(index, trials, share)
            done = _parts_done(outlook, total)
            shown = f"{outlook.trials:,} trials"
            bars.update(tensors, completed=outlook.parts_done, first=done, second=shown)
            _draw_all(bars, whole, outlook)

        yield draw


def _parts_done(outlook: Outlook, total: int) -> str:
    if total == 1:
        return f"{100 * outlook.parts_done:.0f} % of this look"
    return f"{outlook.parts_done:.1f} of {total} tensors"


def _map_lines(console: Console, outlook: Outlook, total: int, label: str) -> ShowTensor:
    clock = LogClock()

    def write(index: int, trials: int, share: float) -> None:
        outlook.take(index, trials, share)
        if clock.due():
            text = f"{label}: {_parts_done(outlook, total)}, {outlook.trials:,} trials"
            console.print(f"{text}; {outlook.text}", highlight=False, soft_wrap=True)

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

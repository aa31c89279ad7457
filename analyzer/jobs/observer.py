"""Observers: a terminal, a notebook or nobody is told how a job proceeds."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from analyzer.stats.estimate import RateEstimate


@dataclass(frozen=True, slots=True)
class SweepStage:
    """A campaign over bit error rates; `Observer.progress` tells how far each rate is.

    Attributes:
        rates: Bit error rates, each in (0, 1).
        metric: Label of the metric, e.g. ``top-1``.
    """

    rates: Sequence[float]
    metric: str


@dataclass(frozen=True, slots=True)
class MapStage:
    """A vulnerability map, or single events; `Observer.tensor` tells how far each tensor is.

    Attributes:
        tensors: Number of tensors at risk; 1 for single events, which are judged together.
        label: ``map`` or ``events``.
    """

    tensors: int
    label: str = "map"


@dataclass(frozen=True, slots=True)
class CountStage:
    """Steps of equal kind; `Observer.step` tells which is done.

    Attributes:
        total: Number of steps.
        label: What they do, e.g. ``comparing``.
    """

    total: int
    label: str


Stage = SweepStage | MapStage | CountStage


class Observer(Protocol):
    """Told how a job proceeds.

    The first nine methods are for people. The others are for a watchdog that ends a process whose
    native code hangs: it must hear a sign of life now and then.
    """

    def message(self, text: str) -> None:
        """Something that the user should know, in one line."""

    def reason(self, text: str) -> None:
        """Something that only who asks for reasons wants to know, in one line."""

    def budgeted(self, used: Callable[[], float]) -> None:
        """Take a function that tells which share of the budget is used, in [0, 1]."""

    def preparing(self, what: str) -> None:
        """A step before the first stage begins, e.g. ``reading the data``; the last one ends."""

    def began(self, head: str, beside: bool = False) -> None:
        """The head of the report, which is known before the work: it is text, line by line.

        Args:
            head: begins the text of the report.
            beside: whether standard output holds another form of the report.
        """

    def stage(self, stage: Stage) -> AbstractContextManager[None]:
        """A stage of the job, which lasts as long as the context."""

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Tell how far one rate of a `SweepStage` is.

        Args:
            rate: bit error rate.
            trials: number of trials done.
            share: estimated part of the trials that the rate needs, in [0, 1].
            found: estimate of the last look.
        """

    def tensor(self, index: int, trials: int, share: float) -> None:
        """Tell how far one tensor of a `MapStage` is.

        Args:
            index: of the tensor in the fault space.
            trials: number of trials done.
            share: estimated part of the trials that the tensor needs, in [0, 1].
        """

    def step(self, index: int) -> None:
        """Step ``index`` of a `CountStage` is done, counted from 0."""

    def alive(self) -> None:
        """A sign of life."""

    def prepared(self) -> None:
        """A sign of life; from now on such signs come more rarely, because a campaign begins."""

    def suspended(self) -> AbstractContextManager[None]:
        """Within the context no signs of life come: work without ONNX Runtime, however long."""

    def unwatched(self) -> None:
        """No sign of life will come any more: the work is done on other machines."""

    def before_device(self) -> None:
        """A device other than the CPU is about to be started, which reserves address space."""


class Silent:
    """An observer that ignores everything; override the methods that matter.

    >>> class Printing(Silent):
    ...     def message(self, text: str) -> None:
    ...         print(text)
    >>> Printing().message("the budget is spent")
    the budget is spent
    """

    def message(self, text: str) -> None:
        """Ignore a message."""

    def reason(self, text: str) -> None:
        """Ignore a reason."""

    def budgeted(self, used: Callable[[], float]) -> None:
        """Ignore the budget."""

    def preparing(self, what: str) -> None:
        """Ignore a step of the preparation."""

    def began(self, head: str, beside: bool = False) -> None:
        """Ignore the head of a report.

        Args:
            head: begins the text of the report.
            beside: whether standard output holds another form of the report.
        """

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Ignore the begin and the end of a stage."""
        yield

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        """Ignore the progress of a rate.

        Args:
            rate: bit error rate.
            trials: number of trials done.
            share: estimated part of the trials that the rate needs, in [0, 1].
            found: estimate of the last look.
        """

    def tensor(self, index: int, trials: int, share: float) -> None:
        """Ignore the progress of a tensor.

        Args:
            index: of the tensor in the fault space.
            trials: number of trials done.
            share: estimated part of the trials that the tensor needs, in [0, 1].
        """

    def step(self, index: int) -> None:
        """Ignore a finished step."""

    def alive(self) -> None:
        """No watchdog waits for a sign of life."""

    def prepared(self) -> None:
        """No watchdog waits for a sign of life."""

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """No watchdog waits for a sign of life."""
        yield

    def unwatched(self) -> None:
        """No watchdog waits for a sign of life."""

    def before_device(self) -> None:
        """No limit keeps a device from reserving address space."""


SILENT: Observer = Silent()


class _OfPart:
    """Tells another observer all but the head of the report."""

    def __init__(self, whole: Observer) -> None:
        self._whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    def began(self, head: str, beside: bool = False) -> None:
        """Ignore the head: the part has no report of its own.

        Args:
            head: begins the text of the report.
            beside: whether standard output holds another form of the report.
        """


def of_part(observer: Observer) -> Observer:
    """An observer of a job that is part of another one, whose report is not shown.

    Args:
        observer: of the whole; is told everything but the head of a report.
    """
    return cast(Observer, _OfPart(observer))

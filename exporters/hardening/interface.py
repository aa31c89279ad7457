"""The interface of the family of mitigations, and the records that go in and come out.

A mitigation changes a model so that bit flips do less harm: a bound on activations, a vote among
three copies of a tensor, weights rounded to fewer bits. Each is one object in one file of
`exporters.hardening.mitigations`, listed there. The caller, `exporters.hardening.harden`, asks
`requires` first, then `apply`, then checks `ensures`.

This module is imported for ``relcheck --help``: nothing heavy is loaded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import onnx

    from analyzer.evaluation.dataset import AnyBatch, Dataset
    from exporters.hardening.bounds.thresholds import Threshold, ThresholdFile
    from exporters.hardening.clipact.resumable import SearchResult
    from exporters.hardening.clipact.search import SearchRequest
    from exporters.hardening.not_applied import NotApplied
    from exporters.hardening.subject import Subject

Step = Callable[[int], object]
"""Told the index of each piece of work that is done."""


@contextmanager
def _count_silently(_total: int, _label: str) -> Iterator[Step]:
    yield lambda _: None


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")


@dataclass(frozen=True)
class Resources:
    """The means that a mitigation works with; callers inject them.

    Attributes:
        data: All images of the data set; None: there is none.
        batches: The same images as they are run.
        count: Shows progress: total and label -> a context that is told each step.
        alive: Called every now and then in long work.
        say: Tells a person one sentence.
        write: Writes a file, whole or not at all.
        cpu_seconds: CPU time of this process.
    """

    data: Dataset | None = None
    batches: Sequence[AnyBatch] = ()
    count: Callable[[int, str], AbstractContextManager[Step]] = _count_silently
    alive: Callable[[], object] = lambda: None
    say: Callable[[str], object] = lambda _: None
    write: Callable[[Path, str], object] = _write_text
    cpu_seconds: Callable[[], float] = lambda: 0.0


@dataclass(frozen=True)
class Order:
    """The things that a user may ask of a mitigation besides the model and the data.

    Attributes:
        thresholds: File with the bounds, instead of data.
        search: Settings of a threshold search.
        state: File that keeps an unfinished search; None: nothing is kept.
        budget: CPU seconds for a search; None: no limit.
    """

    thresholds: Path | None = None
    search: SearchRequest | None = None
    state: Path | None = None
    budget: float | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """One place in a model that was changed.

    Attributes:
        value: Name of the value, node or tensor.
        kind: Its operator or kind.
        change: The change in a few words, for people.
        bound: The range, where the change is a bound on a value.
    """

    value: str
    kind: str
    change: str
    bound: Threshold | None = None


@dataclass(frozen=True)
class Change:
    """A hardened model, and how it came about.

    Attributes:
        proto: The hardened model: a new one, the subject's is as it was.
        applied: The places that were changed, in the order of the graph.
        left: The places that were left as they are, each with the reason.
        basis: The source of the numbers in it, for people: images, a file, the method alone.
        entries: Further ``metadata_props`` by key, besides method and origin.
        thresholds: The bounds as a file keeps them, if there are bounds.
        search: The threshold search, if there was one.
        obsolete: Files that are of no use any more once the model is written.
    """

    proto: onnx.ModelProto
    applied: tuple[Applied, ...]
    left: tuple[NotApplied, ...] = ()
    basis: str = "the method alone"
    entries: Mapping[str, str] = field(default_factory=dict)
    thresholds: ThresholdFile | None = None
    search: SearchResult | None = None
    obsolete: tuple[Path, ...] = ()


Rows = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Example:
    """A tiny model, and the answers of its hardened form; a test runs every example of the family.

    Attributes:
        model: ONNX text; one input float32 (n, k), one output.
        given: float32 (n, k), rows that the hardened model is fed.
        answers: Its output to ``given``, exactly; NaN stands for any NaN.
        calibration: float32 (m, k), rows that the mitigation sees; empty: it needs none.
    """

    model: str
    given: Rows
    answers: Rows
    calibration: Rows = ()


class Mitigation(Protocol):
    """One way to change a model so that bit flips do less harm. It holds no state."""

    @property
    def name(self) -> str:
        """Word of ``--method``, of reports and of ``metadata_props``: a-z, 0-9 and hyphens."""

    @property
    def summary(self) -> str:
        """The change in half a line, for help texts and documentation."""

    @property
    def options(self) -> frozenset[str]:
        """Options of ``relcheck harden`` that not every mitigation takes, without dashes."""

    def check_options(self, given: frozenset[str]) -> None:
        """Refuse a combination of options, before any file is read.

        Args:
            given: names of the options that were given; but for ``data``, all are of `options`.

        Raises:
            BadOption: something is missing, or two do not go together.
        """

    def requires(self, subject: Subject) -> None:
        """Refuse a model that this cannot be applied to, before any data are read.

        Raises:
            ModelError: the message says what the model lacks.
        """

    def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
        """Change a copy of a model.

        Args:
            subject: passed by `requires`; it is not changed.
            order: passed by `check_options`.
            resources: data, progress, files.

        Raises:
            RelcheckError: data or files do not suit.
        """

    def ensures(self, subject: Subject, change: Change) -> None:
        """Check the postconditions of `apply` on its result.

        Args:
            subject: the model before.
            change: the result.

        Raises:
            NotEnsured: one does not hold; a defect.
        """

    def examples(self) -> tuple[Example, ...]:
        """At least one example, which a test executes."""

"""Known answers, and the findings of asking for them."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar


@dataclass(frozen=True, slots=True)
class KnownAnswer(ABC):
    """One question with its answer, found without the code that is to be verified.

    Attributes:
        id: ``KA-`` and three digits.
        requirement: The requirement it verifies, a key of `REQUIREMENTS`.
        working: How the answer is found by hand, or the outside source that gives it.
    """

    id: str
    requirement: str
    working: str

    @property
    @abstractmethod
    def given(self) -> str:
        """The question in words."""

    @property
    @abstractmethod
    def expected(self) -> str:
        """The answer in words."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of the installed tool to one question."""

    answer: KnownAnswer
    found: str
    agrees: bool


A = TypeVar("A", bound=KnownAnswer)

Check = Callable[[Sequence[A]], Iterable[Finding]]
"""Asks some questions; one finding for each."""


def guarded(answer: A, find: Callable[[A], tuple[str, bool]]) -> Finding:
    """The finding about one question; one that differs if asking raises, whatever broke.

    Args:
        answer: the question with its known answer.
        find: asks it; returns what was found, in words, and whether it agrees.
    """
    try:
        found, agrees = find(answer)
    except Exception as error:
        found, agrees = f"{type(error).__name__}: {error}", False
    return Finding(answer, found, agrees)


def each(find: Callable[[A], tuple[str, bool]]) -> Check[A]:
    """A check that asks one question at a time; ``find`` judges the answer itself."""
    return lambda answers: [guarded(a, find) for a in answers]


def exactly(find: Callable[[A], str]) -> Check[A]:
    """A check that asks one question at a time and wants the expected words."""

    def compare(answer: A) -> tuple[str, bool]:
        found = find(answer)
        return found, found == answer.expected

    return each(compare)


@dataclass(frozen=True, slots=True)
class Topic(Generic[A]):
    """Questions of one kind.

    Attributes:
        title: A few words.
        answers: The questions with their answers.
        check: Asks them.
        also: Requirements that are verified along with each of them.
    """

    title: str
    answers: tuple[A, ...]
    check: Check[A]
    also: tuple[str, ...] = ()

    def run(self) -> tuple[Finding, ...]:
        """Ask all of them."""
        return tuple(self.check(self.answers))


def show(value: float) -> str:
    """The shortest text that reads back as ``value``.

    >>> show(-0.0), show(5), show(0.1), show(float("nan"))
    ('-0', '5', '0.1', 'nan')
    """
    return repr(float(value)).removesuffix(".0")


def listed(values: Iterable[float]) -> str:
    """Several of them.

    >>> listed((1.0, 0.5))
    '1, 0.5'
    """
    return ", ".join(map(show, values))

"""Live against oracle: the same patterns through both executors, compared bit for bit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analyzer.answers import Failure, Feeds, Result
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.sampling import draw_pattern, draw_single, generator
from analyzer.faults.space import FaultSpace
from analyzer.runtime.executor import Executor

MEAN_UPSETS = (1.0, 10.0, 100.0)
"""Mean upsets of the patterns spread over the whole space, in turn."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One pattern on which the executors disagree."""

    index: int
    tensors: tuple[str, ...]
    upsets: int


@dataclass(frozen=True, slots=True)
class SelfTest:
    """What the comparison found.

    Attributes:
        patterns: Patterns compared.
        upsets: Upsets in all of them.
        changed: Patterns whose answer differs from golden: a test in which nothing changes
            would prove nothing.
        failures: Patterns that ended in a runtime error, in both executors.
        mismatches: Patterns on which the answers differ.
        golden_equal: Whether the golden answers are equal.
    """

    patterns: int
    upsets: int
    changed: int
    failures: int
    mismatches: tuple[Mismatch, ...]
    golden_equal: bool

    @property
    def passed(self) -> bool:
        """Whether live and oracle agree everywhere."""
        return self.golden_equal and not self.mismatches


def test_patterns(
    space: FaultSpace, fault: FaultModel, count: int, seed: int
) -> Iterator[FaultPattern]:
    """Patterns that visit every tensor: single upsets in each in turn, and spread-out ones."""
    for index in range(count):
        rng = generator(f"seed={seed}", "self-test", index)
        turn, kind = divmod(index, 2)
        if kind == 0:
            tensor = turn % len(space.tensors)
            first, last = space.offsets[tensor], space.offsets[tensor + 1]
            yield draw_single(rng, int(first), int(last), fault)
        else:
            mean = min(MEAN_UPSETS[turn % len(MEAN_UPSETS)], space.bits / 2)
            yield draw_pattern(rng, CountLaw(space.bits, mean / space.bits), fault)


def run_selftest(
    live: Executor,
    oracle: Executor,
    space: FaultSpace,
    feeds: Feeds,
    patterns: Iterator[FaultPattern],
    progress: Callable[[int], None],
) -> SelfTest:
    """Run every pattern through both executors.

    Raises:
        NotRestored: afterwards a live weight is not golden.
    """
    golden = live.run(feeds)
    upsets = changed = failures = count = 0
    mismatches: list[Mismatch] = []
    for index, pattern in enumerate(patterns):
        found, expected = _answer(live, pattern, feeds), _answer(oracle, pattern, feeds)
        if not found.same_as(expected):
            mismatches.append(Mismatch(index, _names(space, pattern), len(pattern)))
        count, upsets = count + 1, upsets + len(pattern)
        changed += not expected.same_as(golden)
        failures += isinstance(expected, Failure)
        progress(index)
    live.check_golden()
    equal = golden.same_as(oracle.run(feeds))
    return SelfTest(count, upsets, changed, failures, tuple(mismatches), equal)


def _answer(executor: Executor, pattern: FaultPattern, feeds: Feeds) -> Result:
    with executor.inject(pattern) as run:
        return run(feeds)


def _names(space: FaultSpace, pattern: FaultPattern) -> tuple[str, ...]:
    return tuple(space.tensors[m.tensor].name for m in space.masks(pattern))

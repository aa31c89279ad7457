"""Live weights against the oracle: the same patterns on both, compared bit for bit.

Where live weights add up in another order than a default session, answers are compared bit for bit
with a file whose weights are not packed, and by their decisions with the default session.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from analyzer.answers import Failure, Feeds
from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.sampling import draw_pattern, draw_single, generator, with_kinds
from analyzer.faults.space import FaultSpace
from analyzer.runtime.executor import Executor
from analyzer.verification.decisions import Pair
from analyzer.verification.faulty_run import run_under

SameOutcomes = Callable[[Pair, Pair], bool]
"""Tells if two executors lead to the same outcome of every image, each by its own golden answer."""


def nothing_judged(_one: Pair, _other: Pair) -> bool:
    """True: of a model of which nothing tells what an answer is, no outcome differs."""
    return True


MOST_OTHERWISE = 0.02
"""Share of patterns under which the order of sums may decide an outcome: those next to a tie."""

MEAN_UPSETS = (1.0, 10.0, 100.0)
"""Mean upsets of the patterns spread over the whole space, in turn."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A pattern on which the executors disagree.

    Attributes:
        index: Index of the pattern.
        tensors: Names of the tensors that it hits.
        upsets: Number of upsets in it.
    """

    index: int
    tensors: tuple[str, ...]
    upsets: int


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Result of the comparison.

    Attributes:
        patterns: Patterns drawn.
        upsets: Upsets in all patterns together.
        changed: Patterns whose answer differs from golden: a test in which nothing changes
            would prove nothing.
        failures: Patterns that end in a runtime error, by the oracle.
        mismatches: Patterns on which the answers differ.
        golden_equal: True if both executors give the same answer without faults.
        rounded: Patterns whose answers differ from those of a default session in the order of sums.
        decided_otherwise: Those of them under which some image has another outcome.
        unserved: Patterns that only the oracle can run, so that nothing was compared.
    """

    patterns: int
    upsets: int
    changed: int
    failures: int
    mismatches: tuple[Mismatch, ...]
    golden_equal: bool
    rounded: int = 0
    decided_otherwise: int = 0
    unserved: int = 0

    @property
    def compared(self) -> int:
        """Patterns that two different ways ran."""
        return self.patterns - self.unserved

    @property
    def agreed(self) -> bool:
        """True if no difference was found that the order of sums does not explain."""
        few = self.decided_otherwise <= MOST_OTHERWISE * self.patterns
        return self.golden_equal and not self.mismatches and few

    @property
    def passed(self) -> bool:
        """True if something was compared, and both executors agree."""
        return self.agreed and self.compared > 0


def test_patterns(
    space: FaultSpace, fault: FaultModel, count: int, seed: int
) -> Iterator[FaultPattern]:
    """Patterns that visit every tensor: single upsets in each tensor in turn, and spread-out ones.

    Args:
        space: the bits at risk.
        fault: what one upset does.
        count: number of patterns, 0 or more.
        seed: of the random numbers.
    """
    for index in range(count):
        rng = generator(f"seed={seed}", "self-test", index)
        turn, kind = divmod(index, 2)
        if kind == 0:
            tensor = turn % len(space.tensors)
            first, last = space.offsets[tensor], space.offsets[tensor + 1]
            yield with_kinds(rng, draw_single(rng, int(first), int(last), fault))
        else:
            mean = min(MEAN_UPSETS[turn % len(MEAN_UPSETS)], space.bits / 2)
            law = CountLaw(space.bits, mean / space.bits)
            yield with_kinds(rng, draw_pattern(rng, law, fault))


def run_selftest(
    live: Executor,
    oracle: Executor,
    space: FaultSpace,
    feeds: Feeds,
    patterns: Iterator[FaultPattern],
    progress: Callable[[int], None],
    plain: Executor | None = None,
    same: SameOutcomes = nothing_judged,
) -> SelfTest:
    """Run every pattern on both executors.

    Args:
        live: the executor under test.
        oracle: the executor that is right by construction.
        space: the bits at risk.
        feeds: one batch, by the names of the model's inputs.
        patterns: the faults.
        progress: called with the index of each pattern that is done.
        plain: the oracle of weights that are not packed; None: live weights must answer exactly
            what ``oracle`` does.
        same: tells if two executors lead to the same outcomes, for patterns under which they round
            differently; by default nothing is judged.

    Raises:
        NotRestored: afterwards a live weight is not golden.
    """
    golden, defaults = live.run(feeds), oracle.run(feeds)
    upsets = changed = failures = count = rounded = otherwise = 0
    mismatches: list[Mismatch] = []
    for index, pattern in enumerate(patterns):
        found, expected = run_under(live, pattern, feeds), run_under(oracle, pattern, feeds)
        if not found.same_as(expected):
            if plain is not None and found.same_as(run_under(plain, pattern, feeds)):
                rounded += 1
                otherwise += not same((golden, found), (defaults, expected))
            else:
                mismatches.append(Mismatch(index, _names(space, pattern), len(pattern)))
        count, upsets = count + 1, upsets + len(pattern)
        changed += not expected.same_as(defaults)
        failures += isinstance(expected, Failure)
        progress(index)
    live.check_golden()
    equal = golden.same_as(defaults if plain is None else plain.run(feeds))
    return SelfTest(count, upsets, changed, failures, tuple(mismatches), equal, rounded, otherwise)


def _names(space: FaultSpace, pattern: FaultPattern) -> tuple[str, ...]:
    return tuple(space.every[m.tensor].name for m in space.masks(pattern))

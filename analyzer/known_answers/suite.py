"""All known answers, asked of the installed tool."""

from dataclasses import dataclass
from typing import Any

from analyzer.known_answers import (
    counts,
    draws,
    estimates,
    events,
    exposure,
    fixed_point,
    fixed_point_halves,
    frequencies,
    gates,
    halves,
    ieee754,
    integers,
    intervals,
    nibbles,
    numbering,
    operators,
    outcomes,
    plans,
    several,
    strata,
)
from analyzer.known_answers.records import Finding, Topic
from analyzer.known_answers.stored import check_stored

_RESTORED = ("R-7",)

TOPICS: tuple[Topic[Any], ...] = (
    Topic("float32 and float64", ieee754.ANSWERS, check_stored, _RESTORED),
    Topic("float16 and bfloat16", halves.ANSWERS, check_stored, _RESTORED),
    Topic("int32, int8, uint8", integers.ANSWERS, check_stored, _RESTORED),
    Topic("int4 and uint4", nibbles.ANSWERS, check_stored, _RESTORED),
    Topic(
        "q15.16",
        fixed_point.ANSWERS + fixed_point_halves.ANSWERS,
        check_stored,
        _RESTORED,
    ),
    Topic("words, rows, columns", events.ANSWERS, check_stored, _RESTORED),
    Topic("several upsets, bursts", several.ANSWERS, check_stored, _RESTORED),
    Topic("upsets in operators", operators.ANSWERS, operators.check_operators, _RESTORED),
    Topic("numbers of bits", numbering.ANSWERS, numbering.check_numbering),
    Topic("probabilities of counts", counts.CHANCES, counts.check_chances),
    Topic("counts drawn", counts.QUANTILES, counts.check_quantiles),
    Topic("frequencies", frequencies.ANSWERS, frequencies.check_frequencies),
    Topic("severe bits", strata.SEVERE, strata.check_severe),
    Topic("strata", strata.WEIGHTS, strata.check_weights),
    Topic("random words", draws.WORDS, draws.check_words),
    Topic("draws of trials", draws.DRAWS, draws.check_draws),
    Topic("plan ids", plans.ANSWERS, plans.check_plans),
    Topic("confidence limits", intervals.ANSWERS, intervals.check_limits),
    Topic("estimates", estimates.ANSWERS, estimates.check_estimates),
    Topic("outcomes", outcomes.ANSWERS, outcomes.check_outcomes),
    Topic("raw rates and failures in time", exposure.ANSWERS, exposure.check_exposure),
    Topic("gates", gates.ANSWERS, gates.check_gates),
)
"""Every question, in the order in which it is asked."""


@dataclass(frozen=True, slots=True)
class TopicResult:
    """The findings of one topic."""

    title: str
    findings: tuple[Finding, ...]

    @property
    def differing(self) -> tuple[Finding, ...]:
        """Those whose answer is not the known one."""
        return tuple(f for f in self.findings if not f.agrees)


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """The findings of all topics."""

    topics: tuple[TopicResult, ...]

    @property
    def asked(self) -> int:
        """Questions asked."""
        return sum(len(t.findings) for t in self.topics)

    @property
    def differing(self) -> tuple[Finding, ...]:
        """Those whose answer is not the known one."""
        return tuple(f for t in self.topics for f in t.differing)

    @property
    def passed(self) -> bool:
        """True if every answer is the known one."""
        return not self.differing


def run_suite(topics: tuple[Topic[Any], ...] = TOPICS) -> SuiteResult:
    """Ask every question."""
    return SuiteResult(tuple(TopicResult(t.title, t.run()) for t in topics))

"""Verdicts: whether the evidence meets the conditions of a gate."""

from dataclasses import dataclass

from analyzer.gate import Judgement, overall, parse_gate
from analyzer.known_answers.records import KnownAnswer, exactly, show
from analyzer.stats.intervals import Interval

Evidence = tuple[str, tuple[float, float, float]]
"""A condition, and (estimate, low, high) of its figure."""


@dataclass(frozen=True, slots=True)
class GateVerdict(KnownAnswer):
    """The verdict of a gate."""

    evidence: tuple[Evidence, ...]
    verdict: str

    @property
    def given(self) -> str:
        """The question in words."""
        return "; ".join(
            f"{condition} with {show(estimate)} in {show(low)} to {show(high)}"
            for condition, (estimate, low, high) in self.evidence
        )

    @property
    def expected(self) -> str:
        """The answer in words."""
        return self.verdict


def _find(asked: GateVerdict) -> str:
    judgements = []
    for text, limits in asked.evidence:
        condition, interval = parse_gate(text), Interval(*limits)
        judgements.append(Judgement(condition, interval, condition.judge(interval)))
    return str(overall(judgements))


_FLOOR, _CEILING = "top1 >= 0.90 @ 1e-6", "sdc <= 0.01 @ 1e-6"

ANSWERS = (
    GateVerdict(
        "KA-901", "R-16", "0.91 > 0.90: all of it.", ((_FLOOR, (0.95, 0.91, 0.97)),), "pass"
    ),
    GateVerdict(
        "KA-902",
        "R-16",
        "The estimate clears the floor, the lower limit does not.",
        ((_FLOOR, (0.95, 0.89, 0.97)),),
        "undecided",
    ),
    GateVerdict(
        "KA-903", "R-16", "0.89 < 0.90: none of it.", ((_FLOOR, (0.85, 0.8, 0.89)),), "fail"
    ),
    GateVerdict("KA-904", "R-16", "0.90 meets >= 0.90.", ((_FLOOR, (0.95, 0.9, 0.97)),), "pass"),
    GateVerdict(
        "KA-905",
        "R-16",
        "The upper limit, 0.90, would meet the bound.",
        ((_FLOOR, (0.85, 0.8, 0.9)),),
        "undecided",
    ),
    GateVerdict(
        "KA-906",
        "R-16",
        "Nothing was observed in 300 trials: the bound of KA-705 is below 0.01.",
        ((_CEILING, (0.0, 0.0, 0.009936)),),
        "pass",
    ),
    GateVerdict(
        "KA-907",
        "R-16",
        "Nothing was observed in 149 trials, which shows 0.0199 at most: not enough.",
        ((_CEILING, (0.0, 0.0, 0.0199)),),
        "undecided",
    ),
    GateVerdict(
        "KA-908", "R-16", "0.02 > 0.01: none of it.", ((_CEILING, (0.05, 0.02, 0.08)),), "fail"
    ),
    GateVerdict(
        "KA-909",
        "R-16",
        "Pass, undecided and fail: one failed condition fails the gate.",
        (
            (_FLOOR, (0.95, 0.91, 0.97)),
            (_CEILING, (0.0, 0.0, 0.0199)),
            (_CEILING, (0.05, 0.02, 0.08)),
        ),
        "fail",
    ),
    GateVerdict(
        "KA-910",
        "R-16",
        "Pass and undecided: undecided.",
        ((_FLOOR, (0.95, 0.91, 0.97)), (_CEILING, (0.0, 0.0, 0.0199))),
        "undecided",
    ),
)
"""Verdicts on single conditions, and on several."""

check_gates = exactly(_find)

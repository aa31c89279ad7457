"""Outcomes of faulty answers: masked, SDC or DUE, right or wrong."""

from dataclasses import dataclass
from math import inf, nan

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.image_axis import FIRST
from analyzer.evaluation.metrics import metric_named
from analyzer.evaluation.outcome import Judge
from analyzer.evaluation.rules.classification import Classification
from analyzer.evaluation.rules.regression import Regression
from analyzer.evaluation.rules.rule import DecisionRule
from analyzer.evaluation.rules.several import Part, Several
from analyzer.known_answers.records import KnownAnswer, exactly, listed

Rows = tuple[tuple[float, ...], ...]
"""One output: a row of numbers per image."""


@dataclass(frozen=True, slots=True)
class Outcome(KnownAnswer):
    """The outcomes of the images of one trial.

    Attributes:
        metric: What a right answer is.
        labels: The right classes; none for agreement with golden.
        golden: Every output without faults.
        faulty: Every output under them; none if the run ended in an error.
        sdc: Images silently corrupted.
        due: Images with a detected error.
        masked: Images unharmed.
        lost: Images right without faults and wrong under them.
        gained: The other way round.
    """

    metric: str
    labels: tuple[int, ...]
    golden: tuple[Rows, ...]
    faulty: tuple[Rows, ...]
    sdc: int = 0
    due: int = 0
    masked: int = 0
    lost: int = 0
    gained: int = 0

    @property
    def given(self) -> str:
        """The question in words."""
        labels = f" to labels {', '.join(map(str, self.labels))}" if self.labels else ""
        became = _rows(self.faulty) if self.faulty else "an error of the runtime"
        return f"{self.metric}{labels}: {_rows(self.golden)} becomes {became}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _counts(self.sdc, self.due, self.masked, self.lost, self.gained)


def _rows(outputs: tuple[Rows, ...]) -> str:
    return " and ".join("; ".join(f"({listed(row)})" for row in rows) for rows in outputs)


def _counts(sdc: int, due: int, masked: int, lost: int, gained: int) -> str:
    return f"{sdc} SDC, {due} DUE, {masked} masked; {lost} lost, {gained} gained"


def _answer(outputs: tuple[Rows, ...]) -> Answer:
    return Answer(tuple(np.array(rows, np.float32) for rows in outputs))


def _rule(rows: Rows) -> DecisionRule:
    """The rule of an output: the highest of several scores, or the one number."""
    return Classification() if len(rows[0]) > 1 else Regression()


def _find(asked: Outcome) -> str:
    labels: npt.NDArray[np.int64] | None = np.array(asked.labels) if asked.labels else None
    unharmed, images = _answer(asked.golden), len(asked.golden[0])
    names = tuple(f"output {place}" for place in range(len(unharmed.outputs)))
    rules = tuple(Part(name, _rule(rows)) for name, rows in zip(names, asked.golden, strict=True))
    definition = AnswerDefinition(
        names=names,
        axes=(FIRST,) * len(names),
        judged=tuple(range(len(names))),
        watched=tuple(range(len(names))),
        rule=rules[0].rule if len(rules) == 1 else Several(rules),
        metric=metric_named(asked.metric),
        scored=None if len(rules) == 1 else 0,
    )
    judge, (golden,) = Judge(definition).fitted(
        [Judge(definition).golden(unharmed, labels, images)]
    )
    result = _answer(asked.faulty) if asked.faulty else Failure("out of range")
    found = judge.outcomes(golden, result, labels)
    return _counts(found.sdc, found.due, found.masked, found.lost, found.gained)


_GOLDEN: tuple[Rows, ...] = (((1, 2), (4, 3)),)
"""Two images, two classes: decisions 1 and 0."""

ANSWERS = (
    Outcome(
        "KA-801",
        "R-12",
        "NaN in the answer to image 0 announces itself.",
        "top1",
        (1, 0),
        _GOLDEN,
        (((nan, 2), (4, 3)),),
        due=1,
        masked=1,
        lost=1,
    ),
    Outcome(
        "KA-802",
        "R-12",
        "Infinity where golden is finite, of either sign, even if the decision stays.",
        "top1",
        (1, 0),
        _GOLDEN,
        (((1, inf), (4, -inf)),),
        due=2,
        lost=2,
    ),
    Outcome(
        "KA-803",
        "R-12",
        "Infinity where golden has it too is no sign of a fault.",
        "top1",
        (1, 0),
        (((-inf, 2), (4, 3)),),
        (((-inf, 2), (4, 3)),),
        masked=2,
    ),
    Outcome(
        "KA-804",
        "R-12",
        "The decision of image 0 moves from class 1 to class 0, and nothing announces it.",
        "top1",
        (1, 0),
        _GOLDEN,
        (((3, 2), (4, 3)),),
        sdc=1,
        masked=1,
        lost=1,
    ),
    Outcome(
        "KA-805",
        "R-12",
        "Scores move, decisions stay.",
        "top1",
        (1, 0),
        _GOLDEN,
        (((1.5, 900), (3.5, 3)),),
        masked=2,
    ),
    Outcome(
        "KA-806",
        "R-12",
        "A run that ends in an error is DUE for every image.",
        "top1",
        (1, 0),
        _GOLDEN,
        (),
        due=2,
        lost=2,
    ),
    Outcome(
        "KA-807",
        "R-12",
        "NaN in any output counts, not only in the first.",
        "top1",
        (1, 0),
        (((1, 2), (4, 3)), ((0,), (0,))),
        (((1, 2), (4, 3)), ((0,), (nan,))),
        due=1,
        masked=1,
        lost=1,
    ),
    Outcome(
        "KA-808",
        "R-12",
        "One number per image, no class scores: golden's range is 10, and more than 1 % of it is "
        "a change: 0.05 is none, 9.8 in place of 10 is one.",
        "agreement",
        (),
        (((0,), (10,)),),
        (((0.05,), (9.8,)),),
        sdc=1,
        masked=1,
        lost=1,
    ),
    Outcome(
        "KA-821",
        "R-13",
        "Golden is wrong on image 0; the fault puts it right. It is SDC all the same.",
        "top1",
        (0, 0),
        _GOLDEN,
        (((3, 2), (4, 3)),),
        sdc=1,
        masked=1,
        gained=1,
    ),
    Outcome(
        "KA-822",
        "R-13",
        "Golden is wrong on image 0, and NaN stands at the label: a DUE is not a right answer.",
        "top1",
        (0, 0),
        _GOLDEN,
        (((nan, 2), (4, 3)),),
        due=1,
        masked=1,
    ),
    Outcome(
        "KA-823",
        "R-13",
        "Without labels golden's decisions are the right answers.",
        "agreement",
        (),
        _GOLDEN,
        (((3, 2), (4, 3)),),
        sdc=1,
        masked=1,
        lost=1,
    ),
    Outcome(
        "KA-824",
        "R-13",
        "The label, class 4, falls from the fifth place to the sixth; the decision stays class 0.",
        "top5",
        (4,),
        (((6, 5, 4, 3, 2, 1),),),
        (((6, 5, 4, 3, 1, 2),),),
        masked=1,
        lost=1,
    ),
    Outcome(
        "KA-825",
        "R-13",
        "The decision moves from class 0 to class 1; the label, class 4, is still among five.",
        "top5",
        (4,),
        (((6, 5, 4, 3, 2, 1),),),
        (((5, 6, 4, 3, 2, 1),),),
        sdc=1,
    ),
)
"""Outcomes, and what they do to the metric."""

check_outcomes = exactly(_find)

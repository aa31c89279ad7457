"""Ids of plans: who adds to the content of a plan makes all journals void, and edits this."""

from dataclasses import dataclass

from analyzer.campaign.plan import Exposure, Plan
from analyzer.faults.models import parse_fault
from analyzer.faults.selection import Selection
from analyzer.known_answers.records import KnownAnswer, exactly

_ZEROS, _ONES = "00" * 32, "ff" * 32


@dataclass(frozen=True, slots=True)
class PlanId(KnownAnswer):
    """The id of a plan.

    Attributes:
        rates: Its bit error rates.
        precision: Its precision.
        seed: Its seed; all else is the same in each question.
        canonical: The text whose digest the id is.
        digest: The first 16 digits of that digest.
    """

    rates: tuple[float, ...]
    precision: float
    seed: int
    canonical: str
    digest: str

    @property
    def given(self) -> str:
        """The question in words."""
        return f"rates {self.rates}, precision {self.precision}: {self.canonical}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return self.digest


def _find(asked: PlanId) -> str:
    return Plan(
        model_sha256=_ZEROS,
        data_sha256=_ONES,
        images=100,
        rates=asked.rates,
        exposure=Exposure.TRANSIENT,
        encoding="stored",
        fault=parse_fault("burst:3"),
        selection=Selection(include=("conv*",)),
        metric="top1",
        batch=32,
        seed=asked.seed,
        precision=asked.precision,
        confidence=0.95,
    ).id


_TEXT = (
    f'{{"batch":32,"data":"{_ONES}","encoding":"stored","exclude":[],"exposure":"transient",'
    f'"fault":"burst:3","images":100,"include":["conv*"],"kinds":[],"metric":"top1",'
    f'"model":"{_ZEROS}","seed":'
)

ANSWERS = (
    PlanId(
        "KA-561",
        "R-11",
        "The first 16 digits of SHA-256 of the text, as sha256sum gives them.",
        (1e-6, 1e-5),
        0.01,
        7,
        _TEXT + "7}",
        "165f26681396058f",
    ),
    PlanId(
        "KA-562",
        "R-11",
        "Other rates and another precision: the same, so that a wider campaign extends this one.",
        (1e-7,),
        0.001,
        7,
        _TEXT + "7}",
        "165f26681396058f",
    ),
    PlanId(
        "KA-563",
        "R-11",
        "Another seed: another id.",
        (1e-6, 1e-5),
        0.01,
        8,
        _TEXT + "8}",
        "131ab0716b3983e2",
    ),
)
"""Digests of text that is written out."""

check_plans = exactly(_find)

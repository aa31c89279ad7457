"""What trials draw: frozen, so that a library that changes its random numbers is noticed."""

from dataclasses import dataclass

import numpy as np

from analyzer.campaign.plan import Exposure, Plan
from analyzer.faults import CountLaw, parse_fault
from analyzer.known_answers.records import KnownAnswer, exactly, show
from analyzer.sampling import draw_batch, draw_pattern, generator
from analyzer.space import Selection


@dataclass(frozen=True, slots=True)
class Words(KnownAnswer):
    """The first words of the random numbers of one trial."""

    plan: str
    stream: str
    trial: int
    words: tuple[int, ...]

    @property
    def given(self) -> str:
        """The question in words."""
        return f"words of plan {self.plan}, {self.stream}, trial {self.trial}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _hex(self.words)


@dataclass(frozen=True, slots=True)
class TrialDraw(KnownAnswer):
    """The batch and the sites that one trial draws.

    Attributes:
        plan: Id of the plan.
        stream: Name of the random numbers.
        trial: Index of the trial.
        ends: Running totals of the images of the batches.
        bits: Bits at risk.
        rate: Bit error rate.
        batch: The batch drawn.
        sites: The sites drawn.
    """

    plan: str
    stream: str
    trial: int
    ends: tuple[int, ...]
    bits: int
    rate: float
    batch: int
    sites: tuple[int, ...]

    @property
    def given(self) -> str:
        """The question in words."""
        law = f"{self.bits} bits at rate {show(self.rate)}"
        batches = f"batches ending at {', '.join(map(str, self.ends))}"
        return f"plan {self.plan}, {self.stream}, trial {self.trial}: {law}, {batches}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _drawn(self.batch, self.sites)


@dataclass(frozen=True, slots=True)
class PlanId(KnownAnswer):
    """The id of a plan.

    Attributes:
        plan: The plan.
        canonical: The text whose digest it is.
        digest: The first 16 digits of that digest.
    """

    plan: Plan
    canonical: str
    digest: str

    @property
    def given(self) -> str:
        """The question in words."""
        return self.canonical

    @property
    def expected(self) -> str:
        """The answer in words."""
        return self.digest


def _hex(words: tuple[int, ...]) -> str:
    return " ".join(f"{word:016x}" for word in words)


def _drawn(batch: int, sites: tuple[int, ...]) -> str:
    return f"batch {batch}, sites {', '.join(map(str, sites))}"


def _words(asked: Words) -> str:
    numbers = generator(asked.plan, asked.stream, asked.trial).bit_generator
    return _hex(tuple(int(numbers.random_raw()) for _ in asked.words))


def _draw(asked: TrialDraw) -> str:
    rng = generator(asked.plan, asked.stream, asked.trial)
    batch = draw_batch(rng, np.array(asked.ends))
    pattern = draw_pattern(rng, CountLaw(asked.bits, asked.rate), parse_fault("flip"))
    return _drawn(batch, tuple(pattern.sites.tolist()))


WORDS = (
    Words(
        "KA-541",
        "R-10",
        "Key: the first 16 bytes of SHA-256 of the plan, a line feed and the stream, little-endian "
        "5372f8b539c0373c, 15d793e6a04f303f. Counter (1, 0, 0, 0). Ten rounds of Philox 4x64 "
        "(Salmon et al., SC 2011), computed apart by a program that the known answers of Random123 "
        "confirm: tests/known_answers/philox.py.",
        "0123456789abcdef",
        "rate=0.001",
        0,
        (0x8041F5D5B102DE2A, 0xDED0815EE42A22AE, 0x57CEC5C73DAB4141, 0x4A5439907C28A937)
        + (0x29FDFE11E905BB94,),
    ),
    Words(
        "KA-542",
        "R-10",
        "The same with counter (1, 0, 1, 0): the trial is the third word of the counter.",
        "0123456789abcdef",
        "rate=0.001",
        1,
        (0x67D418EBBBAA8803, 0x56EAF3A181A73DB3),
    ),
)
"""Words."""

_PLAN, _LOW = "0123456789abcdef", "rate=0.001"

DRAWS = (
    TrialDraw(
        "KA-551",
        "R-10",
        "Words of KA-541. b102de2a / 2^32 * 4 = 2.77: image 2, batch 0. ded08.../2^64 = 0.8704 "
        "lies between 0.5821 and 0.8731: two upsets. 8041f5d5 / 2^32 * 1000 = 501.0, "
        "3dab4141 / 2^32 * 1000 = 240.9.",
        _PLAN,
        _LOW,
        0,
        (3, 4),
        1000,
        0.001,
        0,
        (240, 501),
    ),
    TrialDraw(
        "KA-552",
        "R-10",
        "Words of KA-542. bbaa8803 / 2^32 * 4 = 2.9: batch 0. 56eaf.../2^64 = 0.3395 < 0.5821: "
        "one upset. 67d418eb / 2^32 * 1000 = 405.6.",
        _PLAN,
        _LOW,
        1,
        (3, 4),
        1000,
        0.001,
        0,
        (405,),
    ),
    TrialDraw(
        "KA-553",
        "R-10",
        "A trial beyond 32 bits. Words ff5ecf67d3bf99ef 644a9fd6368287ff: d3bf99ef / 2^32 * 4 = "
        "3.3: batch 1. 0.3918 < 0.5821: one upset. ff5ecf67 / 2^32 * 1000 = 997.5.",
        _PLAN,
        _LOW,
        10_000_000_000,
        (3, 4),
        1000,
        0.001,
        1,
        (997,),
    ),
    TrialDraw(
        "KA-554",
        "R-10",
        "Another plan. Words 5666e7f1391f602f c5ef72129bd6d428 c5f35427c8bfdaff: 391f602f / 2^32 "
        "* 4 = 0.9: batch 0. 0.7732 lies between 0.5821 and 0.8731: two upsets. 5666e7f1 / 2^32 * "
        "1000 = 337.5, c8bfdaff / 2^32 * 1000 = 784.2.",
        "fedcba9876543210",
        _LOW,
        0,
        (3, 4),
        1000,
        0.001,
        0,
        (337, 784),
    ),
    TrialDraw(
        "KA-555",
        "R-10",
        "More bits than 32 bits count: places take whole words. Words 991c79016a727e55 "
        "99718b76aea9fdf6 1dc139d156bf595c 55c835e7e1bc4a47 5f159ccad9936362: 6a727e55 / 2^32 * 96 "
        "= 39.9: batch 1. Mean 3: 0.5994 lies between P(1) + P(2) = 0.3930 and 0.6287: three. "
        "0.11622964249, 0.33508622085, 0.37142353012 times 10^11.",
        _PLAN,
        "rate=3e-11",
        0,
        (32, 64, 96),
        100_000_000_000,
        3e-11,
        1,
        (11622964249, 33508622084, 37142353012),
    ),
    TrialDraw(
        "KA-556",
        "R-10",
        "A rate above 1/2: missed bits are counted, 0.7787 lies between P(0..2) = 0.6785 and "
        "P(0..3) = 0.8862 of 8 bits at 1/4: 3 missed, 5 hit; five places are the first of a "
        "shuffle (Fisher-Yates), computed apart in tests/known_answers/philox.py.",
        _PLAN,
        "rate=0.75",
        0,
        (1,),
        8,
        0.75,
        0,
        (0, 1, 4, 6, 7),
    ),
)
"""Batches and sites."""

PLAN_IDS = (
    PlanId(
        "KA-561",
        "R-11",
        "The first 16 digits of SHA-256 of the text beside; sha256sum gives them.",
        Plan(
            model_sha256="00" * 32,
            data_sha256="ff" * 32,
            images=100,
            rates=(1e-6, 1e-5),
            exposure=Exposure.TRANSIENT,
            encoding="stored",
            fault=parse_fault("burst:3"),
            selection=Selection(include=("conv*",)),
            metric="top1",
            batch=32,
            seed=7,
            precision=0.01,
            confidence=0.95,
        ),
        '{"batch":32,"data":"' + "ff" * 32 + '","encoding":"stored","exclude":[],'
        '"exposure":"transient","fault":"burst:3","images":100,"include":["conv*"],"kinds":[],'
        '"metric":"top1","model":"' + "00" * 32 + '","seed":7}',
        "165f26681396058f",
    ),
)
"""Ids of plans. Who adds to the content of a plan makes all journals void, and edits this."""

check_words = exactly(_words)
check_draws = exactly(_draw)
check_plan_ids = exactly(lambda asked: asked.plan.id)

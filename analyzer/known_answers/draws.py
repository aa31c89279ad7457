"""Draws of trials: frozen, so that a library that changes its random numbers is noticed."""

from dataclasses import dataclass

import numpy as np

from analyzer.faults.models import parse_fault
from analyzer.faults.pattern_strata import StratifiedLaw
from analyzer.faults.sampling import draw_batch, generator
from analyzer.known_answers.records import KnownAnswer, exactly, show
from analyzer.known_answers.strata import severity_of

ONE = 0x3F800000
"""1 in float32; of its bits, bit 30 alone is severe (KA-571)."""


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
        stratum: Name of the stratum; ``any`` where patterns are not told apart, else the tensor
            at risk holds float32 ones.
        batch: The batch drawn.
        sites: The sites drawn.
    """

    plan: str
    stream: str
    trial: int
    ends: tuple[int, ...]
    bits: int
    rate: float
    stratum: str
    batch: int
    sites: tuple[int, ...]

    @property
    def given(self) -> str:
        """The question in words."""
        held = "" if self.stratum == "any" else " of float32 ones"
        law = f"{self.bits} bits{held} at rate {show(self.rate)}"
        batches = f"batches ending at {', '.join(map(str, self.ends))}"
        return f"plan {self.plan}, {self.stream}, trial {self.trial}: {law}, {batches}"

    @property
    def expected(self) -> str:
        """The answer in words."""
        return _drawn(self.batch, self.sites)


def _hex(words: tuple[int, ...]) -> str:
    return " ".join(f"{word:016x}" for word in words)


def _drawn(batch: int, sites: tuple[int, ...]) -> str:
    return f"batch {batch}, sites {', '.join(map(str, sites))}"


def _words(asked: Words) -> str:
    numbers = generator(asked.plan, asked.stream, asked.trial).bit_generator
    return _hex(tuple(int(numbers.random_raw()) for _ in asked.words))


def _draw(asked: TrialDraw) -> str:
    told_apart = asked.stratum != "any"
    severity = severity_of("float32", (ONE,) * (asked.bits // 32), "flip") if told_apart else None
    law = StratifiedLaw(asked.bits, severity, asked.rate, parse_fault("flip"))
    stratum = next(s for s in law.strata if s.name == asked.stratum)
    rng = generator(asked.plan, asked.stream, asked.trial)
    batch = draw_batch(rng, np.array(asked.ends))
    return _drawn(batch, tuple(law.draw(rng, stratum).sites.tolist()))


_PLAN, _STREAM = "0123456789abcdef", "rate=0.001 stratum=any"

WORDS = (
    Words(
        "KA-541",
        "R-10",
        "Key: the first 16 bytes of SHA-256 of the plan, a line feed and the stream, little-endian "
        "80859c3cc7458d2e, c29fa5d1b7e8eaa1. Counter (1, 0, 0, 0). Ten rounds of Philox 4x64 "
        "(Salmon et al., SC 2011), computed apart by a program that the known answers of Random123 "
        "confirm: tests/known_answers/philox.py.",
        _PLAN,
        _STREAM,
        0,
        (0xEB590EC4D4BF00AA, 0xB7249BD00A6C6D2A, 0x2E9163140F9EFC52),
    ),
    Words(
        "KA-542",
        "R-10",
        "The same with counter (1, 0, 1, 0): the trial is the third word of the counter.",
        _PLAN,
        _STREAM,
        1,
        (0xA85FA541E8D11825, 0xA7214FFCEA583801, 0x4A4C7DDF309D6CC9),
    ),
)
"""Words."""

_MEAN_ONE = "Mean 1: P(1) = 0.5821, P(2 or less) = 0.8731, given one or more. "

DRAWS = (
    TrialDraw(
        "KA-551",
        "R-10",
        "Words of KA-541. d4bf00aa / 2^32 * 4 = 3.3: image 3, batch 1. "
        + _MEAN_ONE
        + "b724.../2^64 "
        "= 0.7154: two upsets. eb590ec4 / 2^32 * 1000 = 919.3, 0f9efc52 / 2^32 * 1000 = 61.02.",
        _PLAN,
        _STREAM,
        0,
        (3, 4),
        1000,
        0.001,
        "any",
        1,
        (61, 919),
    ),
    TrialDraw(
        "KA-552",
        "R-10",
        "A trial beyond 32 bits. Words 03ef8ffc801f1489 a84d3f2379e29c51 6a009c5c18346e66: "
        "801f1489 / 2^32 * 4 = 2.002: batch 0. " + _MEAN_ONE + "0.6574: two. 03ef8ffc / 2^32 * "
        "1000 = 15.4, 18346e66 / 2^32 * 1000 = 94.6.",
        _PLAN,
        _STREAM,
        10_000_000_000,
        (3, 4),
        1000,
        0.001,
        "any",
        0,
        (15, 94),
    ),
    TrialDraw(
        "KA-553",
        "R-10",
        "Another plan. Words e6367d4fa945820f b34d6ba1a5f0669f db7c91a63f75c851: a945820f / 2^32 * "
        "4 = 2.6: batch 0. "
        + _MEAN_ONE
        + "0.7004: two. e6367d4f / 2^32 * 1000 = 899.3, 3f75c851 / "
        "2^32 * 1000 = 247.9.",
        "fedcba9876543210",
        _STREAM,
        0,
        (3, 4),
        1000,
        0.001,
        "any",
        0,
        (247, 899),
    ),
    TrialDraw(
        "KA-554",
        "R-10",
        "More bits than 32 bits count: places take whole words. Words adbab10ef09f08fb "
        "5c3b22f590271b7e 4c4627fce12fb6b6 bcee02d843b8a106: f09f08fb / 2^32 * 96 = 90.2: batch 2. "
        "Mean 3: 0.3603 lies between P(1) = 0.1572 and P(2 or less) = 0.3930: two. 0.29794549869 "
        "and 0.73800676135 times 10^11.",
        _PLAN,
        "rate=3e-11 stratum=any",
        0,
        (32, 64, 96),
        100_000_000_000,
        3e-11,
        "any",
        2,
        (29794549869, 73800676135),
    ),
    TrialDraw(
        "KA-555",
        "R-10",
        "A rate above 1/2: missed bits are counted; 0.2753 lies between P(0) = 0.1001 and P(0 or 1)"
        " = 0.3671 of 8 bits at 1/4: 1 missed, 7 hit. Seven places are the first of a shuffle "
        "(Fisher-Yates), computed apart in tests/known_answers/philox.py.",
        _PLAN,
        "rate=0.75 stratum=any",
        0,
        (1,),
        8,
        0.75,
        "any",
        0,
        (0, 1, 2, 4, 5, 6, 7),
    ),
    TrialDraw(
        "KA-556",
        "R-10",
        "None severe. Words a673ec527b2bd348 24904fb0406d4f61. 0.6502 lies between P(1) = 0.5848 "
        "and P(2 or less) = 0.8749 of the 992 others: two. 406d4f61 / 2^32 * 1024 = 257.7, "
        "24904fb0 / 2^32 * 1024 = 146.3: bits 1 and 18 of their elements, neither is bit 30.",
        _PLAN,
        "rate=0.001 stratum=0",
        1,
        (1,),
        1024,
        0.001,
        "0",
        0,
        (146, 257),
    ),
    TrialDraw(
        "KA-557",
        "R-10",
        "One severe. Words a39cd2d21feafb61 e2185d781e247166. 0.6391 lies between P(0) = 0.3707 "
        "and P(0 or 1) = 0.7387 of the 992 others: one. 1e247166 / 2^32 * 32 = 3.8: bit 30 of "
        "element 3, 3 * 32 + 30 = 126; e2185d78 / 2^32 * 1024 = 904.4.",
        _PLAN,
        "rate=0.001 stratum=1",
        0,
        (1,),
        1024,
        0.001,
        "1",
        0,
        (126, 904),
    ),
    TrialDraw(
        "KA-558",
        "R-10",
        "Two severe or more. Words 8132678610eba02d 7eb50ba5c2554940 42a96bf2c4aa59a7 "
        "d3bc7086583e2de2. 0.5047 is below P(2) = 0.9900, given two or more: two. 0.4950 of the "
        "others: one. c4aa59a7 / 2^32 * 32 = 24.6 and 42a96bf2 / 2^32 * 32 = 8.3: 24 * 32 + 30 = "
        "798 and 8 * 32 + 30 = 286; 583e2de2 / 2^32 * 1024 = 352.97.",
        _PLAN,
        "rate=0.001 stratum=other",
        0,
        (1,),
        1024,
        0.001,
        "other",
        0,
        (286, 352, 798),
    ),
)
"""Batches and sites."""

check_words = exactly(_words)
check_draws = exactly(_draw)

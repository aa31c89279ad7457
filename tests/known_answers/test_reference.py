"""The literals of the known answers against references that share no code with the tool."""

import hashlib
import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from analyzer.campaign.cells import Cell
from analyzer.known_answers import counts, draws, fixed_point, fixed_point_halves, intervals, plans
from analyzer.known_answers.draws import TrialDraw
from analyzer.known_answers.intervals import Limits
from analyzer.known_answers.stored import StoredFault
from analyzer.known_answers.strata import WEIGHTS
from analyzer.known_answers.suite import TOPICS
from analyzer.known_answers.tiny import FORMATS
from tests.campaign.contexts import tiny_analysis
from tests.known_answers.philox import Stream, at_least, philox, stratum_draw, trial_draw

STORED = [a for t in TOPICS for a in t.answers if isinstance(a, StoredFault)]
FIXED = fixed_point.ANSWERS + fixed_point_halves.ANSWERS
EXPONENT = {"float64": 11, "float32": 8, "float16": 5, "bfloat16": 8}


def ieee(code: int, bits: int, exponent: int) -> Fraction | float:
    """The value of a code, from the definition of IEEE-754."""
    mantissa = bits - 1 - exponent
    sign = -1 if code >> (bits - 1) else 1
    power = code >> mantissa & ((1 << exponent) - 1)
    fraction = Fraction(code & ((1 << mantissa) - 1), 1 << mantissa)
    bias = (1 << (exponent - 1)) - 1
    if power == (1 << exponent) - 1:
        return math.nan if fraction else sign * math.inf
    if power == 0:
        value = fraction * Fraction(2) ** (1 - bias)
    else:
        value = (1 + fraction) * Fraction(2) ** (power - bias)
    return sign * value if value else math.copysign(0.0, sign)


def integer(code: int, element: str) -> int:
    """The value of a code in two's complement, or without sign."""
    bits, _ = FORMATS[element]
    negative = not element.startswith("u") and code >> (bits - 1)
    return code - (1 << bits) if negative else code


def rounded(value: Fraction, element: str) -> Fraction:
    """The nearest value that an element can hold, ties to even; for ordinary sizes."""
    bits, _ = FORMATS[element]
    mantissa = bits - 1 - EXPONENT[element]
    if not value:
        return value
    power = math.floor(math.log2(abs(value)))
    step = Fraction(2) ** (power - mantissa)
    return Fraction(round(value / step)) * step


def meanings() -> Iterator[tuple[str, float, float]]:
    """(id, value in the known answer, value from first principles) of every code."""
    for answer in STORED:
        for code, value in (*answer.before, *answer.after):
            if answer.file:
                signed = code - (1 << 32) if code >> 31 else code
                yield answer.id, value, float(rounded(Fraction(signed, 65536), answer.element))
            elif answer.element in EXPONENT:
                bits, _ = FORMATS[answer.element]
                yield answer.id, value, float(ieee(code, bits, EXPONENT[answer.element]))
            else:
                yield answer.id, value, float(integer(code, answer.element))


def test_codes_mean_their_values() -> None:
    for id_, value, meaning in meanings():
        assert repr(float(value)) == repr(meaning), id_


def test_files_are_rounded_to_fixed_point() -> None:
    for answer in FIXED:
        bits, _ = FORMATS[answer.element]
        for code, (held, _) in zip(answer.file, answer.before, strict=True):
            value = ieee(code, bits, EXPONENT[answer.element])
            if math.isfinite(value):
                scaled = min(max(round(Fraction(value) * 65536), -(2**31)), 2**31 - 1)
            else:
                scaled = 0 if math.isnan(value) else 2**31 - 1
            assert scaled % 2**32 == held, answer.id


def struck(answer: StoredFault) -> list[int]:
    """The codes after the fault, bit by bit on one long row of bits."""
    width = answer.bits
    row = [c >> bit & 1 for c, _ in answer.before for bit in range(width)]
    kind, _, length = answer.fault.partition(":")
    for element, bit in answer.hits:
        first, count = element * width + bit, int(length or 1)
        if kind in ("word", "row"):  # aligned blocks: of bits, or of bytes of the image
            count *= 8 if kind == "row" else 1
            first -= first % count
        elif kind == "column":  # the row below lies beyond these small tensors
            count = 1
        for place in range(first, min(first + count, len(row))):
            row[place] = {"stuck0": 0, "stuck1": 1}.get(kind, 1 - row[place])
    words = [row[i : i + width] for i in range(0, len(row), width)]
    return [sum(b << i for i, b in enumerate(word)) for word in words]


@pytest.mark.parametrize("answer", STORED, ids=lambda a: a.id)
def test_faults_change_these_bits(answer: StoredFault) -> None:
    assert struck(answer) == [code for code, _ in answer.after]


def test_philox_is_that_of_random123() -> None:
    """Its tests/kat_vectors, for philox4x64 of ten rounds."""
    ones = 2**64 - 1
    assert philox((0, 0, 0, 0), (0, 0)) == (
        0x16554D9ECA36314C,
        0xDB20FE9D672D0FDC,
        0xD7E772CEE186176B,
        0x7E68B68AEC7BA23B,
    )
    assert philox((ones, ones, ones, ones), (ones, ones)) == (
        0x87B092C3013FE90B,
        0x438C3C67BE8D0224,
        0x9CC7D7C69CD777B6,
        0xA09CAEBF594F0BA0,
    )


@pytest.mark.parametrize("answer", draws.WORDS, ids=lambda a: a.id)
def test_words_are_those_of_philox(answer: draws.Words) -> None:
    stream = Stream(answer.plan, answer.stream, answer.trial)
    assert tuple(stream.word() for _ in answer.words) == answer.words


@pytest.mark.parametrize("answer", draws.DRAWS, ids=lambda a: a.id)
def test_draws_are_those_of_the_reference(answer: TrialDraw) -> None:
    a = answer
    assert a.stream == f"rate={a.rate!r} stratum={a.stratum}"
    if a.stratum == "any":
        found = trial_draw(a.plan, a.stream, a.trial, a.ends, a.bits, a.rate)
    else:
        severe = [32 * element + 30 for element in range(a.bits // 32)]
        counted = {"other": "2+"}.get(a.stratum, a.stratum)
        found = stratum_draw(a.plan, a.stream, a.trial, a.bits, a.rate, severe, counted)
    assert found == (a.batch, list(a.sites))


def test_campaigns_draw_what_the_reference_draws(tmp_path: Path) -> None:
    """From the plan's id to tensor, element and bit, as a report of a crash names them."""
    context = tiny_analysis(tmp_path, exposure="resident").context
    (rate, *_), tensors = context.plan.rates, context.space.tensors
    ends = tuple(accumulate(batch.images for batch in context.golden.batches))
    bits = sum(tensor.elements * 32 for tensor in tensors)
    for trial in range(20):
        name = f"rate={rate!r} stratum=any"
        _, sites = trial_draw(context.plan.id, name, trial, ends, bits, rate)
        first = dict(zip((t.name for t in tensors), context.space.offsets.tolist(), strict=False))
        upsets = context.crash(Cell(rate), trial).upsets
        assert [first[u.tensor] + u.element * 32 + u.bit for u in upsets] == sites


def binomial(bits: int, rate: float, count: int) -> Fraction:
    p = Fraction(rate)
    return math.comb(bits, count) * p**count * (1 - p) ** (bits - count)


def test_probabilities_are_binomial() -> None:
    for a in counts.CHANCES:
        if a.bits > 1000:  # beyond exact fractions: the same from an incomplete beta function
            assert stats.binom.sf(0, a.bits, a.rate) == pytest.approx(a.probability, rel=1e-9)
            continue
        below = range(a.count) if a.number != "exactly" else ()
        exactly = binomial(a.bits, a.rate, a.count) if a.number == "exactly" else Fraction(1)
        exact = exactly - sum(binomial(a.bits, a.rate, k) for k in below)
        assert float(exact) == pytest.approx(a.probability, rel=1e-15), a.id


@pytest.mark.parametrize("answer", counts.QUANTILES, ids=lambda a: a.id)
def test_counts_are_quantiles(answer: counts.CountQuantile) -> None:
    class Dealt(Stream):
        def uniform(self) -> float:
            return answer.uniform

    dealt = Dealt("", "", 0)
    assert at_least(dealt, answer.bits, answer.rate, answer.least) == answer.count


def test_weights_are_exact() -> None:
    few, many, low = WEIGHTS
    assert dict(few.weights) == {
        "0": float(binomial(2, 0.5, 0) * (1 - binomial(6, 0.5, 0))),
        "falling": float(binomial(1, 0.5, 0) * binomial(1, 0.5, 1)),
        "1": float(binomial(1, 0.5, 1)),
    }
    assert dict(low.weights) == {"any": float(1 - binomial(1024, 0.001, 0))}
    none, one = binomial(32, 0.001, 0), binomial(32, 0.001, 1)
    assert dict(many.weights) == {
        "0": float(none * (1 - binomial(992, 0.001, 0))),
        "1": float(one),
        "other": pytest.approx(float(1 - none - one), rel=1e-15),
    }


@pytest.mark.parametrize("answer", plans.ANSWERS, ids=lambda a: a.id)
def test_plan_ids_are_digests(answer: plans.PlanId) -> None:
    assert hashlib.sha256(answer.canonical.encode()).hexdigest()[:16] == answer.digest


def mid_p(events: int, trials: int) -> tuple[float, float]:
    """Lancaster 1961, by bisection on its definition."""
    ends = []
    for level in (0.975, 0.025):
        low, high = 0.0, 1.0
        for _ in range(60):
            rate = (low + high) / 2
            below = stats.binom.cdf(events, trials, rate) - 0.5 * stats.binom.pmf(
                events, trials, rate
            )
            low, high = (rate, high) if below > level else (low, rate)
        ends.append(low)
    return ends[0], ends[1]


@pytest.mark.parametrize("answer", intervals.ANSWERS, ids=lambda a: a.id)
def test_published_limits(answer: Limits) -> None:
    arms = []
    for weight, events, trials in answer.strata:
        if 0 < events < trials:
            exact = stats.binomtest(events, trials).proportion_ci(answer.confidence, "exact")
            low, high = mid_p(events, trials)
            assert (exact.low, low) == pytest.approx(answer.low, abs=5e-5)
            assert (high, exact.high) == pytest.approx(answer.high, abs=5e-5)
            return
        arms.append(weight * (1 - (1 - answer.confidence) ** (1 / trials)))
    bound = float(np.hypot.reduce(arms))
    everything = answer.strata[0][1] > 0
    low, high = (1 - bound, 1.0) if everything else (0.0, bound)
    assert answer.low == pytest.approx((low, low), rel=1e-12)
    assert answer.high == pytest.approx((high, high), rel=1e-12)

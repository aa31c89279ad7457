"""What could go wrong is made to go wrong; the known answers must notice.

The malfunctions are those of docs/verification.md, section 4.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from analyzer.campaign.plan import Plan
from analyzer.evaluation import outcome
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults import elements as bits
from analyzer.faults import models as faults
from analyzer.faults import sampling, severity
from analyzer.faults.count_law import CountLaw
from analyzer.faults.footprints import AlignedBits
from analyzer.faults.kinds import STUCK0, STUCK1, FaultKind
from analyzer.faults.models import FaultModel
from analyzer.faults.pattern_strata import StratifiedLaw
from analyzer.faults.space import FaultSpace, Indices
from analyzer.gate import Condition, Verdict
from analyzer.known_answers import draws, frequencies
from analyzer.known_answers.suite import TOPICS, run_suite
from analyzer.memory.array_file import Bytes
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.oracle import faulty_bytes as faulty
from analyzer.runtime.ort import golden_model
from analyzer.runtime.weights import change
from analyzer.runtime.weights import memory as arena
from analyzer.runtime.weights.change import Converter, Write
from analyzer.stats import intervals
from analyzer.stats import strata as weighing
from analyzer.stats.intervals import Interval, rescale
from analyzer.targets import arithmetic

Patch = pytest.MonkeyPatch
FLOATS = ("float32 and float64", "float16 and bfloat16")
WHOLE_BYTES = ("float32 and float64", "int32, int8, uint8")
STORED = (*FLOATS, "int32, int8, uint8", "int4 and uint4")
IN_PLACE = (*FLOATS, "int32, int8, uint8", "q15.16", "several upsets, bursts")


@dataclass(frozen=True)
class Sabotage:
    """A way to break the tool, and the topics that must notice it."""

    malfunction: str
    breaks: Callable[[Patch], None]
    noticed_by: tuple[str, ...]


CASES: dict[str, Sabotage] = {}


def noticed(malfunction: str, *topics: str) -> Callable[[Callable[[Patch], None]], None]:
    def enter(breaks: Callable[[Patch], None]) -> None:
        CASES[breaks.__name__] = Sabotage(malfunction, breaks, topics)

    return enter


@noticed("M-1", *WHOLE_BYTES, "upsets in operators")
def live_weights_hit_the_bit_beside(patch: Patch) -> None:
    right = arena.write_upsets
    patch.setattr(
        change, "write_upsets", lambda m, kind, at, masks: right(m, kind, at, np.roll(masks, 1) ^ 3)
    )


@noticed("M-1", *STORED, "several upsets, bursts", "upsets in operators")
def the_file_is_hit_at_the_bit_beside(patch: Patch) -> None:
    right = faulty._hit
    patch.setattr(faulty, "_hit", lambda memory, at, fault: right(memory, at ^ 1, fault))


@noticed("M-1", "int4 and uint4")
def half_bytes_are_swapped(patch: Patch) -> None:
    right = bits.to_raw

    def swapped(values: bits.Values, element: bits.ElementType) -> bytes:
        raw = right(values, element)
        return raw if element.bits >= 8 else bytes(b >> 4 | (b & 15) << 4 for b in raw)

    patch.setattr(golden_model, "to_raw", swapped)


@noticed("M-1", "float32 and float64", "int32, int8, uint8")
def bytes_are_in_big_endian_order(patch: Patch) -> None:
    right = bits.StoredCodec.encode
    patch.setattr(bits.StoredCodec, "encode", lambda codec, values: right(codec, values).byteswap())


@noticed("M-1", "q15.16")
def fixed_point_is_truncated(patch: Patch) -> None:
    patch.setattr(np, "rint", np.floor)


@noticed("M-1", "q15.16")
def fixed_point_is_not_saturated(patch: Patch) -> None:
    patch.setattr(np, "clip", lambda values, low, high: values)


@noticed("M-1", "q15.16")
def fixed_point_applies_nowhere(patch: Patch) -> None:
    patch.setattr(bits.FixedPointCodec, "encode", lambda c, v: bits.to_codes(v, c.element))


@noticed("M-1", "numbers of bits", *STORED)
def all_elements_count_eight_bits(patch: Patch) -> None:
    patch.setattr(bits.StoredCodec, "bits", property(lambda codec: 8))


@noticed("M-1", *IN_PLACE)
def stuck_cells_are_stuck_at_the_other_value(patch: Patch) -> None:
    other = {STUCK0: STUCK1, STUCK1: STUCK0}
    write, apply = arena.write_upsets, FaultModel.apply

    def write_other(memory: Bytes, kind: FaultKind, at: Indices, masks: Bytes) -> None:
        write(memory, other.get(kind, kind), at, masks)

    def apply_other(fault: FaultModel, codes: bits.Codes, masks: bits.Codes) -> bits.Codes:
        return apply(replace(fault, kind=other.get(fault.kind, fault.kind)), codes, masks)

    patch.setattr(change, "write_upsets", write_other)
    patch.setattr(FaultModel, "apply", apply_other)


@noticed("M-1", "several upsets, bursts")
def bursts_run_into_the_next_tensor(patch: Patch) -> None:
    def spread(space: FaultSpace, pattern: faults.FaultPattern) -> tuple[Any, Any]:
        sites = (pattern.sites[:, None] + np.arange(pattern.fault.length)).reshape(-1)
        sites = np.sort(sites[sites < space.bits])
        tensors = space.offsets.searchsorted(sites, side="right") - 1
        return tensors, sites - space.offsets[tensors]

    patch.setattr(FaultSpace, "bits_hit", spread)


@noticed("M-2", *IN_PLACE, "upsets in operators")
def faults_do_not_reach_live_weights(patch: Patch) -> None:
    patch.setattr(LiveExecutor, "write", lambda *_: None)


@noticed("M-2", "float16 and bfloat16", "q15.16")
def converted_weights_are_converted_wrongly(patch: Patch) -> None:
    right = Converter.writes

    def halved(*args: Any) -> list[Write]:
        return [replace(w, values=w.values / w.values.dtype.type(2)) for w in right(*args)]

    patch.setattr(Converter, "writes", halved)


@noticed("M-3", *IN_PLACE, "upsets in operators")
def live_weights_are_not_restored(patch: Patch) -> None:
    patch.setattr(LiveExecutor, "restore", lambda *_: None)


@noticed("M-4", "probabilities of counts")
def the_probability_of_an_upset_cancels(patch: Patch) -> None:
    patch.setattr(CountLaw, "p_any", property(lambda law: 1 - (1 - law.rate) ** law.bits))


@noticed("M-4", "counts drawn", "frequencies", "draws of trials")
def the_number_of_upsets_is_the_mean(patch: Patch) -> None:
    patch.setattr(
        CountLaw, "draw_at_least_one", lambda law, rng: max(1, round(law.bits * law.rate))
    )


@noticed("M-4", "probabilities of counts", "strata")
def probabilities_are_those_of_poisson(patch: Patch) -> None:
    def poisson(law: CountLaw, count: int) -> float:
        return float(np.exp(-law.expected) * law.expected**count)

    patch.setattr(CountLaw, "probability", poisson)


@noticed("M-5", "frequencies", "draws of trials")
def places_are_the_first_ones(patch: Patch) -> None:
    first = staticmethod(lambda rng, bits, count: np.arange(count))
    for module in (frequencies, sampling):
        patch.setattr(module, "distinct_sites", first)


@noticed("M-5", "frequencies", "draws of trials")
def batches_count_alike_whatever_their_size(patch: Patch) -> None:
    for module in (frequencies, draws):
        patch.setattr(module, "draw_batch", lambda rng, ends: int(rng.integers(len(ends))))


@noticed("M-5", "severe bits", "strata")
def nothing_is_severe(patch: Patch) -> None:
    patch.setattr(severity, "SEVERE_FACTOR", np.inf)


@noticed("M-5", "draws of trials")
def strata_are_ignored(patch: Patch) -> None:
    patch.setattr(
        StratifiedLaw,
        "draw",
        lambda law, rng, stratum: sampling.draw_pattern(rng, law.whole, law.fault),
    )


@noticed("M-6", "random words", "draws of trials")
def another_generator_is_used(patch: Patch) -> None:
    patch.setattr(
        np.random, "Philox", lambda key, counter: np.random.PCG64([*map(int, key), *counter])
    )


@noticed("M-6", "random words", "draws of trials")
def every_plan_draws_the_same(patch: Patch) -> None:
    patch.setattr(sampling, "_key", lambda plan, stream: np.zeros(2, np.uint64))


@noticed("M-6", "plan ids")
def the_seed_is_not_in_the_plan(patch: Patch) -> None:
    right = Plan.content.fget  # type: ignore[attr-defined]  # it is a property
    patch.setattr(Plan, "content", property(lambda plan: {**right(plan), "seed": 0}))


@noticed("M-7", "outcomes")
def nan_is_masked(patch: Patch) -> None:
    patch.setattr(outcome, "non_finite_images", lambda *asked: np.zeros(asked[-1], bool))


@noticed("M-7", "outcomes")
def errors_are_masked(patch: Patch) -> None:
    right = outcome.Judge.outcomes

    def masked(judge: outcome.Judge, golden: Any, result: Any, labels: Any) -> Outcomes:
        found = right(judge, golden, result, labels)
        return replace(found, due=0, masked=found.masked + found.due)

    patch.setattr(outcome.Judge, "outcomes", masked)


@noticed("M-8", "confidence limits")
def images_count_as_trials(patch: Patch) -> None:
    right = intervals.cluster_proportion

    def wrong(m: Any, trials: int, unit: int, images: int, confidence: float) -> Interval:
        alone = replace(m, squares=m.total * unit)
        return (
            right(alone, images, unit, images, confidence)
            if images > trials
            else right(m, trials, unit, images, confidence)
        )

    patch.setattr(weighing, "cluster_proportion", wrong)


@noticed("M-8", "confidence limits")
def intervals_are_a_little_narrow(patch: Patch) -> None:
    right = intervals.cluster_proportion

    def wrong(*sample: Any) -> Interval:
        found = right(*sample)
        high = found.estimate + 0.95 * (found.high - found.estimate)
        return replace(found, low=found.low + 0.05 * (found.estimate - found.low), high=high)

    patch.setattr(weighing, "cluster_proportion", wrong)


@noticed("M-8", "estimates", "confidence limits")
def patterns_without_upset_are_forgotten(patch: Patch) -> None:
    patch.setattr(
        weighing, "rescale", lambda x, weight, offset, clip=False: rescale(x, 1.0, offset)
    )


@noticed("M-9", "gates")
def gates_judge_the_estimate(patch: Patch) -> None:
    def wrong(condition: Condition, interval: Interval) -> Verdict:
        above = interval.estimate >= condition.bound
        return Verdict.PASS if above == condition.at_least else Verdict.FAIL

    patch.setattr(Condition, "judge", wrong)


@noticed("M-1", "words, rows, columns")
def blocks_begin_at_the_upset(patch: Patch) -> None:
    """As bursts do, instead of at a multiple of their length."""

    def unaligned(block: AlignedBits, first: int, width: int, bits: int) -> range:
        return range(first, min(first + block.length, bits))

    patch.setattr(AlignedBits, "positions", unaligned)


@noticed("M-17", "raw rates and failures in time")
def megabits_are_binary(patch: Patch) -> None:
    right = arithmetic.raw_fit
    patch.setattr(arithmetic, "raw_fit", lambda *asked: right(*asked) * 10**6 / 2**20)


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("name", CASES)
def test_a_malfunction_is_noticed(monkeypatch: Patch, name: str) -> None:
    case = CASES[name]
    topics = tuple(t for t in TOPICS if t.title in case.noticed_by)
    assert len(topics) == len(case.noticed_by)
    case.breaks(monkeypatch)
    found = run_suite(topics)
    monkeypatch.undo()
    assert [t.title for t in found.topics if not t.differing] == []


def test_every_topic_notices_something() -> None:
    assert {t.title for t in TOPICS} == {t for case in CASES.values() for t in case.noticed_by}


def test_every_flip_fails_where_flips_hit_the_bit_beside(monkeypatch: Patch) -> None:
    """Not a few of a topic, but each one."""
    CASES["live_weights_hit_the_bit_beside"].breaks(monkeypatch)
    topics = tuple(t for t in TOPICS if t.title in WHOLE_BYTES)
    found = run_suite(topics)
    flips = {a.id for t in topics for a in t.answers if a.fault == "flip"}
    assert flips <= {f.answer.id for f in found.differing}

"""Protections: one contract for all of them, and one object in one list for a new one."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.answers import Failure, Feeds, Result, Run
from analyzer.campaign.cells import cell_named
from analyzer.campaign.protected import ProtectedExecutor, memory_of, protected
from analyzer.campaign.trials import TrialContext
from analyzer.campaign.workers.payload import WorkerPayload, from_buffer
from analyzer.errors import BadOption, UnsupportedTarget
from analyzer.evaluation.dataset import AnyBatch
from analyzer.evaluation.outcome import Outcomes
from analyzer.faults import protections
from analyzer.faults.elements import Codes, Values
from analyzer.faults.models import FLIP, FaultPattern, SiteIndex, parse_fault
from analyzer.faults.protections import NONE, PROTECTIONS, protection_named
from analyzer.faults.protections.protection import (
    Protection,
    ProtectionExample,
    Residual,
    read_codes,
    storage_overhead,
    work_out,
)
from analyzer.faults.severity import find_severity
from analyzer.faults.site_strata import split_sites
from analyzer.faults.space import FaultSpace, Target
from analyzer.jobs.prepare import Analysis
from analyzer.runtime.open import open_executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.golden_model import golden_values
from analyzer.runtime.ort.session import open_session, run_session, session_options
from tests.campaign.contexts import AtOnce, Results, run, tiny_analysis
from tests.runtime.benches import answer
from tests.strategies import examples, patterns, spaces

# A made-up scheme: every tensor is stored twice, and an element that differs from its copy is not
# used. It has detections, values decide what is left, and it has as many check bits as data bits.


@dataclass(frozen=True)
class TwiceStored:
    """Data, a copy of them, and the bits of both without faults."""

    data: FaultSpace
    golden: tuple[Codes, ...]
    announces: bool

    @property
    def space(self) -> FaultSpace:
        """Data, then copies."""
        copies = (
            replace(t, name=f"{t.name} (copy)", target=Target.CHECK) for t in self.data.tensors
        )
        return FaultSpace((*self.data.tensors, *copies))

    def residual(self, pattern: FaultPattern) -> Residual:
        """Flips of what an element that differs from its copy holds, so that it reads 0."""
        read = read_codes(self.space, (*self.golden, *self.golden), pattern)
        count = len(self.data.tensors)
        flips, detections = [], 0
        for index, held in enumerate(self.golden):
            apart = read[index] != read[count + index]
            detections += int(apart.sum())
            meant = np.where(apart, 0, read[index]).astype(held.dtype)
            flips.append(sites_that_differ(self.data, index, held, meant))
        sites = np.concatenate(flips) if flips else np.zeros(0, np.int64)
        announced = self.announces and detections > 0
        return Residual(FaultPattern(FLIP, sites), 0, detections, announced)


def sites_that_differ(space: FaultSpace, tensor: int, held: Codes, meant: Codes) -> SiteIndex:
    """Sites of the bits in which two contents of a tensor differ, bit by bit."""
    width = space.tensors[tensor].codec.bits
    found = [
        int(space.offsets[tensor]) + element * width + bit
        for element, (a, b) in enumerate(zip(held.tolist(), meant.tolist(), strict=True))
        for bit in range(width)
        if (a ^ b) >> bit & 1
    ]
    return np.array(found, np.int64)


@dataclass(frozen=True)
class Duplication:
    """Stores every element twice; one that differs from its copy reads 0, or ends the run."""

    announces: bool = False

    about = "Every element is stored twice; one that differs from its copy reads 0."

    @property
    def name(self) -> str:
        """By what it does about a difference."""
        return "duplication-stop" if self.announces else "duplication"

    def protect(self, data: FaultSpace, values: Mapping[str, Values]) -> TwiceStored:
        """Encode as the codecs do."""
        golden = (t.codec.encode(t.golden(values).reshape(-1)) for t in data.tensors)
        return TwiceStored(data, tuple(golden), self.announces)

    def examples(self) -> Sequence[ProtectionExample]:
        """Hit in the data, in the copy, in both alike."""
        return (
            ProtectionExample("uint8", (5, 7), "flip", (1,), (0, 7), 0, 1, "5 became 7: not 5."),
            ProtectionExample("uint8", (5, 7), "flip", (16,), (0, 7), 0, 1, "The copy became 4."),
            ProtectionExample("uint8", (5, 7), "flip", (0, 16), (4, 7), 0, 0, "Both became 4."),
            ProtectionExample("uint8", (5, 7), "stuck1", (0,), (5, 7), 0, 0, "It holds 1 there."),
        )


DUPLICATION, STOPPING = Duplication(), Duplication(announces=True)
EVERY: list[Protection] = [*PROTECTIONS, DUPLICATION, STOPPING]

each = pytest.mark.parametrize("protection", EVERY, ids=lambda p: p.name)


def values_of(space: FaultSpace, seed: int) -> dict[str, Values]:
    """Any contents."""
    rng = np.random.default_rng(seed)
    found = {}
    for t in space.tensors:
        most = 1 << min(t.codec.bits, 63)
        codes = rng.integers(0, most, t.elements).astype(f"uint{max(8, t.codec.bits)}")
        found[t.name] = t.codec.decode(codes).reshape(t.shape)
    return found


# The contract


@each
def test_examples_are_true(protection: Protection) -> None:
    assert protection.examples()
    for example in protection.examples():
        wanted = (example.after, example.corrections, example.detections)
        assert work_out(protection, example) == wanted, example.working
        assert len(example.working) > 5
    assert protection.about.endswith(".")


@each
@examples(60)
@given(space=spaces(), data=st.data())
def test_contract(protection: Protection, space: FaultSpace, data: st.DataObject) -> None:
    values = values_of(space, data.draw(st.integers(0, 99)))
    memory = protection.protect(space, values)
    assert memory.space.tensors[: len(space.tensors)] == memory.data.tensors
    checks = memory.space.tensors[len(space.tensors) :]
    assert {t.target for t in checks} <= {Target.CHECK}
    assert len({t.name for t in memory.space.tensors}) == len(memory.space.tensors)
    assert storage_overhead(memory) == Fraction(sum(t.bits for t in checks), memory.data.bits)

    pattern = data.draw(patterns(memory.space))
    found = memory.residual(pattern)
    again = memory.residual(pattern)
    sites = found.pattern.sites
    assert sites.tolist() == again.pattern.sites.tolist()
    assert (found.corrections, found.detections) == (again.corrections, again.detections)
    assert sites.dtype == np.int64
    assert (np.diff(sites) > 0).all()
    assert not len(sites) or 0 <= sites[0] <= sites[-1] < memory.data.bits
    bits = len(memory.space.bits_hit(pattern)[0])
    assert 0 <= found.corrections + found.detections <= bits
    assert found.detections or not found.announced


@each
def test_nothing_is_left_of_nothing(protection: Protection) -> None:
    space = tiny().space
    memory = protection.protect(space, golden_values(tiny().model, space))
    found = memory.residual(FaultPattern(FLIP, np.zeros(0, np.int64)))
    assert (len(found.pattern), found.corrections, found.detections) == (0, 0, 0)


@examples(60)
@given(space=spaces(), data=st.data())
def test_no_protection_is_the_identity(space: FaultSpace, data: st.DataObject) -> None:
    memory = NONE.protect(space, {})
    assert memory.space is memory.data is space
    assert storage_overhead(memory) == 0
    pattern = data.draw(patterns(space))
    assert memory.residual(pattern).pattern is pattern


# The list


def test_names() -> None:
    assert len({p.name for p in EVERY}) == len(EVERY)
    assert protection_named("none") is NONE is PROTECTIONS[0]
    with pytest.raises(BadOption, match="'secret' is unknown; use none"):
        protection_named("secret")


def test_a_new_one_is_known_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protections, "PROTECTIONS", (*PROTECTIONS, DUPLICATION))
    assert protection_named("duplication") is DUPLICATION


# The trial path


@cache
def tiny() -> Analysis:
    """A small campaign."""
    with tempfile.TemporaryDirectory() as folder:
        return tiny_analysis(Path(folder), rates="3e-3", precision=0.1)


def behind(protection: Protection) -> TrialContext:
    """The small campaign behind a protection."""
    on = tiny()
    values = golden_values(on.model, on.space)
    memory = protection.protect(on.space, values)
    severity = find_severity(memory.space, values, on.context.plan.fault)
    patterns = replace(on.context.patterns, space=memory.space, severity=severity)
    return replace(on.context, patterns=patterns, executor=protected(on.executor, memory))


def test_plans_tell_protections_apart() -> None:
    """Else trials behind one would be taken for those without."""
    plan = tiny().context.plan
    assert replace(plan, protection="duplication").id != plan.id
    assert "protection" not in plan.content


def test_without_a_memory_nothing_stands_in_the_way() -> None:
    assert protected(tiny().executor, None) is tiny().executor
    assert memory_of(tiny().executor) is None


@pytest.mark.parametrize("protection", [DUPLICATION, STOPPING], ids=lambda p: p.name)
@pytest.mark.parametrize("fault", ["flip", "burst:40", "stuck0"])
def test_residuals_run_on_live_weights_and_in_the_oracle(
    protection: Protection, fault: str
) -> None:
    on = tiny()
    memory = protection.protect(on.space, golden_values(on.model, on.space))
    oracle = RewriteExecutor(on.model, on.space)
    both = [ProtectedExecutor(inner, memory) for inner in (on.executor, oracle)]
    feeds = on.context.golden.batches[0].feeds(on.context.golden.input_name)
    rng = np.random.default_rng(3)
    for _ in range(20):
        sites = np.unique(rng.integers(0, memory.space.bits, 3))
        pattern = FaultPattern(parse_fault(fault), sites)
        live, edited = (answer(executor, pattern, feeds) for executor in both)
        assert live.same_as(edited)
        assert live.detected == edited.detected == bool(memory.residual(pattern).detections)
        assert isinstance(live, Failure) == (live.detected and protection is STOPPING)
    for executor in both:
        executor.check_golden()


@dataclass
class Recorder:
    """An executor that notes what it is asked."""

    inner: ProtectedExecutor
    patterns: list[FaultPattern] = field(default_factory=list)
    fed: list[Feeds] = field(default_factory=list)

    def run(self, feeds: Feeds) -> Result:
        """Golden."""
        return self.inner.run(feeds)

    @contextmanager
    def _running(self, injection: AbstractContextManager[Run]) -> Iterator[Run]:
        with injection as run:
            yield lambda feeds: self.fed.append(feeds) or run(feeds)  # type: ignore[func-returns-value]

    def inject(self, pattern: FaultPattern) -> AbstractContextManager[Run]:
        """Note and pass on."""
        self.patterns.append(pattern)
        return self._running(self.inner.inject(pattern))

    def check_golden(self) -> None:
        """Pass on."""
        self.inner.check_golden()


def by_hand(
    context: TrialContext, memory: TwiceStored, pattern: FaultPattern, fed: Feeds
) -> Outcomes:
    """The outcomes of one trial: elements set to 0 in the file by hand, loaded anew."""
    (batch,) = (i for i, b in enumerate(context.golden.batches) if same_feeds(context, b, fed))
    asked = context.golden.batches[batch]
    read = read_codes(memory.space, (*memory.golden, *memory.golden), pattern)
    count = len(memory.data.tensors)
    proto = RewriteExecutor(tiny().model, memory.data).proto
    apart = False
    for i, tensor in enumerate(memory.data.tensors):
        differ = read[i] != read[count + i]
        apart |= bool(differ.any())
        (stored,) = (t for t in proto.graph.initializer if t.name == tensor.name)
        stored.raw_data = np.where(differ, 0, read[i]).astype(read[i].dtype).tobytes()
    result = run_session(open_session(proto, session_options()), fed)
    if apart and memory.announces:
        result = Failure("")
    found = context.golden.judge.outcomes(context.golden.by_batch[batch], result, asked.labels)
    return replace(found, detected=asked.images * apart)


def same_feeds(context: TrialContext, batch: AnyBatch, fed: Feeds) -> bool:
    return (
        batch.feeds(context.golden.input_name)[context.golden.input_name]
        is fed[context.golden.input_name]
    )


@pytest.mark.parametrize("protection", [DUPLICATION, STOPPING], ids=lambda p: p.name)
def test_trials_behind_a_protection_are_those_made_by_hand(protection: Protection) -> None:
    """Fails if a residual is not what runs, a check bit is not hit, or a detection is lost."""
    context = behind(protection)
    assert isinstance(context.executor, ProtectedExecutor)
    memory = context.executor.memory
    assert isinstance(memory, TwiceStored)
    recorder = Recorder(context.executor)
    cell = cell_named("0.003/0")
    found = list(replace(context, executor=recorder).trials(cell, 0, 48))
    assert found == [
        by_hand(context, memory, pattern, fed)
        for pattern, fed in zip(recorder.patterns, recorder.fed, strict=True)
    ]
    hit = np.concatenate([p.sites for p in recorder.patterns])
    assert (hit >= memory.data.bits).any()
    total = sum(found, Outcomes())
    assert total.detected > 0
    assert (total.due == total.detected) == (protection is STOPPING)
    assert total.sdc + total.due + total.masked == total.images


def test_in_a_campaign_behind_a_protection_no_value_explodes() -> None:
    """The ordinary runner; an element that was hit reads 0, where else it may be infinite."""
    plain, guarded = tiny().context, behind(DUPLICATION)
    without, found = (run(c, AtOnce(Results(c))).rates[0] for c in (plain, guarded))
    assert found.stop == "precision"
    assert found.estimate is not None
    assert without.estimate is not None
    assert found.estimate.due.high < without.estimate.due.low


def test_maps_have_strata_of_check_bits() -> None:
    """Of check bits nothing is known before a run; they are in the strata all the same."""
    on = tiny()
    values = golden_values(on.model, on.space)
    memory = DUPLICATION.protect(on.space, values)
    strata = split_sites(memory.space, values)
    assert sum(s.sites for tensor in strata.parts for s in tensor) == memory.space.bits


def test_workers_decode_as_well() -> None:
    """Fails if a payload loses the protection: nothing would be detected in a worker."""
    context = behind(STOPPING)
    shipped = b"".join(WorkerPayload.of(context, tiny().model).parts())
    there = from_buffer(shipped).unpack()
    cell = cell_named("0.003/0")
    found = list(there.trials(cell, 0, 32))
    assert found == list(context.trials(cell, 0, 32))
    assert sum(o.detected for o in found)


def test_check_bits_are_no_bits_of_a_model() -> None:
    """Without the decoder no executor takes them, in a sentence."""
    on = tiny()
    memory = DUPLICATION.protect(on.space, golden_values(on.model, on.space))
    feeds = on.context.golden.batches[0].feeds(on.context.golden.input_name)
    with pytest.raises(UnsupportedTarget, match=r"'conv_w \(copy\)', a tensor of check bits"):
        open_executor(on.model, memory.space, feeds)

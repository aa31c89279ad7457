"""One event in a protected memory: exhaustive maps against every event decoded bit by bit."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analyzer.answers import Failure
from analyzer.faults.elements import ELEMENT_TYPES, from_codes
from analyzer.faults.models import FaultPattern, parse_fault
from analyzer.faults.protections.protection import ProtectedMemory
from analyzer.jobs.analysis import Analysis
from analyzer.model.stored_at import set_raw
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.session import open_session, run_session, session_options
from analyzer.stats.areas import AreaEstimate
from tests.campaign.maps import IMAGES, make, small_analysis
from tests.core import slow_memory
from tests.core.slow_memory import Outcome

FAULTS = ("flip", "burst:2", "word:8", "row:4", "column:2", "stuck1")

CODES: dict[str, slow_memory.Parity | None] = {
    "none": None,
    "parity:8": slow_memory.Parity(8, "reload"),
    "parity:16:zero": slow_memory.Parity(16, "zero"),
    "secded:32": slow_memory.Secded(32, "stop"),
    "secded:8:zero": slow_memory.Secded(8, "zero"),
    "tmr": slow_memory.Tmr(),
    "crc:64": slow_memory.Crc(64, "reload"),
    "mset": None,
    "cep:3": None,
}


@cache
def analysis(folder: Path, protect: str, fault: str) -> Analysis:
    """The eight biases of a small network in one batch."""
    asked = {"protect": protect, "fault": fault, "kinds": "bias", "batch": IMAGES}
    return small_analysis(folder, **asked)


def whole(on: Analysis, *, exhaustive: bool = True) -> AreaEstimate:
    """One event anywhere in the memory."""
    found = make(on.context, exhaustive=exhaustive)
    assert found.whole.sites == on.context.space.bits
    assert found.whole.estimate is not None
    return found.whole.estimate


class Enumeration:
    """Every event, read by a slow memory, put into the file, loaded anew."""

    def __init__(self, on: Analysis, protect: str) -> None:
        self.on, self.protect, self.code = on, protect, CODES[protect]
        self.space = on.context.space
        self.data = on.memory.data if on.memory else on.space
        self.values = {t.name: on.model.values()[t.name] for t in self.data.tensors}
        self.proto = RewriteExecutor(on.model, self.data).proto
        self.known: dict[tuple[int, ...], tuple[int, int]] = {}

    def outcome(self, pattern: FaultPattern) -> Outcome:
        """The data bits that are read."""
        if self.code is not None:
            positions = [range(t.codec.bits) for t in self.data.tensors]
            return slow_memory.SlowMemory(self.data, self.values, self.code, positions).read(
                self.space, pattern
            )
        if self.protect == "none":
            bits = slow_memory.data_bits(self.data, self.values)
            return Outcome(slow_memory.hit_bits(self.space, bits, pattern))
        return Outcome(self._in_place(pattern))

    def _in_place(self, pattern: FaultPattern) -> list[int]:
        stored = [self.values[t.name].view(np.uint32).tolist() for t in self.data.tensors]
        flat = [code for codes in stored for code in codes]
        held = [slow_memory.in_place(self.protect, code, "float32")[0] for code in flat]
        row = [code >> bit & 1 for code in held for bit in range(32)]
        hit = slow_memory.hit_bits(self.space, row, pattern)
        after = [sum(b << i for i, b in enumerate(hit[k : k + 32])) for k in range(0, len(hit), 32)]
        read = [slow_memory.in_place(self.protect, code, "float32")[1] for code in after]
        return [code >> bit & 1 for code in read for bit in range(32)]

    def counts(self, pattern: FaultPattern) -> tuple[int, int]:
        """SDC and DUE images of one event."""
        found = self.outcome(pattern)
        if found.announced:
            return 0, IMAGES
        key = tuple(found.read)
        if key not in self.known:
            self.known[key] = self._run(found.read)
        return self.known[key]

    def _run(self, read: list[int]) -> tuple[int, int]:
        proto = type(self.proto)()
        proto.CopyFrom(self.proto)
        stored = {t.name: t for t in proto.graph.initializer}
        for index, tensor in enumerate(self.data.tensors):
            first = int(self.data.offsets[index])
            bits = np.array(read[first : first + tensor.bits]).reshape(-1, 32)
            codes = (bits << np.arange(32)).sum(axis=1).astype(np.uint32)
            values = from_codes(codes, ELEMENT_TYPES[tensor.dtype])
            set_raw(stored[tensor.name], values.tobytes())
        golden = self.on.context.golden
        (batch,) = golden.batches
        session = open_session(proto, session_options())
        result = run_session(session, batch.feeds(golden.input_name))
        assert not isinstance(result, Failure)
        found = golden.judge.outcomes(golden.by_batch[0], result, batch.labels)
        return found.sdc, found.due


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("protect", CODES)
def test_one_event_has_the_probability_that_enumeration_finds(
    protect: str, fault: str, folder: Path
) -> None:
    """Every event of a kind, check bits included: equal up to the order of additions."""
    on = analysis(folder, protect, fault)
    found = whole(on)
    every, model = Enumeration(on, protect), parse_fault(fault)
    bits = on.context.space.bits
    patterns = (FaultPattern(model, np.array([site], np.int64)) for site in range(bits))
    counts = [every.counts(pattern) for pattern in patterns]
    sdc, due = (sum(column) / (bits * IMAGES) for column in zip(*counts, strict=True))
    assert found.sdc.estimate == pytest.approx(sdc, abs=1e-12)
    assert found.due.estimate == pytest.approx(due, abs=1e-12)
    assert found.sdc.low == pytest.approx(sdc, abs=1e-12)


def test_there_is_something_to_find(folder: Path) -> None:
    """Else agreement would prove little: protections change the figure, and not to nothing."""
    found = {
        (protect, fault): whole(analysis(folder, protect, fault))
        for protect in ("none", "secded:32", "tmr")
        for fault in ("flip", "burst:2")
    }
    sdc = {key: entry.sdc.estimate for key, entry in found.items()}
    due = {key: entry.due.estimate for key, entry in found.items()}
    assert sdc["none", "flip"] > 0.01
    assert sdc["secded:32", "flip"] == due["secded:32", "flip"] == 0.0
    assert due["secded:32", "burst:2"] > 0.9
    assert sdc["tmr", "burst:2"] == 0.0


def test_a_mixture_is_the_sum_of_its_parts(folder: Path) -> None:
    """The law of total probability: shares times figures that are known exactly."""
    parts = {"flip": 0.5, "burst:2": 0.3, "word:8": 0.2}
    mixed = "mix:" + ",".join(f"{fault}={share}" for fault, share in parts.items())
    for protect in ("none", "secded:8:zero"):
        exact = sum(
            share * whole(analysis(folder, protect, fault)).sdc.low
            for fault, share in parts.items()
        )
        found = whole(analysis(folder, protect, mixed), exhaustive=False).sdc
        assert found.low <= exact <= found.high
        assert found.high - found.low < 0.1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("events")


def test_the_memory_is_larger_by_its_check_bits(folder: Path) -> None:
    on = analysis(folder, "secded:32", "flip")
    memory = on.memory
    assert memory is not None
    checked: ProtectedMemory = memory
    assert on.space is checked.space is on.context.space
    assert on.context.plan.protection == "secded:32"
    assert checked.space.bits == checked.data.bits * 39 // 32

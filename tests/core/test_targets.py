"""Targets of faults: computed values in an ordinary fault space, driven by the ordinary campaign.

No executor of the tool flips bits of computed values yet. The one here does: it runs the network up
to the value, flips the bits in numpy, and runs the rest.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx.utils import Extractor

from analyzer.answers import Answer, Feeds, Result, Run
from analyzer.campaign.cells import cell_named
from analyzer.campaign.patterns import PatternSource
from analyzer.campaign.trials import TrialContext
from analyzer.errors import EmptySelection, UnsupportedTarget
from analyzer.faults.elements import FLOAT32, StoredCodec, Values
from analyzer.faults.models import FLIP, FaultPattern
from analyzer.faults.pairing import correspond
from analyzer.faults.severity import find_severity
from analyzer.faults.site_strata import Reach, split_sites
from analyzer.faults.space import (
    ComputedKind,
    FaultSpace,
    Kind,
    Selection,
    Target,
    TensorSite,
)
from analyzer.jobs.prepare import Analysis
from analyzer.runtime.open import open_executor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import NAMED
from analyzer.runtime.ort.session import open_session, run_session, session_options
from tests.campaign.contexts import AtOnce, Results, run, tiny_analysis
from tests.campaign.maps import make
from tests.support import CHANNELS

ACTIVATION = TensorSite(
    "c", ComputedKind.ACTIVATION, (CHANNELS, 6, 6), StoredCodec(FLOAT32), "float32", Target.COMPUTED
)
"""The output of the convolution, for one image."""


class ActivationExecutor:
    """Flips bits of stored tensors in the file, and of one computed value on its way."""

    def __init__(self, analysis: Analysis, stored: FaultSpace, space: FaultSpace) -> None:
        """Cut the network in two at the value.

        Args:
            analysis: of the network.
            stored: its stored tensors, which come first in ``space``.
            space: these and the value.
        """
        space.check_served({Target.STORED, Target.COMPUTED}, "this executor")
        self._stored, self._space = stored, space
        self._oracle = RewriteExecutor(analysis.model, stored)
        self._golden = self._halves(self._oracle.proto)

    def _halves(self, proto: onnx.ModelProto) -> tuple[onnx.ModelProto, onnx.ModelProto]:
        extractor = Extractor(onnx.shape_inference.infer_shapes(proto))
        names = [proto.graph.input[0].name], [ACTIVATION.name], [proto.graph.output[0].name]
        return (
            extractor.extract_model(names[0], names[1]),
            extractor.extract_model(names[1], names[2]),
        )

    def run(self, feeds: Feeds) -> Result:
        """Golden, in two halves as well."""
        return self._run(self._golden, feeds, FaultPattern(FLIP, np.zeros(0, np.int64)))

    @contextmanager
    def inject(self, pattern: FaultPattern) -> Iterator[Run]:
        """Stored bits in the file, the others while it runs."""
        here = pattern.sites < self._stored.bits
        proto = self._oracle.faulty_proto(replace(pattern, sites=pattern.sites[here]))
        halves = self._halves(proto)
        others = replace(pattern, sites=pattern.sites[~here])
        yield lambda feeds: self._run(halves, feeds, others)

    def _run(
        self, halves: tuple[onnx.ModelProto, onnx.ModelProto], feeds: Feeds, pattern: FaultPattern
    ) -> Result:
        first, second = (session_of(half.SerializeToString()) for half in halves)
        reached = run_session(first, feeds)
        assert isinstance(reached, Answer)
        values = reached.outputs[0].copy()
        codes = ACTIVATION.codec.encode(values).reshape(len(values), -1)
        for hit in self._space.masks(pattern):
            held = codes[:, hit.elements]
            codes[:, hit.elements] = pattern.fault.apply(held, hit.codes(codes.dtype))
        faulty = ACTIVATION.codec.decode(codes).reshape(values.shape)
        return run_session(second, {ACTIVATION.name: faulty})

    def check_golden(self) -> None:
        """Nothing of it ever changes."""
        self._oracle.check_golden()


@cache
def session_of(content: bytes) -> Any:
    """A session, opened once."""
    proto = onnx.ModelProto()
    proto.ParseFromString(content)
    return open_session(proto, session_options())


@cache
def tiny() -> Analysis:
    """The network whose stored tensors are at risk."""
    with tempfile.TemporaryDirectory() as folder:
        return tiny_analysis(Path(folder), rates="1e-3,1e-2", precision=0.05)


def values() -> dict[str, Values]:
    return tiny().model.values()


def mixed() -> FaultSpace:
    """Stored tensors and the computed value."""
    tensors = (*tiny().space.tensors, ACTIVATION)
    return Selection(targets=(Target.STORED, Target.COMPUTED)).of(tensors)


def context_of(space: FaultSpace) -> TrialContext:
    """The small campaign on a space with the computed value."""
    executor = ActivationExecutor(tiny(), tiny().space, space)
    severity = find_severity(space, values(), FLIP)
    patterns = replace(tiny().context.patterns, space=space, severity=severity)
    return replace(tiny().context, patterns=patterns, executor=executor)


# What the space knows of targets


def test_stored_tensors_alone_are_exposed_unless_more_is_asked_for() -> None:
    tensors = (*tiny().space.tensors, ACTIVATION)
    assert Selection().of(tensors) == tiny().space
    assert mixed().tensors[-1] is ACTIVATION
    assert mixed().bits == tiny().space.bits + ACTIVATION.bits
    only = Selection(targets=(Target.COMPUTED,))
    assert only.of(tensors).tensors == (ACTIVATION,)
    with pytest.raises(EmptySelection):
        replace(only, kinds=(Kind.WEIGHT,)).of(tensors)


def test_plans_tell_targets_apart() -> None:
    """Else trials on computed values would be taken for those on stored ones."""
    plan = tiny().context.plan
    other = replace(plan, selection=replace(plan.selection, targets=(Target.COMPUTED,)))
    assert other.id != plan.id
    assert "targets" not in plan.content


def test_the_inventory_holds_what_is_stored() -> None:
    assert {t.target for t in tiny().space.tensors} == {Target.STORED}


def test_a_value_and_a_tensor_of_one_name_do_not_correspond() -> None:
    stored = replace(ACTIVATION, target=Target.STORED)
    assert correspond(FaultSpace((ACTIVATION,)), FaultSpace((stored,))).common_bits == 0
    assert correspond(FaultSpace((ACTIVATION,)), FaultSpace((ACTIVATION,))).common_bits > 0


def test_strata_of_computed_values_follow_from_their_format() -> None:
    """Golden values depend on the image: bit 30 of a float32 explodes whatever it holds."""
    severity = find_severity(mixed(), values(), FLIP)
    last = len(mixed().tensors) - 1
    assert np.flatnonzero(severity.severe[last]).tolist() == [30]
    sites = [mixed().site(last, element, 30) for element in range(ACTIVATION.elements)]
    assert severity.are_rising(np.array(sites)).all()
    reaches = {s.reach: s.positions for s in split_sites(mixed(), values()).parts[last]}
    assert reaches[Reach.SEVERE] == (30,)
    assert 31 in reaches[Reach.LARGE]
    assert set(range(18)) <= set(reaches[Reach.SLIGHT])


@pytest.mark.parametrize("name", ["cpu", "cpu-bound"])
def test_executors_of_stored_bits_refuse(name: str) -> None:
    feeds = tiny().context.golden.batches[0].feeds(tiny().context.golden.input_name)
    says = "cannot flip bits of 'c', a value that is computed at each run; --exclude it"
    with pytest.raises(UnsupportedTarget, match=says):
        open_executor(tiny().model, mixed(), feeds, NAMED[name])
    with pytest.raises(UnsupportedTarget, match=says):
        RewriteExecutor(tiny().model, mixed())


# The ordinary campaign


def reference() -> npt.NDArray[np.bool_]:
    """Which images change their decision, by bit of the value: bool (bits, images), in numpy."""
    stored = values()
    context = tiny().context
    shaped = onnx.shape_inference.infer_shapes(tiny().model.proto)
    first = Extractor(shaped).extract_model([context.golden.input_name], [ACTIVATION.name])
    inputs = np.concatenate([b.inputs[: b.images] for b in context.golden.batches])
    reached = run_session(
        session_of(first.SerializeToString()), {context.golden.input_name: inputs}
    )
    assert isinstance(reached, Answer)
    golden = reached.outputs[0].reshape(len(inputs), -1)

    def decide(c: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        pooled = np.maximum(c, 0).reshape(len(c), CHANNELS, 3, 2, 3, 2).max(axis=(3, 5))
        with np.errstate(over="ignore", invalid="ignore"):
            scores = pooled.reshape(len(c), -1) @ stored["fc_w"] + stored["fc_b"]
        return np.where(np.isfinite(scores).all(axis=1), scores.argmax(axis=1), -1)

    before = decide(golden)
    changed = np.zeros((ACTIVATION.bits, len(inputs)), bool)
    for bit in range(ACTIVATION.bits):
        faulty = golden.copy()
        codes = faulty.view(np.uint32)
        codes[:, bit // 32] ^= np.uint32(1 << bit % 32)
        found = decide(faulty)
        changed[bit] = (found != before) & (found >= 0)
    return changed


def test_a_map_of_a_computed_value_contains_the_truth() -> None:
    """The ordinary runner on sites of a value. Fails if other bits are hit than were drawn."""
    space = FaultSpace((ACTIVATION,))
    context = context_of(mixed())
    plan = replace(context.plan, rates=(), precision=0.03)
    executor = ActivationExecutor(tiny(), FaultSpace(()), space)
    patterns = PatternSource(plan, space, None, sites=split_sites(space, {}))
    mapped = replace(context, patterns=patterns, executor=executor)
    found = make(mapped)
    truth = float(reference().mean())
    assert 0.005 < truth < 0.5
    assert found.whole.estimate is not None
    assert found.whole.estimate.sdc.low <= truth <= found.whole.estimate.sdc.high
    assert found.complete


def test_a_sweep_hits_stored_bits_and_computed_ones() -> None:
    """More bits at risk do more harm, and both targets are hit within a trial."""
    context = context_of(mixed())
    found = run(context, AtOnce(Results(context)))
    alone = run(tiny().context, AtOnce(Results(tiny().context)))
    assert found.complete
    for mine, other in zip(found.rates, alone.rates, strict=True):
        assert mine.expected_flips > other.expected_flips
    more, fewer = found.rates[-1].estimate, alone.rates[-1].estimate
    assert more is not None
    assert fewer is not None
    assert more.masked.high < fewer.masked.low
    hit = {u.tensor for i in range(16) for u in context.crash(cell_named("0.01/0"), i).upsets}
    assert hit > {"c", "fc_w"}
    assert run(context, AtOnce(Results(context))) == found

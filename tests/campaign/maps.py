"""A small network of which every single flip on every image is known, from the oracle."""

import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analyzer.campaign.blocks import Block, BlockResult, run_block
from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.maps.run import run_map
from analyzer.campaign.maps.task import TensorTask
from analyzer.campaign.runner import Budget, Store
from analyzer.campaign.trials import TrialContext
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.prepare import prepare_map
from analyzer.jobs.requests.campaigns import MapRequest
from analyzer.jobs.requests.settings import ask
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.stats.areas import AreaEstimate, ExactShares
from tests.campaign.contexts import Charges, Memory, Opaque, with_plan, zero_clock
from tests.support import golden_labels, save, tiny_cnn_proto, tiny_images

SIZE, IMAGES = 8, 10

Counts = npt.NDArray[np.int64]
"""int64 (sites, 4): SDC, DUE, lost and gained images of each site."""


def small_analysis(folder: Path, **flags: object) -> Analysis:
    """A map of 226 weights on 10 images, three to a trial: 4 batches, the last one smaller."""
    proto = tiny_cnn_proto(size=SIZE)
    images = tiny_images(IMAGES, SIZE)
    model = save(proto, folder / "small.onnx")
    np.savez(folder / "small.npz", images=images, labels=golden_labels(proto, images))
    asked = {"data": folder / "small.npz", "batch": 3, "margin": 0.05, **flags}
    return prepare_map(ask(MapRequest, asked, model=model))


@dataclass
class Direct(Opaque):
    """A pool that runs what it is asked at once, and counts it."""

    context: TrialContext
    width: int = 1
    sent: list[Block] = field(default_factory=list)

    @property
    def ran(self) -> int:
        """How many blocks it ran."""
        return len(self.sent)

    def submit(self, blocks: Iterable[Block]) -> "Future[list[BlockResult]]":
        """Run now."""
        results = [run_block(self.context, block, zero_clock) for block in blocks]
        self.sent += [result.block for result in results]
        future: Future[list[BlockResult]] = Future()
        future.set_result(results)
        return future


def ignore_progress(_task: TensorTask) -> None:
    """Look away."""


def make(
    context: TrialContext,
    store: Store | None = None,
    budget: Budget | None = None,
    exhaustive: bool = False,
    pool: Direct | None = None,
    tell: Callable[[TensorTask], None] = ignore_progress,
) -> VulnerabilityMap:
    """A map, made to its end unless ``budget`` ends it before."""
    pool = pool or Direct(context)
    tensors = run_map(context, pool, store or Memory(), budget or Charges(), tell, exhaustive)
    return VulnerabilityMap(context.plan, context.golden.metric, context.space, tensors)


@cache
def small() -> Analysis:
    """`small_analysis`, shared by the tests of one process."""
    with tempfile.TemporaryDirectory() as folder:
        return small_analysis(Path(folder))


@cache
def enumerated() -> Counts:
    """Every single flip on every image, by editing the file and loading it anew each time."""
    return enumerate_upsets(small())


def enumerate_upsets(analysis: Analysis) -> Counts:
    """Every single upset on every image, by the oracle."""
    context, space, of = analysis.context, analysis.space, analysis.context.golden
    oracle = RewriteExecutor(analysis.model, space, pack=False)  # one-row products round otherwise
    fed = [({of.input_name: b.inputs}, b.labels, b.images) for b in of.batches]
    golden = [of.judge.golden(oracle.run(f), labels, n) for f, labels, n in fed]
    counts = np.zeros((space.bits, 4), np.int64)
    for site in range(space.bits):
        pattern = FaultPattern(context.plan.fault, np.array([site], np.int64))
        with oracle.inject(pattern) as run:
            for (feeds, labels, _), right in zip(fed, golden, strict=True):
                o = of.judge.outcomes(right, run(feeds), labels)
                counts[site] += o.sdc, o.due, o.lost, o.gained
    return counts


def truth(sites: npt.NDArray[np.bool_]) -> ExactShares:
    """The mean over some sites and all images."""
    return ExactShares(*(enumerated()[sites].mean(axis=0) / IMAGES).tolist())


def known(estimate: AreaEstimate | None) -> AreaEstimate:
    """The estimate of an area that has one."""
    assert estimate is not None
    return estimate


def places() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Tensor and bit position of every site: int64 (sites,) each."""
    space = small().space
    located = [space.locate(site) for site in range(space.bits)]
    tensors, _, bits = zip(*located, strict=True)
    return np.array(tensors), np.array(bits)


def with_seed(seed: int, margin: float = 0.05) -> TrialContext:
    """The same context, other random numbers and perhaps another margin."""
    return with_plan(small().context, seed=seed, precision=margin)

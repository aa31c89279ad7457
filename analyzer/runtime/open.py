"""The executor of each device, composed from the one list of accelerations.

Every acceleration is imported by this file alone. To remove one is to delete its folder and its
lines here; to leave one out of an executor is to name it in ``without``.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from functools import cache as remembered
from functools import partial
from typing import Any

import numpy as np

from analyzer.answers import Feeds, Run
from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.runtime.device.partial import open_device_partial
from analyzer.runtime.device.weights import DeviceWeights
from analyzer.runtime.executor import (
    CampaignExecutor,
    Hit,
    LiveRuns,
    SlowRoute,
    first_example,
)
from analyzer.runtime.layout.layout import Layout, Route
from analyzer.runtime.layout.restrict import NO_LAYOUT
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.acceleration import NotApplied, State, listed
from analyzer.runtime.ort.device import CPU, Device, WeightLocation
from analyzer.runtime.ort.device_failures import raising_device_failures
from analyzer.runtime.partial.execution import PartialExecution
from analyzer.runtime.partial.golden_cache import NO_CACHE, Cache
from analyzer.runtime.partial.plan import HostPartial, open_partial
from analyzer.runtime.prepacked_weights.strategy import PrepackedWeights
from analyzer.runtime.recompile.route import LOADS_FIRST, RecompileRoute
from analyzer.runtime.recompile.route import NAME as RECOMPILED
from analyzer.runtime.recompile.subgraphs import RecompiledSubgraphs
from analyzer.runtime.recompile.validation import Ground, find_subgraphs
from analyzer.runtime.speculative_bounds.nchwc_layout import drop_reorders
from analyzer.runtime.speculative_bounds.strategy import SpeculativeBounds
from analyzer.runtime.stretches.reading_nodes import find_reads
from analyzer.runtime.stretches.strategy import LiveModel, Strategy, Use
from analyzer.runtime.weights.address_book import Reach
from analyzer.runtime.weights.cow_pages import CowPages
from analyzer.runtime.weights.file_weights import file_weights
from analyzer.runtime.weights.followers import Follower
from analyzer.runtime.weights.host import HostWeights
from analyzer.runtime.weights.open_weights import OpenWeights, open_weights

LIVE, NCHWC = "live_weights", "nchwc_layout"
PARTIAL, PAGES = "partial_execution", "copy_on_write_pages"

STRATEGIES: tuple[Strategy, ...] = (SpeculativeBounds(), PrepackedWeights())
"""Ways to run stretches besides plain sessions; of those that cost the same the first is taken."""

ACCELERATIONS = (LIVE, NCHWC, PARTIAL, *(s.name for s in STRATEGIES), PAGES, RECOMPILED)
"""Every name that ``without`` takes, in the order in which reports list them."""

FIRST = {Use.WHERE_IT_PAYS: LOADS_FIRST, Use.EVERYWHERE: 0}
"""Patterns that the oracle loads before subgraphs are looked for."""

LEFT_OUT = NotApplied("left out on request")
HOST_ONLY = NotApplied("it works on the host only")


def open_executor(
    model: Model,
    space: FaultSpace,
    sample: Feeds,
    device: Device = CPU,
    cache: Cache = NO_CACHE,
    layout: Layout | None = None,
    *,
    without: Collection[str] = (),
    use: Use = Use.WHERE_IT_PAYS,
    others: Sequence[Feeds] = (),
) -> CampaignExecutor:
    """The fastest exact executor that a device has.

    Args:
        model: the model.
        space: its bits at risk.
        sample: one batch, on which whatever is opened is tried out. Arrays that are fed must not
            change afterwards: the same arrays are taken to give the same golden values.
        device: where it runs.
        cache: memory for golden values.
        layout: the layout that another executor on this device found for this very model and
            space; None: find it.
        without: names of accelerations that are left out.
        use: accelerations where they pay, or everywhere that they can be used.
        others: batches with other numbers of rows, by which kernels choose how they add up.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
        DeviceFailed: the device has not enough memory, or failed.
        BadOption: ``without`` names no acceleration.
    """
    for name in without:
        if name not in ACCELERATIONS:
            raise BadOption(f"there is no acceleration {name!r}{meant(name, ACCELERATIONS)}")
    if LIVE in without or device.weights is WeightLocation.FILE:
        reason = LEFT_OUT if LIVE in without else NotApplied(NO_LAYOUT)
        states = listed(dict.fromkeys(ACCELERATIONS, reason))
        return RewriteExecutor(model, space, device, states)
    if device.weights is WeightLocation.BOUND:
        return open_on_device(model, space, sample, device, cache, layout, without=without, use=use)
    if device.precise_int8:  # subgraphs are recompiled as the processor runs them by default
        without = {*without, RECOMPILED}
    return open_live(
        model, space, sample, cache, layout, without=without, use=use, device=device, others=others
    )


def open_live(
    model: Model,
    space: FaultSpace,
    sample: Feeds,
    cache: Cache = NO_CACHE,
    layout: Layout | None = None,
    *,
    without: Collection[str] = (),
    use: Use = Use.WHERE_IT_PAYS,
    backend: HostWeights | None = None,
    strategies: Sequence[Strategy] = STRATEGIES,
    device: Device = CPU,
    others: Sequence[Feeds] = (),
) -> LiveExecutor:
    """Live weights on the host, and the accelerations that apply to them.

    Args:
        model: the model.
        space: its bits at risk.
        sample: one batch.
        cache: memory for golden values.
        layout: the layout that another executor of this machine found; None: find it.
        without: names of accelerations that are left out.
        use: accelerations where they pay, or everywhere that they can be used.
        backend: opens the live weights; None: as `open_executor` does.
        strategies: ways to run stretches besides plain sessions.
        device: this machine's processor, and how it adds up integers.
        others: batches with other numbers of rows that will be run as well.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
    """
    if backend is None:
        backend = HostWeights() if NCHWC in without else HostWeights(rewrite=drop_reorders)
        backend.device = device
    weights = open_weights(model, space, sample, backend, layout, others)
    opened = weights.opened
    reads = find_reads(opened.stripped.graph, space, opened.layout)
    live = LiveModel(opened.stripped, opened.ort_values, opened.weight_memory, weights.stored)
    found = HostPartial(LEFT_OUT)
    if PARTIAL not in without:
        chosen = [s for s in strategies if s.name not in without]
        found = open_partial(live, reads.in_place(space), chosen, sample, cache, use)
    runs = None if isinstance(found.execution, NotApplied) else found.execution
    followers: list[Follower] = list(found.stretches.followers) if found.stretches else []
    if PAGES not in without:
        followers.append(CowPages(opened.weight_memory.live))
    names = [s.name for s in strategies]
    states = _states(weights, found, names, backend.rewritten, without)
    oracle = remembered(lambda: RewriteExecutor(model, space, device))
    routes: list[SlowRoute] = [OracleRoute(oracle)]
    if RECOMPILED not in without:
        del states[RECOMPILED]  # the route itself tells it, for it changes
        find = partial(_find_subgraphs, weights, live, found, oracle, first_example(sample, model))
        routes.insert(0, RecompileRoute(find, oracle, weights, reads, FIRST[use]))
    return LiveExecutor(weights, reads, runs, followers, routes, listed(states))


def _find_subgraphs(
    weights: OpenWeights,
    live: LiveModel,
    found: HostPartial,
    oracle: Callable[[], RewriteExecutor],
    sample: Feeds,
) -> RecompiledSubgraphs | NotApplied:
    opened, space, book = weights.opened, weights.space, weights.book
    fixed = file_weights(space, book, opened.layout, opened.weight_memory, opened.ort_values)
    kept, values = [live.start], {}
    if isinstance(found.execution, PartialExecution):
        kept, values = list(found.execution.cuts), dict(found.execution.values.sample.values)
    links = found.stretches.links() if found.stretches else {}
    ground = Ground(space, live, kept, values, links, fixed)
    return find_subgraphs(ground, oracle(), np.flatnonzero(book.reach == Reach.RELOAD), sample)


def open_on_device(
    model: Model,
    space: FaultSpace,
    sample: Feeds,
    device: Device,
    cache: Cache = NO_CACHE,
    layout: Layout | None = None,
    *,
    without: Collection[str] = (),
    use: Use = Use.WHERE_IT_PAYS,
    backend: DeviceWeights | None = None,
) -> LiveExecutor:
    """Live weights in a device's memory, and the accelerations that apply to them.

    Args:
        model: the model.
        space: its bits at risk.
        sample: one batch.
        device: where it runs.
        cache: the device's memory for inputs and golden values.
        layout: the layout that another executor on this device found; None: find it.
        without: names of accelerations that are left out.
        use: accelerations where they pay, or everywhere that they can be used.
        backend: opens the live weights; None: as `open_executor` does.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
        DeviceFailed: the device has not enough memory, or failed.
        UnsupportedTarget: the space has bits that are not stored in the model.
    """
    oracle = remembered(lambda: RewriteExecutor(model, space, device))
    backend = backend or DeviceWeights(device, oracle)
    found: PartialExecution[Any] | NotApplied = LEFT_OUT
    with raising_device_failures(device):
        weights = open_weights(model, space, sample, backend, layout)
        reads = find_reads(weights.opened.stripped.graph, space, weights.opened.layout)
        if PARTIAL not in without:
            memory, readers = backend.mirror.memory, reads.in_place(space)
            found = open_device_partial(weights.opened, memory, readers, sample, cache, use)
    states: dict[str, State] = dict.fromkeys(ACCELERATIONS, HOST_ONLY)
    states |= {LIVE: _live_state(weights), PARTIAL: _partial_state(found)}
    runs = None if isinstance(found, NotApplied) else found
    routes = [OracleRoute(oracle)]
    return LiveExecutor(weights, reads, runs, [backend.mirror], routes, listed(states))


class OracleRoute:
    """The last `SlowRoute`: the oracle loads the faulty file as a whole, whatever the pattern."""

    acceleration = None

    def __init__(self, oracle: Callable[[], RewriteExecutor]) -> None:
        """Open nothing yet.

        Args:
            oracle: gives the one oracle of this executor.
        """
        self._oracle = oracle

    def inject(
        self, pattern: FaultPattern, hit: Hit, live: LiveRuns
    ) -> AbstractContextManager[Run]:
        """As in `SlowRoute`; the live weights stay golden."""
        return self._oracle().inject(pattern)

    def check(self) -> None:
        """Nothing to compare: the oracle edits a new copy of the file for every pattern."""


def _states(
    weights: OpenWeights,
    found: HostPartial,
    strategies: Sequence[str],
    rewritten: bool,
    without: Collection[str],
) -> dict[str, State]:
    """The state of every acceleration on the host, by name."""
    no_blocks = NotApplied("no element-wise node stands between nodes in the NCHWc layout")
    no_file = NotApplied("the live weights are too small to be mapped from a file")
    states: dict[str, State] = {
        LIVE: _live_state(weights),
        NCHWC: "element-wise nodes stay in the layout of convolutions" if rewritten else no_blocks,
        PARTIAL: _partial_state(found.execution),
        **{name: found.state(name) for name in strategies},
        PAGES: "pages that faults touched go back to the file" if weights.filed else no_file,
        RECOMPILED: LEFT_OUT,
    }
    return states | dict.fromkeys(without, LEFT_OUT)


def _live_state(weights: OpenWeights) -> State:
    routes = list(weights.opened.layout.routes.values())
    reloaded = routes.count(Route.RELOAD)
    if routes and reloaded == len(routes):
        return NotApplied("every tensor is reloaded, for the reasons that are given by tensor")
    state = f"{len(routes) - reloaded} of {len(routes)} tensors are faulted in place"
    sums = weights.opened.layout.reordered
    return f"{state}; {sums.sentence}" if sums else state


def _partial_state(found: PartialExecution[Any] | NotApplied) -> State:
    if isinstance(found, NotApplied):
        return found
    stops = sum(found.early_stops)
    return f"late start at {len(found.cuts)} places, early stop at {stops}"

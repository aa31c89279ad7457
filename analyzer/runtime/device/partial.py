"""Partial re-execution on a device: which cuts it keeps, and whether to look for masked faults."""

from collections.abc import Sequence

import numpy as np

from analyzer.answers import Feeds
from analyzer.runtime.device.compare import seconds_to_compare
from analyzer.runtime.device.cuts import DeviceGraph, KeptCuts, OpenPart, choose, every_cut
from analyzer.runtime.device.io_binding import BoundSession, DeviceValue
from analyzer.runtime.device.memory import DeviceMemory
from analyzer.runtime.device.values import DeviceValues, raise_if_lost
from analyzer.runtime.ort.acceleration import NotApplied
from analyzer.runtime.ort.session import short_reason
from analyzer.runtime.partial.execution import PartialExecution
from analyzer.runtime.partial.golden_cache import Cache
from analyzer.runtime.partial.plan import MASKED_SHARE
from analyzer.runtime.stretches.cuts import Floats, find_cuts
from analyzer.runtime.stretches.reading_nodes import ReadingNodes
from analyzer.runtime.stretches.strategy import Use
from analyzer.runtime.weights.open_weights import OpenedLayout

NO_ROOM = NotApplied("the cache has no room for the inputs of all batches on the device (--cache)")
NO_SESSION = NotApplied("the device runs whole files, for its own optimized graph cannot be used")


def open_device_partial(
    opened: OpenedLayout,
    memory: DeviceMemory,
    readers: ReadingNodes,
    sample: Feeds,
    cache: Cache,
    use: Use,
    open_session: OpenPart = BoundSession,
) -> PartialExecution[DeviceValue] | NotApplied:
    """Keep inputs on the device, and cut the graph where it pays.

    Args:
        opened: the optimized model and the session of all of it; the weights are golden.
        memory: its live weights.
        readers: of the tensors that are faulted in place.
        sample: one batch.
        cache: the device's memory for inputs and golden values.
        use: cuts where they pay, or everywhere.
        open_session: opens the session of a stretch.

    Raises:
        DeviceFailed: the device is lost.
    """
    if not isinstance(opened.session, BoundSession):
        return NO_SESSION
    left = cache.size - cache.batches * sum(array.nbytes for array in sample.values())
    if cache.size <= 0 or left < 0:
        return NO_ROOM
    graph = DeviceGraph(opened.stripped, memory, find_cuts(opened.stripped.graph), open_session)
    try:
        if use is Use.EVERYWHERE:
            kept = every_cut(graph)
        else:
            kept = choose(graph, readers, sample, Cache(left, cache.batches))
        values = DeviceValues(graph, opened.session, kept.cuts, sample, cache.batches)
        return PartialExecution(values, early_stops(values, kept, memory, use))
    except Exception as error:
        raise_if_lost(error)
        return NotApplied(f"ONNX Runtime refuses a stretch of the graph: {short_reason(error)}")


def early_stops(
    values: DeviceValues, kept: KeptCuts, memory: DeviceMemory, use: Use
) -> Sequence[bool]:
    """By kept cut but the first: true if to compare values there is worth its time.

    Args:
        values: golden values of the sample at the cuts.
        kept: the cuts, and the time of a run from each to the end.
        memory: the device's.
        use: where it pays, or everywhere.
    """
    if len(kept.cuts) < 2 or use is Use.EVERYWHERE:
        return [True] * (len(kept.cuts) - 1)
    held = [[values.sample.values[n] for n in cut.values] for cut in kept.cuts[1:]]
    return worth_comparing(kept.seconds, seconds_to_compare(held, memory.device))


def worth_comparing(seconds: Floats, taken: Floats) -> list[bool]:
    """By cut but the first: true if the runs that an early stop saves take longer than looking.

    Args:
        seconds: float64 (cuts,), a run from each cut to the end.
        taken: float64 (cuts - 1,), the comparison at each cut but the first.
    """
    call = taken.min(initial=np.inf)  # the shortest comparison is hardly more than a call
    return [bool(x) for x in seconds[1:] * MASKED_SHARE > taken + call]

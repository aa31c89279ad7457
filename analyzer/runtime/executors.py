"""The executor that campaigns use on each device."""

from typing import Protocol

from analyzer.model import Model
from analyzer.runtime.device_live import DeviceExecutor
from analyzer.runtime.devices import CPU, Device, Weights
from analyzer.runtime.executor import Executor
from analyzer.runtime.layout import Layout
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.rewrite import RewriteExecutor
from analyzer.runtime.segments import NO_CACHE, Cache
from analyzer.runtime.session import Feeds
from analyzer.space import FaultSpace


class CampaignExecutor(Executor, Protocol):
    """An executor that can hand its work to others of its kind, and make room for them."""

    reloads: int
    """Patterns that were loaded anew so far."""

    @property
    def threaded(self) -> bool:
        """Whether several threads may run without faults at the same time."""

    @property
    def layout(self) -> Layout | None:
        """What it found out about the model; None if it needs to know nothing."""

    def release(self) -> None:
        """Give back all memory that runs need; nothing can be run afterwards."""


def open_executor(
    model: Model,
    space: FaultSpace,
    sample: Feeds,
    device: Device = CPU,
    cache: Cache = NO_CACHE,
    layout: Layout | None = None,
) -> CampaignExecutor:
    """The fastest exact executor that a device has.

    Args:
        model: the model.
        space: its bits at risk.
        sample: one batch; see `LiveExecutor`.
        device: where it runs.
        cache: what golden values may take.
        layout: what another executor on this device found out; None: find out.

    Raises:
        UnsupportedModel: ONNX Runtime cannot load the model.
        DeviceFailed: the device has not enough memory, or failed.
    """
    match device.weights:
        case Weights.BORROWED:
            return LiveExecutor(model, space, sample, cache, layout)
        case Weights.BOUND:
            return DeviceExecutor(model, space, sample, device, cache, layout)
        case Weights.FILE:
            return RewriteExecutor(model, space, device)

"""The executor that campaigns use on each device."""

from analyzer.answers import Feeds
from analyzer.faults.space import FaultSpace
from analyzer.model import Model
from analyzer.runtime.device.open import DeviceExecutor
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU, Device, Weights
from analyzer.runtime.partial.golden_cache import NO_CACHE, Cache


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
        UnsupportedTarget: the space has bits that are not stored in the model.
    """
    match device.weights:
        case Weights.BORROWED:
            return LiveExecutor(model, space, sample, cache, layout)
        case Weights.BOUND:
            return DeviceExecutor(model, space, sample, device, cache, layout)
        case Weights.FILE:
            return RewriteExecutor(model, space, device)

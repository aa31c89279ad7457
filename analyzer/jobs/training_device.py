"""The device of a training, made ready before torch reserves anything on it."""

import os

from analyzer.jobs.observer import Observer
from analyzer.jobs.requests.fitting import FitRequest
from exporters.torch.optional_package import need
from exporters.training.devices import choose_device

REPEATABLE = ("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
"""Without this setting, products of matrices on a GPU are not the same bits each time."""


def ready_device(request: FitRequest, observer: Observer) -> None:
    """Refuse a device that there is not, before the data are read; prepare the one that there is.

    Args:
        request: names the device.
        observer: is told before a device other than the CPU is started.

    Raises:
        TorchMissing: torch is not installed.
        DeviceUnavailable: a GPU is asked for, and there is none.
    """
    need("torch")
    if request.device != "cpu":
        observer.before_device()
        os.environ.setdefault(*REPEATABLE)
    choose_device(request.device, not request.full_precision)

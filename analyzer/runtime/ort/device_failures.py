"""Failures of a device, told apart from what a fault did to the model.

A faulty weight may make a kernel fail, and that is an outcome. A device that is out of memory, or
whose driver has given up, fails every trial that follows; to count those would be to invent faults.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from analyzer.answers import Failure, Result
from analyzer.errors import DeviceFailed, RelcheckError
from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.session import short_reason

_EXHAUSTED = re.compile(r"out of memory|Failed to allocate memory|ALLOC_FAILED|bad allocation")
_LOST = re.compile(
    r"(?:CUDA|CUDNN|CUBLAS)[ _](?:failure|error) ?(?:7\d\d|999)|illegal memory access"
)
"""Errors after which CUDA answers nothing any more (700 illegal address ... 719 launch failure,
999 unknown): see cudaError_t in NVIDIA's CUDA Runtime API."""

_OF_CUDA = re.compile(r"\bcu(?:da|dnn|blas)", re.IGNORECASE)


def device_failure(message: str, device: Device) -> DeviceFailed | None:
    """The device's failure that a message of ONNX Runtime reports; None if it reports none.

    Args:
        message: ONNX Runtime's message, in one line.
        device: where the model ran.

    >>> from analyzer.runtime.ort.device import NAMED
    >>> cuda = NAMED["cuda"]
    >>> device_failure("CUDA failure 700: an illegal memory access was encountered", cuda).lost
    True
    >>> device_failure("Non-zero status code returned while running Gather node", cuda)
    """
    if device.on_cpu:
        return None
    if _LOST.search(message):
        return DeviceFailed(f"{device.shown} failed and must be started anew: {message}", lost=True)
    if _EXHAUSTED.search(message):
        return DeviceFailed(
            f"{device.shown} has not enough memory; use a smaller --batch, a smaller --cache, or "
            f"fewer --jobs ({message})"
        )
    return None


def check_device(result: Result, device: Device) -> Result:
    """Return ``result`` unless it reports a failure of the device.

    Args:
        result: what a run returned.
        device: where the model ran.

    Raises:
        DeviceFailed: the device failed, not the model.
    """
    found = device_failure(result.message, device) if isinstance(result, Failure) else None
    if found is not None:
        raise found
    return result


@contextmanager
def raising_device_failures(device: Device) -> Iterator[None]:
    """Re-raise failures of the device as `DeviceFailed`; other exceptions pass unchanged.

    Raises:
        DeviceFailed: the device failed.
    """
    try:
        yield
    except RelcheckError:
        raise
    except Exception as error:  # of ONNX Runtime: its exceptions share no narrower base class
        found = device_failure(short_reason(error), device)
        if found is not None:
            raise found from error
        raise


@contextmanager
def on_device(device: Device) -> Iterator[None]:
    """Re-raise every exception as `DeviceFailed`, around calls that run no part of the model.

    No fault can make such a call fail, so that whatever goes wrong is the device's doing.

    Raises:
        DeviceFailed: something went wrong.
    """
    try:
        yield
    except (RelcheckError, KeyboardInterrupt, AssertionError):
        raise
    except Exception as error:  # of ONNX Runtime: its exceptions share no narrower base class
        message = short_reason(error)
        lost = _OF_CUDA.search(message) is not None  # else it is our own mistake
        other = DeviceFailed(f"{device.shown} failed: {message}", lost=lost)
        raise device_failure(message, device) or other from error

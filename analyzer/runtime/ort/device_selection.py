"""Selection of a device: find it by name, start it once, ask for the card's name."""

import contextlib
import ctypes
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import onnx
import onnxruntime as ort
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info

from analyzer.errors import DeviceUnavailable
from analyzer.runtime.ort.device import (
    CPU,
    CUDA_PROVIDER,
    Device,
    check_provider,
    find_device,
)
from analyzer.runtime.ort.session import new_session, session_options, short_reason

AUTO = "auto"
SILENT = 4
"""ONNX Runtime's highest severity; at this level it logs nothing that a user would see."""


@dataclass(frozen=True, slots=True)
class DeviceSelection:
    """A device that was started, and the reason why it was selected.

    Attributes:
        device: The device; it has run a small model.
        why: For ``auto``, the reason as a sentence without its end; else empty.
    """

    device: Device
    why: str = ""


@dataclass(frozen=True, slots=True)
class OrtProviders:
    """ONNX Runtime's execution providers on this machine.

    Attributes:
        known: Names of all that ONNX Runtime has heard of.
        available: Names of those that this build of it has.
        open_session: Opens a session of a model on a device.
    """

    known: Callable[[], list[str]] = ort.get_all_providers
    available: Callable[[], list[str]] = ort.get_available_providers
    open_session: Callable[[onnx.ModelProto, ort.SessionOptions, Device], ort.InferenceSession] = (
        new_session
    )


def select_device(
    word: str,
    prepare: Callable[[], None] = lambda: None,
    providers: OrtProviders = OrtProviders(),  # frozen
) -> DeviceSelection:
    """Find and start the device that a user's word means.

    Args:
        word: a device's name, or ``auto``: CUDA where it starts, else the CPU.
        prepare: called before a device other than the CPU is started.
        providers: what ONNX Runtime has here.

    Raises:
        BadOption: the word means no device.
        DeviceUnavailable: the device is not there, or does not start.
    """
    if word != AUTO:
        device = find_device(word, providers.known())
        return DeviceSelection(start_device(device, prepare, providers))
    try:
        started = start_device(find_device("cuda", ()), prepare, providers)
        return DeviceSelection(started, "CUDA is there")
    except DeviceUnavailable as reason:
        if CUDA_PROVIDER in providers.available():
            return DeviceSelection(CPU, f"CUDA does not start ({reason})")
        return DeviceSelection(CPU, f"ONNX Runtime {ort.__version__} has no {CUDA_PROVIDER} here")


def start_device(
    device: Device,
    prepare: Callable[[], None] = lambda: None,
    providers: OrtProviders = OrtProviders(),  # frozen
) -> Device:
    """Run a small model on a device; returns the device with its card's name.

    Args:
        device: where to run.
        prepare: called before the start, unless the device is the CPU.
        providers: what ONNX Runtime has here.

    Raises:
        DeviceUnavailable: the device is not there, or does not start.
    """
    check_provider(device, providers.available(), ort.__version__)
    if device.on_cpu:
        return device
    prepare()
    ort.set_default_logger_severity(SILENT)
    _preload()
    try:
        session = providers.open_session(_least_model(), session_options(device=device), device)
        session.run(None, {"x": [1.0]})
    except DeviceUnavailable:
        raise
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class.
        raise DeviceUnavailable(
            f"--device {device.name}: {device.provider} does not start: {short_reason(error)}"
        ) from error
    return replace(device, card=card_name(device.index)) if device.memory == "cuda" else device


def _preload() -> None:
    """Load the CUDA libraries that pip installed beside ONNX Runtime, if it did."""
    load = getattr(ort, "preload_dlls", None)  # since ONNX Runtime 1.21
    if load is not None:
        with contextlib.redirect_stdout(io.StringIO()):  # it prints what it does not find
            load()


def card_name(index: int, load: Callable[[str], Any] = ctypes.CDLL) -> str:
    """CUDA's name of a card; empty if the driver does not tell it.

    Args:
        index: number of the card.
        load: loads the driver's library by its name.
    """
    name, card = ctypes.create_string_buffer(256), ctypes.c_int()
    try:
        driver = load("libcuda.so.1")
        status = (  # each call returns 0 on success: the first that fails ends the row
            driver.cuInit(0)
            or driver.cuDeviceGet(ctypes.byref(card), index)
            or driver.cuDeviceGetName(name, len(name), card)
        )
    except (OSError, AttributeError):
        return ""
    return "" if status else name.value.decode("utf-8", "replace")


def _least_model() -> onnx.ModelProto:
    value = onnx.TensorProto.FLOAT
    inputs, outputs = ([make_tensor_value_info(n, value, ["N"])] for n in "xy")
    graph = make_graph([make_node("Abs", ["x"], ["y"])], "least", inputs, outputs)
    return make_model(graph, opset_imports=[make_opsetid("", 13)], ir_version=8)

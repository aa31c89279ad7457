"""ONNX Runtime sessions: one place that chooses options and turns run errors into values."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from analyzer.answers import Answer, Failure, Feeds, Result
from analyzer.errors import DeviceUnavailable, RelcheckError, UnsupportedModel
from analyzer.runtime.ort.device import CPU, Device, WeightLocation
from analyzer.runtime.ort.load_advice import load_advice

DISABLED_OPTIMIZERS = ["ConstantSharing"]
"""ConstantSharing merges equal scalars, which would make tensors fail together that fail apart."""


def session_options(
    optimize: bool = True, device: Device = CPU, pack: bool = False
) -> ort.SessionOptions:
    """Options that all sessions share: one thread, silent.

    Args:
        optimize: False for a graph that has been optimized before.
        device: where the session is to run.
        pack: let kernels copy constant weights, packed, when the session is created, as sessions
            with default options do; False for sessions that read live weights. Where weights are
            in a device's own memory, kernels of the host never pack them.
    """
    _share_allocator()
    options = ort.SessionOptions()
    options.add_session_config_entry("session.use_env_allocators", "1")
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # A kernel that reads a packed copy misses changes of the original.
    packs = pack and device.weights is not WeightLocation.BOUND
    options.add_session_config_entry("session.disable_prepacking", "0" if packs else "1")
    if device.precise_int8:
        options.add_session_config_entry("session.x64quantprecision", "1")
    if not device.on_cpu:  # kernels of the CPU are deterministic without this
        options.use_deterministic_compute = True
    level = ort.GraphOptimizationLevel
    options.graph_optimization_level = level.ORT_ENABLE_ALL if optimize else level.ORT_DISABLE_ALL
    return options


@cache
def _share_allocator() -> None:
    """Let all sessions of this process allocate what nodes compute from one allocator.

    An allocator of its own would keep, for every session, what the session's largest run took,
    although only one of many sessions runs at a time.
    """
    kind = (ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
    ort.create_and_register_allocator(ort.OrtMemoryInfo("Cpu", *kind), None)


def new_session(
    model: onnx.ModelProto | bytes, options: ort.SessionOptions, device: Device = CPU
) -> ort.InferenceSession:
    """A session for a model on a device; whatever ONNX Runtime raises passes through.

    Args:
        model: the model, or the bytes of its file.
        options: of `session_options`.
        device: where to run.

    Raises:
        DeviceUnavailable: the provider did not start.
    """
    content = model if isinstance(model, bytes) else model.SerializeToString()
    return _session(content, options, device)


def load_session(
    path: Path, options: ort.SessionOptions, device: Device = CPU
) -> ort.InferenceSession:
    """A session for the model in a file; whatever ONNX Runtime raises passes through.

    Args:
        path: the file.
        options: of `session_options`.
        device: where to run.

    Raises:
        DeviceUnavailable: the provider did not start.
    """
    return _session(str(path), options, device)


def _session(
    source: str | bytes, options: ort.SessionOptions, device: Device
) -> ort.InferenceSession:
    """A session that runs on ``device`` and on no other provider instead.

    Raises:
        DeviceUnavailable: the provider did not start; ONNX Runtime would go on without it.
    """
    session = ort.InferenceSession(
        source,
        options,
        providers=device.providers,
        disabled_optimizers=DISABLED_OPTIMIZERS,
        enable_fallback=int(device.on_cpu),
    )
    return started_on(session, device)


def started_on(session: ort.InferenceSession, device: Device) -> ort.InferenceSession:
    """``session``, if it runs on ``device``.

    Args:
        session: a session that was asked to run there.
        device: where.

    Raises:
        DeviceUnavailable: the provider did not start; ONNX Runtime would go on without it.
    """
    if device.provider not in session.get_providers():
        raise DeviceUnavailable(
            f"--device {device.name}: ONNX Runtime has {device.provider}, but cannot start it "
            "here; it needs the card's driver, and libraries of the versions that "
            f"onnxruntime {ort.__version__} was built for (docs/devices.md)"
        )
    return session


def open_session(
    proto: onnx.ModelProto, options: ort.SessionOptions, device: Device = CPU
) -> ort.InferenceSession:
    """A session for the user's own model, whose errors are sentences.

    Args:
        proto: the model.
        options: of `session_options`.
        device: where to run.

    Raises:
        DeviceUnavailable: the device cannot be started.
        UnsupportedModel: ONNX Runtime cannot load the model.
    """
    with loading():
        return new_session(proto, options, device)


@contextmanager
def loading() -> Iterator[None]:
    """Turn what ONNX Runtime raises when it loads the user's own model into a sentence.

    Raises:
        UnsupportedModel: in place of any exception that is not of this package.
    """
    try:
        yield
    except RelcheckError:
        raise
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class.
        reason = short_reason(error)
        raise UnsupportedModel(
            f"ONNX Runtime {ort.__version__} cannot load the model: {reason}{load_advice(reason)}"
        ) from error


def run_session(session: ort.InferenceSession, feeds: Feeds) -> Result:
    """Run once and return every output; a runtime error becomes a `Failure`, not an exception.

    Args:
        session: the session.
        feeds: an array for each input.
    """
    try:
        return Answer(tuple(map(_as_array, session.run(None, dict(feeds)))))
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class.
        return Failure(short_reason(error))


def _as_array(output: object) -> npt.NDArray[Any]:
    """An output as an array; sequences become arrays of objects, other than numpy makes them."""
    if isinstance(output, np.ndarray):
        return output
    values = output if isinstance(output, list) else [output]
    found: npt.NDArray[Any] = np.empty(len(values), object)
    for place, value in enumerate(values):
        found[place] = value
    return found if isinstance(output, list) else found.reshape(())


Handles = Mapping[str, ort.OrtValue]
"""Values in ONNX Runtime's memory, by name."""


def run_handles(
    session: ort.InferenceSession, feeds: Handles, names: Sequence[str]
) -> dict[str, ort.OrtValue] | Failure:
    """Run once and return some outputs without a copy; a runtime error becomes a `Failure`.

    Args:
        session: the session.
        feeds: a value for each input.
        names: the outputs to compute.
    """
    try:
        # `run_with_ort_values` does the same, and takes 25 microseconds more for checks.
        binding = session.io_binding()
        for name, value in feeds.items():
            binding.bind_ortvalue_input(name, value)
        for name in names:
            binding.bind_output(name)
        session.run_with_iobinding(binding)
        return dict(zip(names, binding.get_outputs(), strict=True))
    except Exception as error:  # ONNX Runtime's exceptions share no narrower base class.
        return Failure(short_reason(error))


_WHERE_IN_CPP = (
    re.compile(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : "),
    # A file and line, then the function: its name, its arguments, its template's arguments.
    re.compile(
        r"/onnxruntime_src/\S+ (?:operator\(\)|[^(])*\((?:[^()]|\([^()]*\))*\)"
        r"(?: const)?(?: \[with [^\]]*\])? "
    ),
    re.compile(r"/onnxruntime_src/\S+ ?"),
)
"""Parts of ONNX Runtime's messages that only its own developers can use."""


def short_reason(error: BaseException, limit: int = 300) -> str:
    """The message of an exception in one line, without places in ONNX Runtime's C++ source.

    Args:
        error: the exception.
        limit: most characters.

    >>> short_reason(ValueError("[ONNXRuntimeError] : 1 : FAIL : /onnxruntime_src/a.cc:7 f(x) No"))
    'No'
    """
    text = " ".join(str(error).split())
    for noise in _WHERE_IN_CPP:
        text = noise.sub("", text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def runtime_version() -> str:
    """Version of ONNX Runtime."""
    return str(ort.__version__)

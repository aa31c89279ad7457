"""Devices: ONNX Runtime's providers under the names that users write.

Three ways lead to a weight. On the CPU, sessions read memory of this process, and bytes are changed
in that memory. On a device with memory of its own, weights are inputs of the session, and bytes are
changed in the device's memory. Any other provider may keep copies of a weight, so each pattern is
written into the file and the file is loaded anew.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, DeviceUnavailable, quoted

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
TENSORRT_PROVIDER = "TensorrtExecutionProvider"


class WeightLocation(StrEnum):
    """Memory in which a trial changes weights; the values are part of messages to users."""

    SHARED = "in memory that sessions borrow"
    BOUND = "in the device's own memory"
    FILE = "in the file, loaded anew for each pattern"


@dataclass(frozen=True, slots=True)
class Device:
    """A provider of ONNX Runtime, and the way in which weights are changed on it.

    Attributes:
        name: The device as users write it, such as ``cuda:1``.
        provider: ONNX Runtime's name of the execution provider.
        weights: The memory in which weights are changed.
        memory: ONNX Runtime's name of the device's kind of memory.
        index: Number of the card, from 0.
        card: The card's own name; empty where no driver tells it.
        precise_int8: On a CPU: add up products of 8-bit integers exactly, also where the
            processor's fast instructions saturate.
    """

    name: str
    provider: str
    weights: WeightLocation
    memory: str = "cpu"
    index: int = 0
    card: str = ""
    precise_int8: bool = field(default=False, compare=False)

    @property
    def shown(self) -> str:
        """The device's name, followed by the card's name where that is known."""
        return f"{self.name} ({self.card})" if self.card else self.name

    @property
    def on_cpu(self) -> bool:
        """True for this machine's processor, in whatever way weights are changed."""
        return self.provider == CPU_PROVIDER

    @property
    def providers(self) -> list[tuple[str, dict[str, str]]]:
        """Providers for a session, with options: each takes nodes that the ones before cannot."""
        between = [CUDA_PROVIDER] if self.provider == TENSORRT_PROVIDER else []
        names = dict.fromkeys([self.provider, *between, CPU_PROVIDER])
        return [(name, self._options(name)) for name in names]

    def _options(self, provider: str) -> dict[str, str]:
        if provider == CUDA_PROVIDER:
            return {"device_id": str(self.index), **CUDA_OPTIONS}
        return {"device_id": str(self.index)} if provider == TENSORRT_PROVIDER else {}


CUDA_OPTIONS = {
    # A search by stopwatch would give equal sessions different kernels, and other last bits.
    "cudnn_conv_algo_search": "HEURISTIC",
    # Products of float32 keep the mantissa that float32 has, as on the CPU.
    "use_tf32": "0",
    # Every part of a cut graph has memory of its own: it takes what it asks for, not twice that.
    "arena_extend_strategy": "kSameAsRequested",
}

CPU = Device("cpu", CPU_PROVIDER, WeightLocation.SHARED)

NAMED = {
    "cpu": CPU,
    "cuda": Device("cuda", CUDA_PROVIDER, WeightLocation.BOUND, "cuda"),
    "cpu-bound": Device("cpu-bound", CPU_PROVIDER, WeightLocation.BOUND),
    "cpu-rewrite": Device("cpu-rewrite", CPU_PROVIDER, WeightLocation.FILE),
}
"""Devices by name. The last two treat the CPU as a GPU is treated, to check those ways."""

REMOTE = frozenset({"AzureExecutionProvider"})
"""Providers that send inputs to another machine; this tool offers none of them."""


def find_device(word: str, known: Collection[str]) -> Device:
    """Find the device that a user's word means; no device is started.

    Args:
        word: ``cpu``, ``cuda``, ``cuda:1``, or another provider's name without its ending.
        known: names of all providers that ONNX Runtime can have in any of its builds.

    Raises:
        BadOption: the word means no device.

    >>> find_device("cuda:1", []).providers[0][1]["device_id"]
    '1'
    >>> find_device("openvino", ["OpenVINOExecutionProvider"]).weights.name
    'FILE'
    """
    match = re.fullmatch(r"([a-z-]+[a-z])(?::([0-9]{1,3}))?", word)
    others = {
        name.removesuffix("ExecutionProvider").lower(): name for name in known if name not in REMOTE
    }
    name, index = (match[1], int(match[2] or 0)) if match else ("", 0)
    if name in NAMED:
        found = NAMED[name]
    elif name in others:
        found = Device(name, others[name], WeightLocation.FILE)
    else:
        more = ", ".join(sorted(others.keys() - NAMED.keys()))
        raise BadOption(
            f"--device {quoted(word)}{meant(name or word, ['auto', *NAMED, *others])}: use auto, "
            f"cpu, cuda, cuda:1 or another provider of ONNX Runtime ({more})"
        )
    if found.on_cpu and index:
        raise BadOption(f"--device {quoted(word)}: there is one cpu; leave the number out")
    return found if found.on_cpu else replace(found, name=word, index=index)


def check_provider(device: Device, available: Collection[str], version: str) -> None:
    """Refuse a device whose provider is not part of the installed ONNX Runtime.

    Args:
        device: the device that was asked for.
        available: names of the providers of this installation.
        version: version of ONNX Runtime, for the message.

    Raises:
        DeviceUnavailable: the provider is not among ``available``.
    """
    if device.provider in available:
        return
    where = "another build of ONNX Runtime has it"
    if device.provider in (CUDA_PROVIDER, TENSORRT_PROVIDER):
        where = (
            "it comes with the extra gpu: pip install 'relcheck-onnx[gpu]', and then, because two "
            "ONNX Runtimes overwrite each other, pip uninstall onnxruntime onnxruntime-gpu and "
            "pip install 'onnxruntime-gpu[cuda,cudnn]'"
        )
    raise DeviceUnavailable(
        f"--device {device.name} needs {device.provider}, which ONNX Runtime {version}, as it is "
        f"installed here, does not have; {where} (docs/devices.md); or use --device cpu"
    )

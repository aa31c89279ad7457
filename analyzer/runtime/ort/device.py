"""Where models run: ONNX Runtime's providers under the names that users write.

Three ways lead to a weight. On the CPU, sessions borrow memory of this process, where bytes are
changed. On a device with memory of its own, weights are inputs of the session, held there and
changed there. Every other provider may keep what it likes of a weight, so that each pattern is
written into the file and loaded anew.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from analyzer.errors import BadOption, DeviceUnavailable, quoted

CPU_PROVIDER = "CPUExecutionProvider"
CUDA_PROVIDER = "CUDAExecutionProvider"
TENSORRT_PROVIDER = "TensorrtExecutionProvider"


class WeightLocation(StrEnum):
    """Where the weights are that a trial changes."""

    SHARED = "in memory that sessions borrow"
    BOUND = "in the device's own memory"
    FILE = "in the file, loaded anew for each pattern"


@dataclass(frozen=True, slots=True)
class Device:
    """A provider, and how weights are changed there.

    Attributes:
        name: As users write it.
        provider: What ONNX Runtime calls what runs there.
        weights: Where they are changed.
        memory: What ONNX Runtime calls its kind of memory.
        index: Number of the card.
        card: What the card calls itself; empty where nothing says it.
    """

    name: str
    provider: str
    weights: WeightLocation
    memory: str = "cpu"
    index: int = 0
    card: str = ""

    @property
    def shown(self) -> str:
        """Its name, and the card's where that is known."""
        return f"{self.name} ({self.card})" if self.card else self.name

    @property
    def on_cpu(self) -> bool:
        """Whether it is this machine's processor, however weights are changed."""
        return self.provider == CPU_PROVIDER

    @property
    def providers(self) -> list[tuple[str, dict[str, str]]]:
        """What a session is given: what one cannot run falls to the next, at last to the CPU."""
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
"""Devices with a name of their own. The last two take a GPU's ways on the CPU, to check them."""

REMOTE = frozenset({"AzureExecutionProvider"})
"""Providers that send inputs elsewhere: no device of this tool."""


def find_device(word: str, known: Collection[str]) -> Device:
    """The device that ``word`` means.

    Args:
        word: ``cpu``, ``cuda``, ``cuda:1``, or another provider's name without its ending.
        known: names of all providers that ONNX Runtime knows, here or elsewhere.

    Raises:
        BadOption: it means none.

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
            f"--device {quoted(word)}: use auto, cpu, cuda, cuda:1 or another provider of ONNX "
            f"Runtime ({more})"
        )
    if found.on_cpu and index:
        raise BadOption(f"--device {quoted(word)}: there is one cpu; leave the number out")
    return found if found.on_cpu else replace(found, name=word, index=index)


def check_provider(device: Device, available: Collection[str], version: str) -> None:
    """Refuse a device whose provider is not part of the installed ONNX Runtime.

    Args:
        device: what was asked for.
        available: names of the providers of this installation.
        version: of ONNX Runtime.

    Raises:
        DeviceUnavailable: it is not.
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

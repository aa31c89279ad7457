"""The sums of 8-bit products on this processor: exact, or saturated at 16 bits.

Without the instructions called VNNI, ONNX Runtime's fast kernels for x86 add up pairs of products
in 16 bits, which saturates. So they are asked, by a product whose sum is known.
"""

import platform
from enum import StrEnum
from functools import cache
from pathlib import Path

import numpy as np
import onnx

from analyzer.runtime.ort.device import Device
from analyzer.runtime.ort.session import new_session, session_options

CPU_INFO = Path("/proc/cpuinfo")

TERMS, LARGEST_UINT8, LARGEST_INT8 = 8, 255, 127


class Int8Sums(StrEnum):
    """The sums of the kernels that run 8-bit products; the values are part of reports."""

    EXACT = "exact"
    SATURATING = "saturating"


def int8_sums(device: Device) -> Int8Sums:
    """The sums of ONNX Runtime's kernels on this machine's processor.

    Args:
        device: a processor, with or without the precise path.
    """
    return _int8_sums(device, device.precise_int8)


@cache
def _int8_sums(device: Device, precise: bool) -> Int8Sums:
    del precise  # devices compare equal without it
    feeds = {"x": np.full((1, TERMS), LARGEST_UINT8, np.uint8)}
    session = new_session(_product(), session_options(device=device, pack=True), device)
    found = np.asarray(session.run(None, feeds)[0])
    exact = np.all(found == TERMS * LARGEST_UINT8 * LARGEST_INT8)
    return Int8Sums.EXACT if exact else Int8Sums.SATURATING


def _product() -> onnx.ModelProto:
    """A product of unsigned and signed integers, all as large as can be."""
    helper, types = onnx.helper, onnx.TensorProto
    weights = onnx.numpy_helper.from_array(np.full((TERMS, 16), LARGEST_INT8, np.int8), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "product",
        [helper.make_tensor_value_info("x", types.UINT8, [1, TERMS])],
        [helper.make_tensor_value_info("y", types.INT32, [1, 16])],
        [weights],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def processor_name(cpu_info: Path = CPU_INFO) -> str:
    """The processor's name as the system tells it, or its family.

    Args:
        cpu_info: the file in which Linux lists processors.
    """
    try:
        lines = cpu_info.read_text("utf-8", "replace").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, names), platform.machine())

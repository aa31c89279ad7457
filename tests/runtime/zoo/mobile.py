"""Blocks of networks for small devices, whose optimized graph has other names at each load.

ONNX Runtime leaves its blocked layout several times around squeeze and excitation, and the names
and the order of what it inserts depend on addresses in memory.
"""

from collections.abc import Callable

import numpy as np
import onnx

from analyzer.faults.elements import Values
from tests.runtime.zoo.registry import case, model, normal, positive

Activation = Callable[[str, str], str]
IMAGES, LOGITS = "float[N, 3, 6, 6] x", "float[N, 4] y"
CHANNELS, BLOCKS = 8, 3


def hard_swish(source: str, result: str) -> str:
    gate = f"{result}_gate = HardSigmoid <alpha = 0.16666667, beta = 0.5> ({source})"
    return f"{gate} {result} = Mul ({source}, {result}_gate)"


def silu(source: str, result: str) -> str:
    return f"{result}_gate = Sigmoid ({source}) {result} = Mul ({source}, {result}_gate)"


def inverted_residual(i: int, activation: Activation, gate: str) -> str:
    """Expand, convolve by channel, squeeze and excite, project, add."""
    return f"""
        e{i} = Conv (x{i}, expand{i}, expand_b{i}) {activation(f"e{i}", f"ea{i}")}
        d{i} = Conv <group = {2 * CHANNELS}, pads = [1, 1, 1, 1]> (ea{i}, depth{i}, depth_b{i})
        {activation(f"d{i}", f"da{i}")}
        p{i} = GlobalAveragePool (da{i})
        s{i} = Conv (p{i}, squeeze{i}, squeeze_b{i}) r{i} = Relu (s{i})
        u{i} = Conv (r{i}, excite{i}, excite_b{i}) g{i} = {gate} (u{i})
        m{i} = Mul (da{i}, g{i})
        o{i} = Conv (m{i}, project{i}, project_b{i})
        x{i + 1} = Add (x{i}, o{i})
    """


def mobile(activation: Activation, gate: str) -> onnx.ModelProto:
    """A stem, some inverted residuals, and a classifier."""
    blocks = "".join(inverted_residual(i, activation, gate) for i in range(BLOCKS))
    body = f"""
        stem = Conv <pads = [1, 1, 1, 1]> (x, stem_w, stem_b) {activation("stem", "x0")}
        {blocks}
        pool = GlobalAveragePool (x{BLOCKS}) flat = Flatten (pool)
        y = Gemm <transB = 1> (flat, fc_w, fc_b)
    """
    wide, narrow = 2 * CHANNELS, 4
    values: dict[str, Values] = {
        "stem_w": normal(CHANNELS, 3, 3, 3),
        "stem_b": normal(CHANNELS),
        "fc_w": normal(4, CHANNELS),
        "fc_b": normal(4),
    }
    shapes = {
        "expand": (wide, CHANNELS, 1, 1),
        "depth": (wide, 1, 3, 3),
        "squeeze": (narrow, wide, 1, 1),
        "excite": (wide, narrow, 1, 1),
        "project": (CHANNELS, wide, 1, 1),
    }
    for i in range(BLOCKS):
        values |= {f"{name}{i}": normal(*shape, seed=i) for name, shape in shapes.items()}
        values |= {f"{name}_b{i}": normal(shape[0], seed=i + 9) for name, shape in shapes.items()}
        # No upset is lost behind a rectifier or a closed gate.
        values[f"squeeze_b{i}"], values[f"excite_b{i}"] = positive(narrow) + 2, positive(wide)
    return model(IMAGES, LOGITS, body, values)


@case(quiet="project2")
def mobilenet_v3_blocks() -> onnx.ModelProto:
    return mobile(hard_swish, "HardSigmoid <alpha = 0.16666667, beta = 0.5>")


@case()
def efficientnet_blocks() -> onnx.ModelProto:
    return mobile(silu, "Sigmoid")


@case()
def shufflenet_units() -> onnx.ModelProto:
    """Half of the channels pass by; then the halves are shuffled."""
    half = CHANNELS
    units = "".join(
        f"""
        k{i}, w{i} = Split <axis = 1> (x{i}, halves)
        a{i} = Conv (w{i}, in{i}, in_b{i}) ar{i} = Relu (a{i})
        d{i} = Conv <group = {half}, pads = [1, 1, 1, 1]> (ar{i}, depth{i}, depth_b{i})
        p{i} = Conv (d{i}, out{i}, out_b{i}) pr{i} = Relu (p{i})
        c{i} = Concat <axis = 1> (k{i}, pr{i})
        g{i} = Reshape (c{i}, apart) t{i} = Transpose <perm = [0, 2, 1, 3, 4]> (g{i})
        x{i + 1} = Reshape (t{i}, joined)
        """
        for i in range(BLOCKS)
    )
    body = f"""
        stem = Conv <pads = [1, 1, 1, 1]> (x, stem_w, stem_b) x0 = Relu (stem)
        {units}
        pool = GlobalAveragePool (x{BLOCKS}) flat = Flatten (pool)
        y = Gemm <transB = 1> (flat, fc_w, fc_b)
    """
    values: dict[str, Values] = {
        "stem_w": normal(2 * half, 3, 3, 3),
        "stem_b": normal(2 * half),
        "fc_w": normal(4, 2 * half),
        "fc_b": normal(4),
        "halves": np.array([half, half], np.int64),
        "apart": np.array([0, 2, half, 6, 6], np.int64),
        "joined": np.array([0, 2 * half, 6, 6], np.int64),
    }
    for i in range(BLOCKS):
        values |= {f"in{i}": normal(half, half, 1, 1, seed=i), f"in_b{i}": normal(half, seed=i)}
        values |= {f"depth{i}": normal(half, 1, 3, 3, seed=i), f"depth_b{i}": normal(half, seed=i)}
        values |= {f"out{i}": normal(half, half, 1, 1, seed=i), f"out_b{i}": normal(half, seed=i)}
    return model(IMAGES, LOGITS, body, values)

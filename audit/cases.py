"""The cases of the audit: networks, rates, tensors, and with how many trials."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sweep:
    """`relcheck run`: one network at some rates."""

    network: str
    data: str
    rates: tuple[str, ...]
    trials: int
    precision: float = 0.01
    encoding: str = "stored"


@dataclass(frozen=True)
class Comparison:
    """`relcheck compare`: two networks at some rates."""

    first: str
    second: str
    data: str
    rates: tuple[str, ...]
    trials: int
    precision: float = 0.01


@dataclass(frozen=True)
class Map:
    """`relcheck map`: one upset in each of some tensors."""

    network: str
    data: str
    tensors: tuple[str, ...]
    trials: int
    margin: float = 0.01


@dataclass(frozen=True)
class Gate:
    """`relcheck run --gate`: SDC against bounds below and above what brute force finds."""

    network: str
    data: str
    rate: str
    trials: int
    precision: float = 0.01


Case = Sweep | Comparison | Map | Gate

FULL: tuple[Case, ...] = (
    Sweep("digits_resnet", "digits", ("3e-6", "1e-5", "1e-4"), 2000),
    Sweep("digits_resnet", "digits", ("1e-5", "1e-4"), 1500, encoding="q15.16"),
    Sweep("digits_resnet_int8", "digits", ("1e-5", "1e-4"), 2000),
    Sweep("cifar_mobilenet_int8", "colours", ("3e-6", "3e-5"), 1000, 0.02),
    Sweep("int4_blockwise", "rows", ("1e-4", "1e-3"), 6000),
    Sweep("int4_matmulnbits", "rows", ("1e-4", "1e-3"), 6000),
    Sweep("float16", "rows", ("1e-5", "1e-4", "1e-3"), 6000),
    Comparison("cifar_resnet20", "cifar_resnet20_actmax", "colours", ("1e-6", "1e-5"), 1000, 0.02),
    Comparison("digits_resnet", "digits_resnet_int8", "digits", ("3e-6", "3e-5"), 1500),
    Map(
        "digits_resnet",
        "digits",
        ("stem.weight", "stage2.block0.conv1.weight", "stage3.block0.conv2.weight", "head.bias"),
        2000,
    ),
    Map(
        "digits_resnet_int8",
        "digits",
        ("stem.weight_quantized", "stem.weight_scale", "head.bias_quantized"),
        2000,
    ),
    Map("int4_blockwise", "rows", ("q0", "s0", "q1", "s1"), 3000),
    Gate("digits_resnet", "digits", "1e-5", 2000),
    Gate("int4_blockwise", "rows", "1e-3", 2000),
)

QUICK: tuple[Case, ...] = (
    Sweep("digits_resnet", "digits", ("1e-5", "1e-4"), 600, 0.03),
    Sweep("int4_blockwise", "rows", ("1e-3", "5e-3"), 1500, 0.02),
    Comparison("float16", "int4_blockwise", "rows", ("1e-4",), 1500, 0.03),
    Map("digits_resnet", "digits", ("stem.weight",), 600, 0.03),
    Gate("int4_blockwise", "rows", "1e-3", 800, 0.03),
)

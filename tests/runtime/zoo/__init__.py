"""Small models of every element type and every layout that ONNX Runtime may choose."""

from tests.runtime.zoo import (
    clipped,
    floats,
    graphs,
    mobile,
    normalized,
    quantized,
    transformed,
    wide,
)
from tests.runtime.zoo.registry import ZOO, Case

__all__ = [
    "ZOO",
    "Case",
    "clipped",
    "floats",
    "graphs",
    "mobile",
    "normalized",
    "quantized",
    "transformed",
    "wide",
]

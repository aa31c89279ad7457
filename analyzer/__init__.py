"""Measure what bit flips in the stored weights of an ONNX model do to its answers."""

__version__ = "0.1.0"

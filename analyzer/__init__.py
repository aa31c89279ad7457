"""Measure what bit flips in the stored weights of an ONNX model do to its answers."""

import os

__version__ = "0.1.0"

# ONNX Runtime 1.32 reads this when it is loaded. Without it, each process queues events (a device
# id, the system, the path of Python) in the user's cache folder and uploads them. Every process of
# ours imports this package before ONNX Runtime, and child processes inherit the variable.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

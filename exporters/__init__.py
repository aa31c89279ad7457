"""Scripts that make ONNX files: exported, trained, hardened or quantized."""

import analyzer  # noqa: F401  # switches off ONNX Runtime's telemetry before it is loaded

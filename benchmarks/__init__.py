"""Performance, as ratios of two things measured side by side in one run."""

import analyzer  # noqa: F401  # switches off ONNX Runtime's telemetry before it is loaded

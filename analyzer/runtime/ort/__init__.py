"""ONNX Runtime itself: devices, session options, optimized graphs, sessions on shared weights.

Every other folder of `analyzer.runtime` runs models through this one. It imports none of them,
only `analyzer.faults`, `analyzer.model`, `analyzer.graph` and `analyzer.memory`.
"""

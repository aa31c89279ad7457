"""Everything that mentions ONNX Runtime: executors, and how they reach a weight."""

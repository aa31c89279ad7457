"""Bounds on activations: found, calibrated, inserted into an ONNX graph. No torch."""

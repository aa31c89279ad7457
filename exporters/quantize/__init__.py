"""Post-training quantization of exported ONNX networks."""

"""Scripts that train a demo network and export it to ONNX."""

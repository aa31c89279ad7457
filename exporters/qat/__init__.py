"""Quantization-aware training of torch networks, written as int8 QDQ ONNX files.

`prepare` exports a network and quantizes it as ``relcheck quantize`` would; `placement` reads off
where that file rounds. `network` is the network that is trained: `simulated` is its arithmetic in
training, on floats, `deployed` that in evaluation, on the integers of the file. `written` fills the
file, `agreement` compares it with ONNX Runtime, `objective` is what the training engine is given.
"""

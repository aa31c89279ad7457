"""Facts about an ONNX graph that follow from the file alone: walks through it, and one index of it.

`walk` visits nodes, sub-graphs and stored tensors. `index` answers who makes a value, who reads it,
and what is constant. Nothing here runs a model or changes one.
"""

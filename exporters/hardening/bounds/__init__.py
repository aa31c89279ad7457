"""Bounds on activations: their ranges, the nodes they are written as, and their place in int8.

`calibrate` measures ranges, `thresholds` keeps them in a file. `insert` writes bounds into a graph
in a `form` (`clipping`, `clamping`), and `find` takes clipping bounds out again. `integer_codes`,
`before_quantizer` and `kept_float` put them into quantized graphs. No torch.
"""

"""``relcheck export``: a torch network as an ONNX file, with weights, names and preprocessing.

`source` parses the arguments; `zoo` makes networks of torchvision, `factory` those of the user;
`checkpoint` loads weights; `torch_model` converts and compares; `simplify` and `naming` make the
graph readable; `export` is all of it together. torch is imported inside functions only, by
`optional_package`.
"""

"""Layout: where ONNX Runtime's optimizer puts each stored element, found out by probing it.

Used once per model, when an executor is opened. It imports only `ort`.
"""

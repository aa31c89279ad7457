"""Prepacked weights: integer convolutions at the speed of an ordinary session, still under faults.

Used for quantized convolutions on Linux on x86. It imports `weights`, `stretches` and `ort`.
"""

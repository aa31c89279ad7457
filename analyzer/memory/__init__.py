"""Large arrays and the memory of the system.

Files that processes map, shared arrays, scratch space, and free memory. Nothing here knows ONNX.
"""

"""ONNX files made or changed: exported from torch, trained, hardened, quantized.

`relcheck export`, `data`, `harden` and `quantize` are made of this package; the jobs of `analyzer`
call it, and nothing else does. `torch` exports, `training` makes the demonstration models,
`datasets` their data; `hardening` and `quantize` change any ONNX file and need no torch. torch is
imported inside functions only, so that an installation without it runs everything else.
"""

import analyzer  # noqa: F401  # switches off ONNX Runtime's telemetry before it is loaded

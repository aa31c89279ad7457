"""Post-training quantization of float32 ONNX networks to int8 (QDQ), by ONNX Runtime's quantizer.

`ptq` is the way from a float model to its int8 twin. `prepare` brings a model into a form that the
quantizer takes (`opsets`, `stored_weights`), `quantizer` calls it under names of its own
(`own_names`), `ranges` chooses ranges that the quantizer does not know, and `kernels` counts the
integer kernels that the result runs in.
"""

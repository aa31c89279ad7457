"""Advice for models that ONNX Runtime cannot load: its own words name no way on."""

import re

OLDEST_OPSET = 7
"""From which on ONNX Runtime promises kernels (its docs/Versioning.md)."""

_OPERATOR = r"(?P<operator>[\w.:]+)\((?P<opset>-?\d+)\)"
_NO_KERNEL = re.compile(rf"(?:find an implementation|find kernel) for {_OPERATOR}")
_NOT_KNOWN = re.compile(rf"{_OPERATOR} is not a registered function/op")


def load_advice(reason: str) -> str:
    """Half a sentence on a way on, to follow ONNX Runtime's own words; empty: none is known.

    Args:
        reason: the words of ONNX Runtime.

    >>> load_advice("Fatal error: my:Act(-1) is not a registered function/op")
    '; my:Act is a custom operator, or newer than this version; export without it'
    """
    if found := _NO_KERNEL.search(reason):
        if 0 < int(found["opset"]) < OLDEST_OPSET:
            return f"; it has kernels from opset {OLDEST_OPSET} on: export with a newer opset"
        return (
            "; it has no kernel for these element types, or none yet for so new an opset: export "
            "in float32, or with an older opset"
        )
    if found := _NOT_KNOWN.search(reason):
        return (
            f"; {found['operator']} is a custom operator, or newer than this version; export "
            "without it"
        )
    return ""

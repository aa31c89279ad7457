"""Packages that only the exporters need, and the message where one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from analyzer.errors import TorchMissing

EXTRA = "relcheck-onnx[export]"
"""The extra that brings all of them."""


def need(package: str) -> ModuleType:
    """Import a package of the extra ``export``.

    Raises:
        TorchMissing: the package is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        top = package.partition(".")[0]
        if error.name not in (None, package, top):
            top = f"{top} (which needs {error.name})"
        raise TorchMissing(
            f"the package {top} is not installed; pip install '{EXTRA}' brings it"
        ) from error

"""Versions of everything that decides the outcomes of a trial."""

import hashlib
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import scipy

import analyzer
from analyzer.runtime.ort.session import runtime_version


def versions() -> dict[str, str]:
    """Versions by name. Blocks are comparable only where all of them agree."""
    return {
        "relcheck": analyzer.__version__,
        "code": code_digest(),
        "onnxruntime": runtime_version(),
        "onnx": _installed("onnx"),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "machine": platform.machine(),
    }


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


@cache
def code_digest() -> str:
    """Digest of this package's own source: it changes between releases, the version does not."""
    folder = Path(analyzer.__file__).parent
    sha = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        sha.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()[:16]

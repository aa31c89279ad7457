"""The pickles that CIFAR-10 is published as, read without running what they may hold.

Loading a pickle calls what it names. Here nothing is called: the few names that a pickled numpy
array consists of lead to stand-ins that only remember what they are given, every other name is
refused. From the stand-ins, arrays of bytes are made.
"""

from __future__ import annotations

import io
import math
import pickle
from typing import Any

import numpy as np
import numpy.typing as npt


class _Kind:
    """Stand-in for ``numpy.dtype``: remembers its name."""

    def __init__(self, name: object = None, *_: object) -> None:
        self.name = name.decode() if isinstance(name, bytes) else name

    def __setstate__(self, state: object) -> None:
        """Byte order and the like, of no meaning for single bytes."""


class _Array:
    """Stand-in for ``numpy.ndarray``: takes in shape and contents of an array of bytes."""

    values: npt.NDArray[np.uint8] | None = None

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array without contents")
        _, shape, kind, fortran, raw = state
        fits = (
            isinstance(shape, tuple)
            and all(isinstance(size, int) and size >= 0 for size in shape)
            and isinstance(kind, _Kind)
            and kind.name in {"u1", "|u1"}
            and not fortran
            and isinstance(raw, bytes)
            and len(raw) == math.prod(shape)
        )
        if not fits:
            raise pickle.UnpicklingError("an array of something else than bytes")
        self.values = np.frombuffer(raw, np.uint8).reshape(shape)


def _reconstruct(*_: object) -> _Array:
    """Stand-in for the function that makes an empty array, to be filled by its state."""
    return _Array()


STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("_codecs", "encode"): lambda text, _: text.encode("latin-1"),
}
"""Module and name in a pickle -> its stand-in. The last one is how protocol 2 holds bytes."""


class _Reader(pickle.Unpickler):
    """An unpickler that knows the stand-ins and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for a name, or an error; nothing is imported.

        Args:
            module: as the pickle names it.
            name: of a class or function there.
        """
        if (module, name) not in STAND_INS:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        return STAND_INS[module, name]


def read_pickle(data: bytes) -> dict[str, object]:
    """The entries of a pickled dictionary; arrays of bytes become numpy arrays.

    Args:
        data: bytes of the file. Texts that Python 2 wrote are read as bytes, keys as text.

    Raises:
        ValueError: the pickle is damaged, is no dictionary, or holds anything but plain values and
            arrays of bytes.
    """
    try:
        found = _Reader(io.BytesIO(data), encoding="bytes").load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise ValueError(f"it cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ValueError("it holds no dictionary")
    return {
        key.decode("latin-1") if isinstance(key, bytes) else str(key): (
            value.values if isinstance(value, _Array) else value
        )
        for key, value in found.items()
    }

"""Returns free memory to the system."""

import ctypes
from contextlib import suppress


def return_free_memory() -> None:
    """Have the C library return its free memory: large models leave hundreds of megabytes."""
    with suppress(OSError, AttributeError):  # other C libraries have no such call, or no need of it
        ctypes.CDLL(None).malloc_trim(0)

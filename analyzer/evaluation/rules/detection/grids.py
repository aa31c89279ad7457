"""The cells over which detectors without anchor boxes predict, stride by stride."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from analyzer.evaluation.rules.detection.boxes import Floats


def _sides(height: int, width: int, strides: tuple[int, ...]) -> Iterator[tuple[int, int, int]]:
    """Rows, columns and stride of each grid; incomplete cells at the edge count."""
    for stride in strides:
        yield -(-height // stride), -(-width // stride), stride


def cell_count(height: int, width: int, strides: tuple[int, ...]) -> int:
    """Number of cells that cover an image at all strides.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        strides: side of a cell of each grid, in pixels.

    >>> cell_count(640, 640, (8, 16, 32))
    8400
    """
    return sum(rows * columns for rows, columns, _ in _sides(height, width, strides))


@lru_cache(maxsize=8)
def cells(height: int, width: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Column and row of each cell, and its stride; grid by grid, row by row.

    Args:
        height: of the image, in pixels.
        width: of the image, in pixels.
        strides: side of a cell of each grid, in pixels.

    Returns:
        float64 (cells, 2), column before row; float64 (cells,).
    """
    places, sizes = [], []
    for rows, columns, stride in _sides(height, width, strides):
        row, column = np.divmod(np.arange(rows * columns), columns)
        places.append(np.stack((column, row), axis=1))
        sizes.append(np.full(rows * columns, stride))
    return np.concatenate(places).astype(np.float64), np.concatenate(sizes).astype(np.float64)

"""A rule and a metric, as users write them."""

from typing import Any

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[Any]


def hits(outputs: list[Values], labels: Values) -> Values:
    """1 where the label is the highest class."""
    return np.asarray(outputs[0].argmax(axis=1) == labels)


def moved(golden: list[Values], outputs: list[Values]) -> Values:
    """True where the highest class moved."""
    return np.asarray(golden[0].argmax(axis=1) != outputs[0].argmax(axis=1))

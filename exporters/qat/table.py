"""The one list of operators that quantization-aware training can run."""

from __future__ import annotations

from collections.abc import Iterable

from analyzer.errors import CannotQuantize
from exporters.qat.operators import OPERATORS, Operator
from exporters.qat.shapes import SHAPES

KNOWN: dict[str, Operator] = {**OPERATORS, **SHAPES}
"""Operator -> function of (attributes, *inputs)."""


def check_known(op_types: Iterable[str]) -> None:
    """Refuse a network with operators that are not in the list.

    Raises:
        CannotQuantize: there are some; the message names them.
    """
    unknown = sorted(set(op_types) - set(KNOWN))
    if unknown:
        raise CannotQuantize(
            f"the network has {', '.join(unknown)}, which quantization-aware training cannot run; "
            "train it without --qat, and relcheck quantize the exported file"
        )

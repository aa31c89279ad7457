"""Bounds that clip: a value outside them becomes 0 (eq. 4 of Milazzo et al., IEEE Access 2025).

Around a value ``X``::

    one side     X = Where(X_unbounded <= X_threshold, X_unbounded, 0)
    two sides    X = Where(X_low_threshold <= X_unbounded <= X_threshold, X_unbounded, 0)

A comparison with NaN is false, so that NaN becomes 0 as well.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import onnx
from onnx import helper

from exporters.hardening.activations.survey import ActivationSite
from exporters.hardening.bounds.surgery import Surgery, readable
from exporters.hardening.bounds.thresholds import Threshold

LESS_OR_EQUAL_OPSET = 12
"""First opset with LessOrEqual; before, it is written Or(Less, Equal), which NaN fails too."""


@dataclass(frozen=True)
class Clipping:
    """Bounds of the form Where(within the bounds, value, 0)."""

    clamps = False

    def nodes(
        self,
        surgery: Surgery,
        made: onnx.NodeProto,
        position: int,
        site: ActivationSite,
        threshold: Threshold,
    ) -> Iterator[onnx.NodeProto]:
        """As in `BoundForm`; ``made`` is renamed in place."""
        stem = readable(site.value, made)
        source = surgery.fresh(f"{stem}_unbounded")
        made.output[position] = source
        high = surgery.threshold(stem, threshold.high, site.dtype)
        within = surgery.fresh(f"{stem}_within")
        if threshold.low is None:
            yield from at_most(surgery, source, high, within)
        else:
            low = surgery.threshold(f"{stem}_low", threshold.low, site.dtype)
            below, above = surgery.fresh(f"{stem}_not_above"), surgery.fresh(f"{stem}_not_below")
            yield from at_most(surgery, source, high, below)
            yield from at_most(surgery, low, source, above)
            yield helper.make_node("And", [below, above], [within], name=within)
        zero = surgery.beyond(site.dtype)
        name = surgery.fresh(f"{stem}_bounded")
        yield helper.make_node("Where", [within, source, zero], [site.value], name=name)


CLIPPING = Clipping()


def at_most(surgery: Surgery, left: str, right: str, result: str) -> Iterator[onnx.NodeProto]:
    """Nodes that compute ``result = left <= right``, false for NaN.

    Args:
        surgery: the graph under change; its opset decides the operators.
        left: name of a value.
        right: name of another one of the same type.
        result: name of the truth value.
    """
    if surgery.opset >= LESS_OR_EQUAL_OPSET:
        yield helper.make_node("LessOrEqual", [left, right], [result], name=result)
        return
    less, equal = surgery.fresh(f"{result}_less"), surgery.fresh(f"{result}_equal")
    yield helper.make_node("Less", [left, right], [less], name=less)
    yield helper.make_node("Equal", [left, right], [equal], name=equal)
    yield helper.make_node("Or", [less, equal], [result], name=result)

"""Bounds that clamp: a value outside them becomes the nearest one; NaN passes.

Around a value ``X``::

    any activation      X = Clip(X_unbounded, X_low_threshold, X_threshold)
    a Clip of known     X = Clip(its input, the narrower limits): no second node, which ONNX
    limits                  Runtime would not fuse
    Relu, if asked for  X = Clip(its input, 0, X_threshold): Relu and a Clip from above are one
"""

from collections.abc import Iterator
from dataclasses import dataclass

import onnx
from onnx import helper

from analyzer.graph.index import number_in, operator
from exporters.hardening.activations.survey import ActivationSite
from exporters.hardening.bounds.surgery import Surgery, readable
from exporters.hardening.bounds.thresholds import Threshold


@dataclass(frozen=True)
class Clamping:
    """Bounds of the form Clip(value, low, high).

    Attributes:
        replaces_relu: True if a Relu gives way to one Clip from 0.
    """

    replaces_relu: bool = False
    clamps = True

    def nodes(
        self,
        surgery: Surgery,
        made: onnx.NodeProto,
        position: int,
        site: ActivationSite,
        threshold: Threshold,
    ) -> Iterator[onnx.NodeProto]:
        """As in `BoundForm`; ``made`` is renamed, or becomes the Clip itself, in place."""
        stem = readable(site.value, made)
        if self.replaces_relu and operator(made) == "Relu":
            _become_clip(surgery, made, site, threshold, stem)
        elif operator(made) == "Clip" and _narrow(surgery, made, site, threshold, stem):
            return
        else:
            source = surgery.fresh(f"{stem}_unbounded")
            made.output[position] = source
            limits = _stored_limits(surgery, threshold, site.dtype, stem)
            name = surgery.fresh(f"{stem}_bounded")
            yield helper.make_node("Clip", [source, *limits], [site.value], name=name)


CLAMPING = Clamping()


def _become_clip(
    surgery: Surgery, relu: onnx.NodeProto, site: ActivationSite, threshold: Threshold, stem: str
) -> None:
    """Turn ``relu`` into a Clip from 0, in place."""
    from_zero = Threshold(low=0.0, high=threshold.high)
    limits = _stored_limits(surgery, from_zero, site.dtype, stem)
    relu.op_type, relu.name = "Clip", surgery.fresh(f"{stem}_bounded")
    relu.input.extend(limits)


def _narrow(
    surgery: Surgery, clip: onnx.NodeProto, site: ActivationSite, threshold: Threshold, stem: str
) -> bool:
    """Narrow the limits of a Clip in place; False, and nothing done, where they are computed."""
    names = [*clip.input[1:3], "", ""][:2]
    old = [number_in(surgery.constants.get(name)) for name in names]
    if any(name and value is None for name, value in zip(names, old, strict=True)):
        return False
    high = threshold.high if old[1] is None else min(old[1], threshold.high)
    if threshold.low is not None:
        low = threshold.low if old[0] is None else max(old[0], threshold.low)
        names[0] = surgery.threshold(f"{stem}_low", low, site.dtype)
    names[1] = surgery.threshold(stem, high, site.dtype)
    del clip.input[1:]
    clip.input.extend(names)
    clip.name = surgery.fresh(f"{stem}_bounded")
    return True


def _stored_limits(surgery: Surgery, threshold: Threshold, dtype: int, stem: str) -> list[str]:
    """Inputs 1 and 2 of a Clip; the lower one is left out where there is none."""
    low = threshold.low
    first = "" if low is None else surgery.threshold(f"{stem}_low", low, dtype)
    return [first, surgery.threshold(stem, threshold.high, dtype)]

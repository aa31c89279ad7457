"""The interface of the forms of a bound: which nodes stand behind a bounded value."""

from collections.abc import Iterator
from typing import Protocol

import onnx

from exporters.hardening.activations.survey import ActivationSite
from exporters.hardening.bounds.surgery import Surgery
from exporters.hardening.bounds.thresholds import Threshold


class BoundForm(Protocol):
    """One way to write a bound as ONNX nodes."""

    @property
    def clamps(self) -> bool:
        """True if a value outside becomes the nearest bound, False if it becomes 0.

        Bounds that clip stand before a Clip of the model: behind it, a value that has blown up is
        within its limits. Bounds that clamp narrow the Clip itself.
        """

    def nodes(
        self,
        surgery: Surgery,
        made: onnx.NodeProto,
        position: int,
        site: ActivationSite,
        threshold: Threshold,
    ) -> Iterator[onnx.NodeProto]:
        """Bound one result of ``made``, in place, and yield the nodes that go behind it.

        Args:
            surgery: the graph under change; new tensors are stored there.
            made: the node that makes the value; it is renamed or replaced in place.
            position: which of its results the value is.
            site: the value, with its element type.
            threshold: lower bound, if there is one, and upper bound.
        """

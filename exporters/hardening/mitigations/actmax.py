"""ActMax: activations beyond their extremes on calibration data become 0.

    X = Where(L <= X_unbounded <= T, X_unbounded, 0)     L only where X can be negative

T and L are the largest and the smallest value on the data (eq. 4 of Milazzo et al., IEEE Access
2025). NaN is not within any range, so that it becomes 0 as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.hardening.interface import Change, Example, Order, Resources

if TYPE_CHECKING:
    from exporters.hardening.subject import Subject


@dataclass(frozen=True)
class ActMax:
    """0 beyond the extremes on the data."""

    name = "actmax"
    summary = "0 above the largest value on --data"
    options = frozenset({"thresholds", "save-thresholds"})

    def check_options(self, given: frozenset[str]) -> None:
        """As in `Mitigation`: data or thresholds."""
        from exporters.hardening.mitigations.bounding import check_source

        check_source(self.name, given)

    def requires(self, subject: Subject) -> None:
        """As in `Mitigation`: an activation that can be bounded."""
        from exporters.hardening.bounds.clipping import CLIPPING
        from exporters.hardening.mitigations import bounding

        bounding.requires(subject, CLIPPING)

    def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
        """As in `Mitigation`."""
        from exporters.hardening.bounds.clipping import CLIPPING
        from exporters.hardening.mitigations import bounding

        found = bounding.requires(subject, CLIPPING)
        kept, basis = bounding.thresholds_from_order(
            self.name, CLIPPING, found, subject, order, resources
        )
        return bounding.bounded(subject, CLIPPING, found, kept, basis)

    def ensures(self, subject: Subject, change: Change) -> None:
        """As in `Mitigation`: without its bounds the graph is the original, node for node."""
        from exporters.hardening.bounds.check import check_clips

        check_clips(subject.proto, change)

    def examples(self) -> tuple[Example, ...]:
        """Values at the extremes of the calibration data, beyond them, and no number."""
        inf, nan = float("inf"), float("nan")
        head = '<ir_version: 8, opset_import: ["" : 17]> '
        relu = "agraph (float[N, K] x) => (float[N, K] y) { y = Relu (x) }"
        leaky = "agraph (float[N, K] x) => (float[N, K] y) { y = LeakyRelu <alpha = 0.5> (x) }"
        return (
            Example(head + relu, ((-1, 2, 3, 4, inf, nan),), ((0, 2, 3, 0, 0, 0),), ((-5, 3),)),
            Example(head + leaky, ((-9, -4, 1, 3, 4, nan),), ((0, -2, 1, 3, 0, 0),), ((-4, 3),)),
        )


ACTMAX = ActMax()

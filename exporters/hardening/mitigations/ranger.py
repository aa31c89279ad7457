"""Ranger: activations clamp at their extremes on calibration data.

    X = Clip(X_unbounded, L, T)     L only where X can be negative

T and L are the largest and the smallest value on the data (Chen et al., "A Low-cost Fault Corrector
for Deep Neural Networks through Range Restriction", DSN 2021). NaN passes, as through any Clip.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.hardening.interface import Change, Example, Order, Resources

if TYPE_CHECKING:
    from exporters.hardening.subject import Subject


@dataclass(frozen=True)
class Ranger:
    """Clamp at the extremes on the data."""

    name = "ranger"
    summary = "clamp at the largest value on --data"
    options = frozenset({"thresholds", "save-thresholds"})

    def check_options(self, given: frozenset[str]) -> None:
        """As in `Mitigation`: data or thresholds."""
        from exporters.hardening.mitigations.bounding import check_source

        check_source(self.name, given)

    def requires(self, subject: Subject) -> None:
        """As in `Mitigation`: an activation that can be bounded."""
        from exporters.hardening.bounds.clamping import CLAMPING
        from exporters.hardening.mitigations import bounding

        bounding.requires(subject, CLAMPING)

    def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
        """As in `Mitigation`."""
        from exporters.hardening.bounds.clamping import CLAMPING
        from exporters.hardening.mitigations import bounding

        found = bounding.requires(subject, CLAMPING)
        kept, basis = bounding.thresholds_from_order(
            self.name, CLAMPING, found, subject, order, resources
        )
        return bounding.bounded(subject, CLAMPING, found, kept, basis)

    def ensures(self, subject: Subject, change: Change) -> None:
        """As in `Mitigation`: every site clamps, and the rest of the graph is as it was."""
        from exporters.hardening.bounds.check import check_clamps

        check_clamps(subject.proto, change)

    def examples(self) -> tuple[Example, ...]:
        """Values at the extremes of the calibration data, beyond them, and no number."""
        inf, nan = float("inf"), float("nan")
        head = '<ir_version: 8, opset_import: ["" : 17]> '
        relu = "agraph (float[N, K] x) => (float[N, K] y) { y = Relu (x) }"
        leaky = "agraph (float[N, K] x) => (float[N, K] y) { y = LeakyRelu <alpha = 0.5> (x) }"
        return (
            Example(head + relu, ((-1, 2, 4, inf, nan),), ((0, 2, 3, 3, nan),), ((-5, 3),)),
            Example(head + leaky, ((-9, -2, 1, 4, inf),), ((-2, -1, 1, 3, 3),), ((-4, 3),)),
        )


RANGER = Ranger()

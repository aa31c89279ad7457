"""ReLU6: activations clamp at 6 (eq. 5 of Milazzo et al., IEEE Access 2025). Needs no data.

Relu                              X = Clip(its input, 0, 6): one node in the place of another
other, never negative             X = Clip(X_unbounded, , 6)
other, of either sign             X = Clip(X_unbounded, -6, 6)
Clip at 6 or below already        left as it is
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exporters.hardening.interface import Change, Example, Order, Resources
from exporters.hardening.not_applied import NotApplied

if TYPE_CHECKING:
    from exporters.hardening.activations.survey import Survey
    from exporters.hardening.bounds.clamping import Clamping
    from exporters.hardening.subject import Subject

SIX = 6.0


@dataclass(frozen=True)
class Relu6:
    """Clamp at 6, and at -6 where a value can be negative."""

    name = "relu6"
    summary = "clamp at 6"
    options = frozenset({"save-thresholds"})

    def check_options(self, given: frozenset[str]) -> None:
        """Nothing can be missing: the bound is a number."""

    def requires(self, subject: Subject) -> None:
        """As in `Mitigation`: an activation that does not clamp at 6 already."""
        self._survey(subject)

    def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
        """As in `Mitigation`."""
        from exporters.hardening.activations.survey import Side
        from exporters.hardening.bounds.thresholds import Threshold
        from exporters.hardening.mitigations.bounding import bounded, threshold_file

        found = self._survey(subject)
        low = {Side.ONE: None, Side.TWO: -SIX}
        bounds = {site.value: Threshold(low=low[site.side], high=SIX) for site in found.sites}
        kept = threshold_file(self.name, subject, bounds, None)
        return bounded(subject, self._form(), found, kept, "the method alone")

    def ensures(self, subject: Subject, change: Change) -> None:
        """As in `Mitigation`: every site clamps, and the rest of the graph is as it was."""
        from exporters.hardening.bounds.check import check_clamps

        check_clamps(subject.proto, change, replaces_relu=True)

    def examples(self) -> tuple[Example, ...]:
        """Values at 6, beyond it, infinite, and no number."""
        inf, nan = float("inf"), float("nan")
        relu = "agraph (float[N, K] x) => (float[N, K] y) { y = Relu (x) }"
        leaky = "agraph (float[N, K] x) => (float[N, K] y) { y = LeakyRelu <alpha = 0.5> (x) }"
        head = '<ir_version: 8, opset_import: ["" : 17]> '
        return (
            Example(head + relu, ((-9, 3, 6, 7, inf, nan),), ((0, 3, 6, 6, 6, nan),)),
            Example(head + leaky, ((-20, -2, 3, 6, 7, -inf),), ((-6, -1, 3, 6, 6, -6),)),
        )

    def _form(self) -> Clamping:
        from exporters.hardening.bounds.clamping import Clamping

        return Clamping(replaces_relu=True)

    def _survey(self, subject: Subject) -> Survey:
        """The activations that do not clamp at 6 already; exported ReLU6 does."""
        from exporters.hardening.activations.node_context import clip_limits
        from exporters.hardening.activations.survey import Survey
        from exporters.hardening.mitigations.bounding import requires, with_sites

        found, index = requires(subject, self._form()), subject.index
        clamped = {}
        for site in found.sites:
            high = clip_limits(index.producers[site.value], index)[1]
            if high is not None and high <= SIX:
                reason = f"it clamps at {high:g} already"
                clamped[site.value] = NotApplied(site.value, site.kind, reason)
        sites = tuple(s for s in found.sites if s.value not in clamped)
        return with_sites(subject.path, Survey(sites, (*found.left, *clamped.values())))


RELU6 = Relu6()

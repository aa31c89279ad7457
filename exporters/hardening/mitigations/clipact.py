"""ClipAct: activations beyond a searched bound become 0.

    X = Where(s L <= X_unbounded <= s T, X_unbounded, 0)     s in [0, 1], searched site by site

T and L are the extremes on the data, as with ActMax. The share s of each site is the one with the
best score under faults in the site's layer (Milazzo et al., IEEE Access 2025, section III-B;
docs/method-clipact.md). With a thresholds file nothing is searched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exporters.hardening.interface import Change, Example, Order, Resources

if TYPE_CHECKING:
    from exporters.hardening.bounds.thresholds import ThresholdFile
    from exporters.hardening.clipact.resumable import SearchResult
    from exporters.hardening.subject import Subject

SEARCH = frozenset(
    {"rates", "iterations", "patterns", "seed", "encoding", "metric", "budget", "cache", "state"}
)
"""Options of the search."""


@dataclass(frozen=True)
class ClipAct:
    """0 beyond bounds that are searched under faults."""

    name = "clipact"
    summary = "0 above bounds that are searched on --data, under faults, or taken from --thresholds"
    options = frozenset({"thresholds", "save-thresholds"}) | SEARCH

    def check_options(self, given: frozenset[str]) -> None:
        """As in `Mitigation`: data or thresholds, and no options of a search that does not run."""
        from analyzer.errors import BadOption
        from exporters.hardening.mitigations.bounding import check_source

        check_source(self.name, given)
        if "thresholds" in given and given & SEARCH:
            raise BadOption(
                f"--{min(given & SEARCH)} is of the search by --method {self.name} without "
                "--thresholds; leave one of the two out"
            )

    def requires(self, subject: Subject) -> None:
        """As in `Mitigation`: an activation that can be bounded."""
        from exporters.hardening.bounds.clipping import CLIPPING
        from exporters.hardening.mitigations import bounding

        bounding.requires(subject, CLIPPING)

    def apply(self, subject: Subject, order: Order, resources: Resources) -> Change:
        """As in `Mitigation`; without a thresholds file, a search from the extremes downwards."""
        from exporters.hardening.bounds.clipping import CLIPPING
        from exporters.hardening.mitigations import bounding

        found = bounding.requires(subject, CLIPPING)
        kept, basis = bounding.thresholds_from_order(
            self.name, CLIPPING, found, subject, order, resources
        )
        if order.thresholds is not None:
            return bounding.bounded(subject, CLIPPING, found, kept, basis)
        search = self._search(subject, kept, order, resources)
        thresholds = {**kept.thresholds, **search.thresholds}
        kept = kept.model_copy(update={"thresholds": thresholds})
        change = bounding.bounded(subject, CLIPPING, found, kept, basis)
        obsolete = (order.state,) if order.state is not None and search.finished else ()
        return replace(change, search=search, obsolete=obsolete)

    def _search(
        self, subject: Subject, maxima: ThresholdFile, order: Order, resources: Resources
    ) -> SearchResult:
        from exporters.hardening.bounds.clipping import CLIPPING
        from exporters.hardening.clipact.resumable import run_search
        from exporters.hardening.clipact.search import Search, SearchRequest
        from exporters.hardening.mitigations import bounding

        assert resources.data is not None  # the maxima were measured on it
        request = order.search or SearchRequest()
        search = Search(
            subject.model,
            subject.proto,
            bounding.requires(subject, CLIPPING).sites,
            maxima.thresholds,
            resources.data,
            request,
            resources.alive,
        )
        return run_search(search, order.state, order.budget, resources)

    def ensures(self, subject: Subject, change: Change) -> None:
        """As in `Mitigation`: without its bounds the graph is the original, node for node."""
        from exporters.hardening.bounds.check import check_clips

        check_clips(subject.proto, change)

    def examples(self) -> tuple[Example, ...]:
        """A site without weights of its own keeps the maximum; NaN becomes 0."""
        nan = float("nan")
        text = (
            '<ir_version: 8, opset_import: ["" : 17]> '
            "agraph (float[N, 2] x) => (float[N, 2] y) <float[2, 2] w = {1, 0, 0, 1}> "
            "{ r = Relu (x) y = MatMul (r, w) }"
        )
        given = ((1, 2), (3, -1), (4, 1), (nan, 2))
        answers = ((1, 2), (3, 0), (0, 1), (0, 2))
        return (Example(text, given, answers, ((3, 1), (1, 3))),)


CLIPACT = ClipAct()

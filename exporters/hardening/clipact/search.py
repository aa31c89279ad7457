"""ClipAct: the bound of every activation, searched layer by layer for the best score under faults.

Milazzo et al. (IEEE Access 2025), section III-B, after Hoang et al., "FT-ClipAct" (DATE 2020). The
method and its mathematics: docs/method-clipact.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import onnx

from analyzer.errors import UnsupportedModel
from analyzer.evaluation.choose import NOTHING, Asked
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.models import FLIP, FaultPattern
from analyzer.faults.rate_mixture import FELT, LayerLaw, Trial, draw_trials, weights_of
from analyzer.faults.rates import parse_rates
from analyzer.faults.severity import find_severity
from analyzer.model import Model
from analyzer.runtime.ort.golden_model import golden_values
from exporters.hardening.activations.survey import ActivationSite
from exporters.hardening.bounds.thresholds import Threshold, Thresholds
from exporters.hardening.clipact.image_batches import Batching, CutValues, find_batching
from exporters.hardening.clipact.interval_search import IntervalResult, narrow
from exporters.hardening.clipact.known_outcomes import UnitOutcomes
from exporters.hardening.clipact.open_graph import SearchGraph, open_search_graph
from exporters.hardening.clipact.reference import find_reference
from exporters.hardening.clipact.score import LayerScorer, scaled
from exporters.hardening.clipact.scoring_units import SearchContext

SEARCH_VERSION = 1
"""Counted up whenever the same request finds other thresholds."""


@dataclass(frozen=True)
class SearchRequest:
    """The settings of a search; with model and data they decide the result completely.

    Attributes:
        rates: Bit error rates, each in (0, 1); by default those of the paper.
        iterations: Narrowings of each layer, at most.
        trials: Fault patterns by which each layer's thresholds are scored, about.
        seed: Of every random number.
        encoding: How weights are held.
        asked: Decision rule, output and metric, as far as the user names them.
        memory: Bytes for values kept; decides nothing.
    """

    rates: tuple[float, ...] = parse_rates("1e-7..3e-5")
    iterations: int = 10
    trials: int = 2000
    seed: int = 0
    encoding: str = "stored"
    asked: Asked = NOTHING
    memory: int = 2 << 30


@dataclass(frozen=True, slots=True)
class SiteResult:
    """The result of a search for one site.

    Attributes:
        value: Name of the site.
        bits: Of its layer; 0: it has none, and keeps its maximum.
        trials: Fault patterns that scored it.
        found: The result on the site's line; None where there was no search.
    """

    value: str
    bits: int
    trials: int
    found: IntervalResult | None


Done = Mapping[str, SiteResult]
"""Sites that are finished, from an earlier run."""


class Search:
    """The search over all sites of one model."""

    def __init__(
        self,
        model: Model,
        proto: onnx.ModelProto,
        sites: Sequence[ActivationSite],
        maxima: Thresholds,
        data: Dataset,
        request: SearchRequest,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        """Open the hardened model, and take in the answers of the one without bounds.

        Args:
            model: the model without bounds.
            proto: the same, local functions expanded; it is not changed.
            sites: of ``proto``.
            maxima: of every site on the validation data.
            data: validation data.
            request: the settings.
            alive: called every now and then while the search goes on.

        Raises:
            GoldenFailed: the model fails on the data.
            UnsupportedModel: it cannot be run in parts.
        """
        self.sites, self.maxima, self.request = tuple(sites), maxima, request
        self._model, self._data = model, data
        if data.states:
            raise UnsupportedModel(
                f"the search of thresholds feeds images alone, and the model has inputs without a "
                f"row for each image ({', '.join(data.states)}); use --method actmax or ranger"
            )
        self._clean: UnitOutcomes | None = None
        fixed = model.signature.fixed_batch
        self.inputs = {model.signature.name: data.inputs, **data.more}
        sample = Batching(1, fixed, apart=False).feeds(self.inputs, [0])
        self.opened: SearchGraph = open_search_graph(
            model, proto, sites, maxima, request.encoding, sample
        )
        graph = self.opened.graph
        batching = find_batching(graph, self.inputs, fixed)
        # One half of the memory for values in front of the layer, one for those before its bound.
        entry = CutValues(graph, batching, self.inputs, request.memory // 2)
        reference = find_reference(model, data, request.asked)
        self.context = SearchContext(graph, batching, entry, reference, request.memory // 2, alive)
        self.plan = f"clipact {model.sha256} {data.sha256} {request.seed} {request.encoding}"

    @property
    def identity(self) -> str:
        """All that decides the result, for people to read."""
        request, decision = self.request, self.context.reference.judge.definition.content
        return "; ".join(
            (
                f"model {self._model.sha256}",
                f"data {self._data.sha256}, {len(self._data)} images",
                f"metric {self.metric}",
                *([f"decision {decision}"] if decision else []),
                f"rates {', '.join(map(repr, request.rates))}",
                f"iterations {request.iterations}",
                f"patterns {request.trials}",
                f"seed {request.seed}",
                f"encoding {request.encoding}",
                f"version {SEARCH_VERSION}",
            )
        )

    @property
    def metric(self) -> str:
        """Word of the metric that tells right from wrong."""
        return self.context.reference.judge.metric.name

    def law(self, site: str) -> LayerLaw:
        """The law of the faults in the layer of a site."""
        space = self.opened.spaces[site]
        severity = find_severity(space, golden_values(self._model, space), FLIP, FELT)
        return LayerLaw(severity, self.request.rates)

    def trials(self, site: str) -> list[Trial]:
        """The trials that score a site; their sites are counted within the layer."""
        images = len(self._data)
        return draw_trials(self.law(site), images, self.request.trials, self.plan, site)

    def scorer(self, site: str) -> LayerScorer:
        """The scores of one site's thresholds, others as they are at present."""
        trials, whole = self.trials(site), self.opened.space
        weights = weights_of(self.law(site).strata(), trials, len(self._data))
        # The executor counts sites over all layers; this layer begins at its first tensor.
        shift = int(whole.offsets[whole.tensor_index(self.opened.spaces[site].tensors[0].name)])
        placed = [replace(t, pattern=FaultPattern(FLIP, t.pattern.sites + shift)) for t in trials]
        return LayerScorer(self.context, site, self.maxima[site], placed, weights, self._clean)

    def run(self, done: Done, spent: Callable[[], bool] = lambda: False) -> Iterator[SiteResult]:
        """Search site by site, in the order of the graph.

        Args:
            done: sites that need no search any more.
            spent: true if the budget is spent; then the remaining sites keep their maxima.
        """
        self._clean = None
        for site in self.sites:
            if site.value in done:
                result, self._clean = done[site.value], None
            elif site.value not in self.opened.spaces:
                result = SiteResult(site.value, 0, 0, None)
            elif spent():
                return
            else:
                result = self._search(site.value)
            # Later sites are searched behind the bounds that were found for earlier ones.
            self.context.graph.set_threshold(site.value, self.threshold(result))
            yield result

    def _search(self, site: str) -> SiteResult:
        scorer, found = self.narrow(site)
        bits = self.opened.spaces[site].bits
        return SiteResult(site, bits, len(scorer.trials), found)

    def narrow(self, site: str) -> tuple[LayerScorer, IntervalResult]:
        """Search one site, others as they are at present, and set it to the bound that is found."""
        scorer = self.scorer(site)
        found = narrow(scorer, self.request.iterations)
        self.context.graph.executor.check_golden()
        self.context.graph.set_threshold(site, scaled(self.maxima[site], found.best))
        # The next site begins with these very thresholds, its own at the maximum.
        self._clean = scorer.outcomes(found.best)[: len(self._data)]
        return scorer, found

    def threshold(self, result: SiteResult) -> Threshold:
        """The bound that a search found."""
        maximum = self.maxima[result.value]
        return maximum if result.found is None else scaled(maximum, result.found.best)

"""ClipAct: the bound of every activation, searched layer by layer for the best score under faults.

Milazzo et al. (IEEE Access 2025), section III-B, after Hoang et al., "FT-ClipAct" (DATE 2020). The
method and its mathematics: docs/method-clipact.md.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx

from analyzer.errors import UnsupportedModel
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.models import FaultPattern
from analyzer.faults.rate_mixture import FELT, FLIP, LayerLaw, Trial, draw_trials, weights_of
from analyzer.faults.severity import find_severity
from analyzer.model import Model
from analyzer.runtime.ort.golden_model import golden_values
from exporters.hardening.activations.survey import Site
from exporters.hardening.bounds.thresholds import Threshold, Thresholds
from exporters.hardening.clipact.image_batches import Frontier, Rows, find_rows
from exporters.hardening.clipact.interval_search import Narrowed, narrow
from exporters.hardening.clipact.open_graph import Opened, open_bounded
from exporters.hardening.clipact.reference import find_reference
from exporters.hardening.clipact.score import LayerScorer, Outcomes, scaled
from exporters.hardening.clipact.scoring_units import Load, TrialContext

SEARCH_VERSION = 1
"""Counted up whenever the same request finds other thresholds."""


@dataclass(frozen=True)
class Request:
    """What a search is asked for; it decides the result completely, with model and data.

    Attributes:
        rates: Bit error rates, each in (0, 1).
        iterations: Narrowings of each layer, at most.
        trials: Fault patterns by which each layer's thresholds are scored, about.
        seed: Of every random number.
        encoding: How weights are held.
        metric: ``top1``, ``top5`` or ``agreement``; None: by the data.
        memory: Bytes for values kept; decides nothing.
    """

    rates: tuple[float, ...]
    iterations: int = 10
    trials: int = 2000
    seed: int = 0
    encoding: str = "stored"
    metric: str | None = None
    memory: int = 2 << 30


@dataclass(frozen=True, slots=True)
class Searched:
    """What was found for one site.

    Attributes:
        value: Name of the site.
        bits: Of its layer; 0: it has none, and keeps its maximum.
        trials: Fault patterns that scored it.
        found: The search; None where there was none.
    """

    value: str
    bits: int
    trials: int
    found: Narrowed | None


Done = Mapping[str, Searched]
"""Sites that are finished, from an earlier run."""


class Search:
    """The search over all sites of one model."""

    def __init__(
        self,
        model: Model,
        proto: onnx.ModelProto,
        sites: Sequence[Site],
        maxima: Thresholds,
        data: Dataset,
        request: Request,
        alive: Callable[[], object] = lambda: None,
    ) -> None:
        """Open the hardened model, and take in the answers of the one without bounds.

        Args:
            model: the model without bounds.
            proto: the same, local functions expanded.
            sites: of ``proto``.
            maxima: of every site on the validation data.
            data: validation data.
            request: what is asked for.
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
        self._clean: Outcomes | None = None
        fixed = model.signature.fixed_batch
        self.inputs = {model.signature.name: data.inputs, **data.more}
        sample = Rows(1, fixed, apart=False).feeds(self.inputs, [0])
        self.opened: Opened = open_bounded(model, proto, sites, maxima, request.encoding, sample)
        graph = self.opened.graph
        rows = find_rows(graph, self.inputs, fixed)
        frontier = Frontier(graph, rows, self.inputs, request.memory // 2)
        reference = find_reference(model, data, request.metric)
        self.context = TrialContext(graph, rows, frontier, reference, request.memory // 2, alive)
        self.plan = f"clipact {model.sha256} {data.sha256} {request.seed} {request.encoding}"

    @property
    def identity(self) -> str:
        """All that decides what is found, for people to read."""
        request = self.request
        return "; ".join(
            (
                f"model {self._model.sha256}",
                f"data {self._data.sha256}, {len(self._data)} images",
                f"metric {self.metric}",
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
        """What a right answer is."""
        return self.context.reference.judge.metric.value

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
        shift = int(whole.offsets[whole.tensor_index(self.opened.spaces[site].tensors[0].name)])
        loads = [Load(FaultPattern(FLIP, t.pattern.sites + shift), t.image) for t in trials]
        weights = weights_of(self.law(site).strata(), trials, len(self._data))
        return LayerScorer(self.context, site, self.maxima[site], loads, weights, self._clean)

    def run(self, done: Done, spent: Callable[[], bool] = lambda: False) -> Iterator[Searched]:
        """Search site by site, in the order of the graph.

        Args:
            done: sites that need no search any more.
            spent: whether the budget is spent; then the remaining sites keep their maxima.
        """
        self._clean = None
        for site in self.sites:
            if site.value in done:
                searched, self._clean = done[site.value], None
            elif site.value not in self.opened.spaces:
                searched = Searched(site.value, 0, 0, None)
            elif spent():
                return
            else:
                searched = self._search(site.value)
            self.context.graph.set_threshold(site.value, self.threshold(searched))
            yield searched

    def _search(self, site: str) -> Searched:
        scorer, found = self.narrow(site)
        bits = self.opened.spaces[site].bits
        return Searched(site, bits, len(scorer.loads), found)

    def narrow(self, site: str) -> tuple[LayerScorer, Narrowed]:
        """Search one site, others as they are at present, and set it to what was found."""
        scorer = self.scorer(site)
        found = narrow(scorer, self.request.iterations)
        self.context.graph.executor.check_golden()
        self.context.graph.set_threshold(site, scaled(self.maxima[site], found.best))
        # The next site begins with these very thresholds, its own at the maximum.
        self._clean = scorer.outcomes(found.best)[: len(self._data)]
        return scorer, found

    def threshold(self, searched: Searched) -> Threshold:
        """The bound that a search found."""
        maximum = self.maxima[searched.value]
        return maximum if searched.found is None else scaled(maximum, searched.found.best)

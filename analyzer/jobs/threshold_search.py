"""The search of ``relcheck harden --method clipact``: its options, and its part of the report."""

from dataclasses import dataclass
from pathlib import Path

from analyzer.faults.rates import parse_rates
from analyzer.jobs.settings import Settings
from analyzer.reports.before_after.threshold_search import SearchPart, SiteSearchPart
from exporters.hardening.clipact.resumable import SearchResult
from exporters.hardening.clipact.search import SearchRequest, SiteResult

ITERATIONS, PATTERNS = 10, 2000
"""Defaults; the first is n of Milazzo et al., section IV-B."""


@dataclass(frozen=True)
class SearchOptions:
    """What a search is told besides the settings that all commands share.

    Attributes:
        given: Names of the options of a search that were given, without dashes.
        iterations: Narrowings of each layer, at most.
        patterns: Fault patterns of each layer, about.
        state: File that keeps what is found until the end; None: beside the output.
    """

    given: tuple[str, ...] = ()
    iterations: int | None = None
    patterns: int | None = None
    state: Path | None = None

    def state_file(self, out: Path) -> Path:
        """Where the state is kept."""
        return self.state or out.with_name(f"{out.name}.search.json")

    def budget(self, settings: Settings) -> float | None:
        """CPU seconds of the search; None: no limit, for a default budget is one of campaigns."""
        return settings.budget if "budget" in self.given else None

    def request(self, settings: Settings) -> SearchRequest:
        """The settings of the search.

        Raises:
            BadRates: the rates are none.
        """
        return SearchRequest(
            rates=parse_rates(settings.rates),
            iterations=self.iterations or ITERATIONS,
            trials=self.patterns or PATTERNS,
            seed=settings.seed,
            encoding=settings.encoding,
            metric=settings.metric,
            memory=settings.cache,
        )


def search_part(result: SearchResult) -> SearchPart:
    """The search as the report has it."""
    request = result.request
    return SearchPart(
        metric=result.metric,
        rates=request.rates,
        encoding=request.encoding,
        iterations=request.iterations,
        patterns=request.trials,
        seed=request.seed,
        optimized=result.optimized,
        left_out=result.unread,
        finished=result.finished,
        sites=tuple(_site(site) for site in result.sites),
    )


def _site(site: SiteResult) -> SiteSearchPart:
    found = site.found
    return SiteSearchPart(
        value=site.value,
        bits=site.bits,
        patterns=site.trials,
        share=1.0 if found is None else found.best,
        area=None if found is None else found.score,
        area_at_maximum=None if found is None else found.at_one,
        deviation=None if found is None else found.deviation,
        points=0 if found is None else found.scored,
        complete=0 if found is None else found.complete,
        end="no weights of its own" if found is None else found.end.value,
    )

"""The search of bounds by ``--method clipact``: its settings, and its part of the report."""

from analyzer.evaluation.choose import Asked
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.reports.before_after.threshold_search import SearchPart, SiteSearchPart
from exporters.hardening.clipact.resumable import SearchResult
from exporters.hardening.clipact.search import SearchRequest, SiteResult

ITERATIONS, PATTERNS = 10, 2000
"""Defaults; the first is n of Milazzo et al., section IV-B."""


def search_request(request: HardenRequest) -> SearchRequest:
    """The settings of the search that a request asks for."""
    return SearchRequest(
        rates=request.rates,
        iterations=request.iterations or ITERATIONS,
        trials=request.patterns or PATTERNS,
        seed=request.seed,
        encoding=request.encoding,
        asked=Asked(request.task, request.output, request.metric),
        memory=request.cache,
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

"""The search of bounds by ``--method clipact``: request, progress, state, report."""

import time
from dataclasses import dataclass
from pathlib import Path

from analyzer.evaluation.dataset import Dataset
from analyzer.jobs.files import write_whole
from analyzer.jobs.observer import CountStage, Observer
from analyzer.jobs.requests.twins import HardenRequest
from analyzer.model import Model
from analyzer.reports.before_after.threshold_search import SearchPart, SiteSearchPart
from exporters.hardening.bounds.apply import Subject
from exporters.hardening.bounds.thresholds import Threshold, Thresholds
from exporters.hardening.clipact.search import Request, Search, Searched
from exporters.hardening.clipact.state import SearchState, read_state

ITERATIONS, PATTERNS = 10, 2000
"""Defaults; the first is n of Milazzo et al., section IV-B."""


@dataclass(frozen=True)
class SearchOutcome:
    """Thresholds, and how they were found."""

    thresholds: dict[str, Threshold]
    part: SearchPart


def search_thresholds(
    model: Model,
    subject: Subject,
    data: Dataset,
    maxima: Thresholds,
    request: HardenRequest,
    observer: Observer,
) -> SearchOutcome:
    """Search every site, and keep what is found in a state file on the way.

    Args:
        model: the model without bounds.
        subject: the same, with its sites.
        data: images that score thresholds.
        maxima: of every site, on the data.
        request: says how the search goes, and where its state is kept.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model, the data or the state.
    """
    asked = Request(
        rates=request.rates,
        iterations=request.iterations or ITERATIONS,
        trials=request.patterns or PATTERNS,
        seed=request.seed,
        encoding=request.encoding,
        metric=request.metric,
        memory=request.cache,
    )
    search = Search(model, subject.proto, subject.sites, maxima, data, asked, observer.alive)
    found = _run(search, request.state_file, request.budget, observer)
    thresholds = {**maxima, **{s.value: search.threshold(s) for s in found}}
    return SearchOutcome(thresholds, _part(search, found))


def _run(
    search: Search, state_file: Path | None, limit: float | None, observer: Observer
) -> list[Searched]:
    """Search, and write down each site that is finished.

    Args:
        search: the search.
        state_file: read first, then replaced after each site; None: nothing is written down.
        limit: CPU seconds after which no site is begun, but for the first; None: no limit.
        observer: is told how it goes.
    """
    state = SearchState(search=search.identity)
    if state_file is not None:
        state = read_state(state_file, search.identity)
    done = state.done()
    found: list[Searched] = []
    start = time.process_time()
    observer.prepared()

    def spent() -> bool:
        late = limit is not None and time.process_time() - start > limit
        return late and any(s.value not in done and s.found for s in found)

    with observer.stage(CountStage(len(search.sites), "searching bounds")):
        try:
            for number, searched in enumerate(search.run(done, spent)):
                found.append(searched)
                if state_file is not None and searched.value not in done:
                    state = state.with_site(searched)
                    write_whole(state_file, state.to_json())
                observer.step(number)
        except KeyboardInterrupt:
            if state_file is not None:
                observer.message(
                    f"Stopped: {len(found)} of {len(search.sites)} bounds are found and kept in "
                    f"{state_file}; the same command goes on from there."
                )
            raise
    return found


def _part(search: Search, found: list[Searched]) -> SearchPart:
    request = search.request
    return SearchPart(
        metric=search.metric,
        rates=request.rates,
        encoding=request.encoding,
        iterations=request.iterations,
        patterns=request.trials,
        seed=request.seed,
        optimized=search.opened.optimized,
        left_out=search.opened.unread,
        finished=len(found) == len(search.sites),
        sites=tuple(_site(searched) for searched in found),
    )


def _site(searched: Searched) -> SiteSearchPart:
    found = searched.found
    return SiteSearchPart(
        value=searched.value,
        bits=searched.bits,
        patterns=searched.trials,
        share=1.0 if found is None else found.best,
        area=None if found is None else found.score,
        area_at_maximum=None if found is None else found.at_one,
        deviation=None if found is None else found.deviation,
        points=0 if found is None else found.scored,
        complete=0 if found is None else found.complete,
        end="no weights of its own" if found is None else found.end.value,
    )

"""The search of ``relcheck harden --method clipact``: options, progress, state, report."""

import time
from dataclasses import dataclass
from pathlib import Path

from analyzer.cli.output import tell, write_whole
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.progress import show_count
from analyzer.errors import BadOption
from analyzer.evaluation.dataset import Dataset
from analyzer.faults.rates import parse_rates
from analyzer.jobs.settings import Settings
from analyzer.model import Model
from analyzer.reports.before_after.threshold_search import SearchPart, SiteSearchPart
from exporters.hardening.bounds.apply import Subject
from exporters.hardening.bounds.thresholds import Threshold, Thresholds
from exporters.hardening.clipact.search import Request, Search, Searched
from exporters.hardening.clipact.state import read_state

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

    def check_unused(self, method: str) -> None:
        """Refuse options of a search where there is none.

        Raises:
            BadOption: one was given.
        """
        if self.given:
            raise BadOption(
                f"--{self.given[0]} is of the search by --method clipact without --thresholds; "
                f"leave it out with --method {method}"
            )

    def state_file(self, out: Path) -> Path:
        """Where the state is kept."""
        return self.state or out.with_name(f"{out.name}.search.json")


@dataclass(frozen=True)
class Outcome:
    """Thresholds, and how they were found."""

    thresholds: dict[str, Threshold]
    part: SearchPart


def search_thresholds(
    model: Model,
    subject: Subject,
    data: Dataset,
    maxima: Thresholds,
    settings: Settings,
    options: SearchOptions,
    state_file: Path,
) -> Outcome:
    """Search every site, and keep what is found in a state file on the way.

    Raises:
        RelcheckError: whatever is wrong with the request, the model, the data or the state.
    """
    request = Request(
        rates=parse_rates(settings.rates),
        iterations=options.iterations or ITERATIONS,
        trials=options.patterns or PATTERNS,
        seed=settings.seed,
        encoding=settings.encoding,
        metric=settings.metric,
        memory=settings.cache,
    )
    search = Search(model, subject.proto, subject.sites, maxima, data, request, HEARTBEAT.renew)
    limit = settings.budget if "budget" in options.given else None
    found = _run(search, state_file, limit)
    thresholds = {**maxima, **{s.value: search.threshold(s) for s in found}}
    return Outcome(thresholds, _part(search, found))


def _run(search: Search, state_file: Path, limit: float | None) -> list[Searched]:
    """Search, and write down each site that is finished.

    Args:
        search: the search.
        state_file: read first, then replaced after each site.
        limit: CPU seconds after which no site is begun, but for the first; None: no limit.
    """
    state = read_state(state_file, search.identity)
    done = state.done()
    found: list[Searched] = []
    start = time.process_time()
    HEARTBEAT.prepared()

    def spent() -> bool:
        late = limit is not None and time.process_time() - start > limit
        return late and any(s.value not in done and s.found for s in found)

    with show_count(len(search.sites), "searching bounds") as step:
        try:
            for number, searched in enumerate(search.run(done, spent)):
                found.append(searched)
                if searched.value not in done:
                    state = state.with_site(searched)
                    write_whole(state_file, state.to_json())
                step(number)
        except KeyboardInterrupt:
            tell(
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

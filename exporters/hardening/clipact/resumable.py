"""A search that can be interrupted: finished sites are written down, and taken up again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from exporters.hardening.bounds.thresholds import Threshold
from exporters.hardening.clipact.search import Search, SearchRequest, SiteResult
from exporters.hardening.clipact.state import read_state
from exporters.hardening.interface import Resources


@dataclass(frozen=True)
class SearchResult:
    """The result of a whole search.

    Attributes:
        request: The settings.
        metric: Word of the metric that told right from wrong.
        optimized: True if the graph was the one that ONNX Runtime optimizes.
        unread: Tensors in which no fault could be injected.
        finished: True if every site was searched.
        sites: Results of the sites that were reached, in order.
        thresholds: By site that was reached.
    """

    request: SearchRequest
    metric: str
    optimized: bool
    unread: tuple[str, ...]
    finished: bool
    sites: tuple[SiteResult, ...]
    thresholds: dict[str, Threshold]


def run_search(
    search: Search, state_file: Path | None, limit: float | None, resources: Resources
) -> SearchResult:
    """Search, and write down each site that is finished.

    Args:
        search: the search, opened.
        state_file: read first, then replaced after each site; None: nothing is kept.
        limit: CPU seconds after which no site is begun, but for the first; None: no limit.
        resources: clock, progress, and how a file is written.

    Raises:
        BadSearchState: the file belongs to another search.
    """
    keeper = _Keeper(search, state_file, resources)
    found: list[SiteResult] = []
    spent = _budget(limit, resources.cpu_seconds, lambda: any(map(keeper.is_new, found)))
    with resources.count(len(search.sites), "searching bounds") as step:
        try:
            for number, result in enumerate(search.run(keeper.done, spent)):
                found.append(result)
                keeper.keep(result)
                step(number)
        except KeyboardInterrupt:
            if state_file is not None:
                resources.say(
                    f"Stopped: {len(found)} of {len(search.sites)} bounds are found and kept in "
                    f"{state_file}; the same command goes on from there."
                )
            raise
    return SearchResult(
        request=search.request,
        metric=search.metric,
        optimized=search.opened.optimized,
        unread=search.opened.unread,
        finished=len(found) == len(search.sites),
        sites=tuple(found),
        thresholds={result.value: search.threshold(result) for result in found},
    )


class _Keeper:
    """The state file of one search, or none."""

    def __init__(self, search: Search, path: Path | None, resources: Resources) -> None:
        self._path, self._write = path, resources.write
        self._state = None if path is None else read_state(path, search.identity)
        self.done = {} if self._state is None else self._state.done()

    def is_new(self, result: SiteResult) -> bool:
        """True if this run has searched the site."""
        return result.value not in self.done and result.found is not None

    def keep(self, result: SiteResult) -> None:
        """Write down one more site, unless an earlier run has."""
        if self._path is None or self._state is None or result.value in self.done:
            return
        self._state = self._state.with_site(result)
        self._write(self._path, self._state.to_json())


def _budget(
    limit: float | None, cpu_seconds: Callable[[], float], began: Callable[[], bool]
) -> Callable[[], bool]:
    """Tells whether the budget is spent; never before one site was searched.

    Else a budget that is too small would make no progress, however often the command is repeated.
    """
    start = cpu_seconds()
    return lambda: limit is not None and cpu_seconds() - start > limit and began()

"""Vulnerability of parts of the memory, from the trials of a campaign of single events.

The trials of a stratum whose event begins in a part are a sample of the events there. Put together
with the exact weights of strata within the part, they estimate P(SDC | an event in the part)
(post-stratification: Cochran, ch. 5A.9). The part's share of all silent corruption is c / (c + r),
of P(SDC and the event begins in the part) and P(SDC and it begins elsewhere); both are weighted
sums over all trials, and their limits, each at half of the error, bound the share.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from analyzer.campaign.events.result import UNTRIED
from analyzer.campaign.events.trials import StratumTrials
from analyzer.campaign.exact_shares import exact_shares
from analyzer.campaign.trials import TrialContext
from analyzer.evaluation.outcomes import Outcomes
from analyzer.faults.events import EventStratum
from analyzer.faults.models import FaultModel
from analyzer.stats.areas import AreaStratum, ExactShares, area_share, untried_share
from analyzer.stats.intervals import Interval
from analyzer.stats.levels import each_of
from analyzer.stats.tally import Moments, Tally

Key = TypeVar("Key", bound=Hashable)
NOTHING = ExactShares(0.0, 0.0, 0.0, 0.0, critical=0.0)


@dataclass(frozen=True, slots=True)
class MemoryPart:
    """One part of the memory.

    Attributes:
        bits: At which events may begin.
        events: Share of all events that begin there, in [0, 1].
        trials: Whose event began there.
        sdc: P(SDC | an event there): silent corruption per bit of storage; None while too much of
            the part is untried.
        due: P(DUE | an event there); None likewise.
        critical: The critical part of ``sdc``; None likewise, and where nothing tells it.
        sdc_share: Share of the silent corruption of all events; None where none was seen.
    """

    bits: int
    events: float
    trials: int
    sdc: Interval | None
    due: Interval | None
    critical: Interval | None
    sdc_share: Interval | None


@dataclass
class _Cell:
    """The events of one stratum that begin in one part: where, and what trials of them showed."""

    sites: int
    outcomes: list[Outcomes]


def memory_parts(
    context: TrialContext,
    trials: Sequence[StratumTrials],
    key: Callable[[int, int], Key],
    confidence: float,
) -> dict[Key, MemoryPart]:
    """Estimate parts of the memory.

    Args:
        context: of the campaign.
        trials: of every stratum.
        key: of the part to which a column belongs, given its tensor's index and its bit position.
        confidence: nominal coverage of each interval, in (0, 1).
    """
    cells: dict[Key, dict[int, _Cell]] = {}
    for place, own in enumerate(trials):
        for name, cell in _cells(own, key).items():
            if cell.sites:  # of severe columns, none may lie in the stratum of one direction
                cells.setdefault(name, {})[place] = cell
    return {name: _part(context, trials, own, confidence) for name, own in cells.items()}


def _cells(own: StratumTrials, key: Callable[[int, int], Key]) -> dict[Key, _Cell]:
    """The events of a stratum, part by part."""
    stratum = own.stratum
    columns = zip(stratum.tensors.tolist(), stratum.positions.tolist(), strict=True)
    keys = [key(tensor, bit) for tensor, bit in columns]
    found = {name: _Cell(0, []) for name in keys}
    for name, sites in zip(keys, stratum.column_sites.tolist(), strict=True):
        found[name].sites += sites
    for column, outcomes in zip(own.columns, own.outcomes, strict=True):
        found[keys[column]].outcomes.append(outcomes)
    return found


def _part(
    context: TrialContext,
    trials: Sequence[StratumTrials],
    cells: dict[int, _Cell],
    confidence: float,
) -> MemoryPart:
    shares = {i: cell.sites / trials[i].stratum.sites for i, cell in cells.items()}
    seen = {i: _seen(context, trials[i], cell) for i, cell in cells.items()}
    events = sum(trials[i].weight * share for i, share in shares.items())
    # A region whose raw rate is 0 has no events, and is as vulnerable as any.
    weights = {i: trials[i].weight if events else trials[i].stratum.share for i in cells}
    whole = sum(weights[i] * share for i, share in shares.items())
    within = [replace(seen[i], weight=weights[i] * share / whole) for i, share in shares.items()]
    known = untried_share(within) <= UNTRIED
    told = context.golden.judge.definition.confusions is not None
    return MemoryPart(
        bits=_bits([(trials[i].stratum, cell.sites) for i, cell in cells.items()]),
        events=min(1.0, events),
        trials=sum(len(cell.outcomes) for cell in cells.values()),
        sdc=_sdc(within, confidence) if known else None,
        due=area_share(within, lambda t: t.due, lambda e: e.due, confidence) if known else None,
        critical=_critical(within, confidence) if known and told else None,
        sdc_share=_share_of_all(trials, seen, shares, confidence),
    )


def _bits(cells: Sequence[tuple[EventStratum, int]]) -> int:
    """Bits of a part: each is a site of every kind of event of its region."""
    kinds: dict[int, dict[FaultModel, int]] = {}
    for stratum, sites in cells:
        own = kinds.setdefault(stratum.region, {})
        own[stratum.fault] = own.get(stratum.fault, 0) + sites
    return sum(max(own.values()) for own in kinds.values())


def _sdc(strata: Sequence[AreaStratum], confidence: float) -> Interval:
    return area_share(strata, lambda t: t.sdc, lambda e: e.sdc, confidence)


def _critical(strata: Sequence[AreaStratum], confidence: float) -> Interval:
    return area_share(
        strata, lambda t: t.critical or Moments(), lambda e: e.critical or 0.0, confidence
    )


def _seen(context: TrialContext, own: StratumTrials, cell: _Cell) -> AreaStratum:
    """The trials of a stratum whose event begins in a part, with a weight yet to be set."""
    tally = context.tally(cell.outcomes)
    if own.seen.exact is None:
        return AreaStratum(1.0, tally)
    return AreaStratum(1.0, tally, exact_shares(cell.outcomes, tally.critical is not None))


def _share_of_all(
    trials: Sequence[StratumTrials],
    seen: dict[int, AreaStratum],
    shares: dict[int, float],
    confidence: float,
) -> Interval | None:
    """The share of all silent corruption that events of a part cause; None where none was seen."""
    inside, outside = [], []
    for place, own in enumerate(trials):
        part = seen.get(place, AreaStratum(1.0, Tally.empty(own.seen.tally.unit)))
        mine, others = _split(own.seen, part, shares.get(place, 0.0))
        inside.append(mine)
        outside.append(others)
    each = each_of(2, confidence)
    here, elsewhere = _sdc(inside, each), _sdc(outside, each)
    if here.estimate + elsewhere.estimate <= 0.0:
        return None
    return Interval(
        _ratio(here.estimate, elsewhere.estimate),
        _ratio(here.low, elsewhere.high),
        _ratio(here.high, elsewhere.low),
    )


def _split(whole: AreaStratum, part: AreaStratum, share: float) -> tuple[AreaStratum, AreaStratum]:
    """A stratum, with the SDC of trials in a part alone, and with that of all others alone.

    Args:
        whole: all trials.
        part: those in the part; its weight says nothing.
        share: of the stratum's sites, in [0, 1].
    """
    if whole.exact is not None:
        mine = part.exact.sdc * share if part.exact is not None else 0.0
        rest = max(0.0, whole.exact.sdc - mine)
        exact = (replace(NOTHING, sdc=sdc) for sdc in (mine, rest))
        one, other = (AreaStratum(whole.weight, whole.tally, shares) for shares in exact)
        return one, other
    if not share:
        return AreaStratum(whole.weight, whole.tally, NOTHING), whole
    if share >= 1.0:
        return whole, AreaStratum(whole.weight, whole.tally, NOTHING)
    total, mine_ = whole.tally.sdc, part.tally.sdc
    rest_ = Moments(total.total - mine_.total, total.squares - mine_.squares)
    one, other = (
        AreaStratum(whole.weight, replace(whole.tally, sdc=sdc)) for sdc in (mine_, rest_)
    )
    return one, other


def _ratio(part: float, rest: float) -> float:
    return part / (part + rest) if part else 0.0

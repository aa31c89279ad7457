"""The only random numbers: (plan, stream, trial) -> what that trial draws.

Philox is counter-based (Salmon et al., SC 2011): the key is the plan and the stream, the counter
is the trial, so trial *i* is the same whoever computes it, whenever, in whatever order.
"""

import hashlib
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from analyzer.faults.count_law import CountLaw
from analyzer.faults.models import FaultModel, FaultPattern, SiteIndex


def generator(plan_id: str, stream: str, trial: int) -> np.random.Generator:
    """The random numbers of one trial.

    Args:
        plan_id: Digest of the plan.
        stream: What the numbers are for, e.g. ``"rate=1e-06"``.
        trial: Index of the trial, 0 or more.

    >>> generator("p", "s", 3).integers(1000) == generator("p", "s", 3).integers(1000)
    np.True_
    """
    counter = np.array((0, 0, trial, 0), np.uint64)
    return np.random.Generator(np.random.Philox(key=_key(plan_id, stream), counter=counter))


@lru_cache(maxsize=256)
def _key(plan_id: str, stream: str) -> npt.NDArray[np.uint64]:
    """Philox key of one stream of one plan: uint64 (2,)."""
    digest = hashlib.sha256(f"{plan_id}\n{stream}".encode()).digest()
    return np.frombuffer(digest[:16], np.uint64)


def distinct_sites(rng: np.random.Generator, bits: int, count: int) -> SiteIndex:
    """``count`` places out of ``bits``, uniform without replacement, ascending.

    Values are drawn until enough are distinct and the first ``count`` distinct ones are kept:
    by symmetry every set is equally likely. O(count log count).

    Args:
        rng: of the trial.
        bits: number of sites, 1 or more.
        count: number of places, 0 .. ``bits``.
    """
    if count > bits // 2:
        return np.sort(rng.permutation(bits)[:count]).astype(np.int64)
    kept = np.sort(rng.integers(bits, size=count, dtype=np.int64))
    if (kept[1:] == kept[:-1]).any():
        kept = np.unique(kept)
    while len(kept) < count:
        more = rng.integers(bits, size=count - len(kept), dtype=np.int64)
        kept = np.union1d(kept, more)
    return kept


def draw_pattern(rng: np.random.Generator, law: CountLaw, fault: FaultModel) -> FaultPattern:
    """One fault pattern of the law, given that at least one upset happens.

    Args:
        rng: of the trial.
        law: of the number of upsets.
        fault: the effect of one upset.
    """
    count = law.draw_at_least_one(rng)
    return FaultPattern(fault, distinct_sites(rng, law.bits, count))


def with_kinds(rng: np.random.Generator, pattern: FaultPattern) -> FaultPattern:
    """The same upsets, each of a kind that is drawn by the shares of a mixture.

    Args:
        rng: of the trial; it is used for mixtures alone.
        pattern: upsets whose kinds have not been drawn.
    """
    parts = pattern.fault.parts
    if not parts:
        return pattern
    shares = np.array([share for share, _ in parts])
    chosen = rng.choice(len(parts), size=len(pattern), p=shares / shares.sum())
    return replace(pattern, chosen=chosen.astype(np.int64))


def draw_single(rng: np.random.Generator, first: int, last: int, fault: FaultModel) -> FaultPattern:
    """One upset placed uniformly on the sites ``first`` .. ``last - 1``.

    Args:
        rng: of the trial.
        first: lowest site.
        last: site behind the highest.
        fault: the effect of one upset.
    """
    return FaultPattern(fault, rng.integers(first, last, size=1, dtype=np.int64))


def in_turn(plan_id: str, stream: str, trial: int, count: int) -> int:
    """The one of ``count`` things that a trial takes: each once in ``count`` trials in a row.

    The order is random anew each round, so that by itself each trial takes any with equal chance.

    Args:
        plan_id: id of the plan, which decides every random number.
        stream: name of the sequence of draws.
        trial: index of the trial, from 0.
        count: number of things, 1 or more.

    >>> sorted(in_turn("p", "s", trial, 5) for trial in range(5, 10))
    [0, 1, 2, 3, 4]
    """
    turn, place = divmod(trial, count)
    return int(_order(plan_id, stream, turn, count)[place])


@lru_cache(maxsize=64)
def _order(plan_id: str, stream: str, turn: int, count: int) -> npt.NDArray[np.int64]:
    return generator(plan_id, stream, turn).permutation(count)


def draw_batch(rng: np.random.Generator, ends: npt.NDArray[np.int64]) -> int:
    """Index of a batch, each chosen in proportion to its size.

    With that choice the mean over a trial's images is an unbiased estimate of the mean over all
    images, the smaller last batch included.

    Args:
        rng: of the trial.
        ends: int64 (batches,), running totals of the batch sizes.
    """
    return int(ends.searchsorted(rng.integers(ends[-1]), side="right"))

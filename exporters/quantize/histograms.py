"""Histograms of all activations of a network, collected in one pass over the calibration data.

The bin of a number is the front half of its own bits, as in `analyzer.stats.value_counts`: sign,
exponent and 7 bits of the mantissa. So a bin is at most 2**-7 of its numbers wide, counting takes
no arithmetic, and the counts do not depend on how images are put into batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Feed = Mapping[str, npt.NDArray[Any]]
Floats = npt.NDArray[np.float64]

BINS = 2**16
HALF = BINS // 2
FINITE = 0x7F80
"""Fronts of positive finite numbers are below, those of infinities and NaN are not."""

PIECE = 2**18
"""Numbers that are counted at once, which bounds the memory that counting takes."""

HELD_BYTES = 2**26
"""Of activations that one run of the network returns, as far as images can be put together."""


@dataclass
class Histogram:
    """Counts of the finite numbers that one value of the network held.

    Attributes:
        counts: int64 (65536,), by the front half of the bits of the number as float32.
        low: The lowest; infinity if there is none.
        high: The highest; minus infinity if there is none.
    """

    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(BINS, np.int64))
    low: float = np.inf
    high: float = -np.inf

    def add(self, values: npt.NDArray[Any]) -> None:
        """Count numbers; infinities and NaN are left out.

        Args:
            values: floats (...,).
        """
        flat = np.ascontiguousarray(values, "<f4").reshape(-1)
        for start in range(0, flat.size, PIECE):
            piece = flat[start : start + PIECE]
            if not _all_finite(piece):
                piece = piece[np.isfinite(piece)]
            if piece.size:
                self.counts += np.bincount(piece.view("<u2")[1::2], minlength=BINS)
                self.low = min(self.low, float(piece.min()))
                self.high = max(self.high, float(piece.max()))

    def bins(self) -> tuple[Floats, Floats]:
        """The bins from the lowest number to the highest.

        Returns:
            Counts, float64 (n,), and ends, float64 (n + 1,), of which the outermost are the lowest
            and the highest number; no bins if nothing was counted.
        """
        negative, positive = self.counts[HALF + FINITE - 1 : HALF - 1 : -1], self.counts[:FINITE]
        counts = np.concatenate((negative, positive)).astype(np.float64)
        held = np.flatnonzero(counts)
        if not held.size:
            return np.zeros(0), np.zeros(1)
        first, last = int(held[0]), int(held[-1]) + 1
        ends = _ENDS[first : last + 1].copy()
        ends[0], ends[-1] = self.low, self.high
        return counts[first:last], ends


def _all_finite(values: npt.NDArray[np.float32]) -> bool:
    """True if there is neither NaN nor an infinity, which pass through a sum."""
    with np.errstate(invalid="ignore"):
        return bool(np.isfinite(values.sum(dtype=np.float64)))


def _fronts() -> Floats:
    """The least absolute value of each bin of a sign, and the end of the last one."""
    bits = np.arange(FINITE + 1, dtype=np.uint32) << 16
    ends = bits.view(np.float32).astype(np.float64)
    ends[-1] = 2.0**128
    return ends


_ENDS = np.concatenate((-_fronts()[:0:-1], _fronts()))
"""Ends of all bins of finite numbers in ascending order; 0 parts the signs."""


def collect(session: Any, values: Iterable[str], batches: Iterable[Feed]) -> dict[str, Histogram]:
    """The histogram of every value.

    Args:
        session: of ONNX Runtime; the values are among its outputs.
        values: names.
        batches: calibration data, by input.
    """
    found = {name: Histogram() for name in values}
    names = [output.name for output in session.get_outputs() if output.name in found]
    for feed in larger(session, names, batches):
        for name, result in zip(names, session.run(names, dict(feed)), strict=True):
            found[name].add(result)
    return found


def larger(session: Any, names: Sequence[str], batches: Iterable[Feed]) -> Iterator[Feed]:
    """Batches put together, as many as return `HELD_BYTES`; the given ones if a model fixes them.

    Args:
        session: runs the first batch, which tells how much an image returns.
        names: outputs.
        batches: by input.
    """
    left = iter(batches)
    first = next(left, None)
    if first is None:
        return
    joint = _joint(session)
    returned = sum(result.nbytes for result in session.run(names, dict(first))) if joint else 0
    count = max(1, HELD_BYTES // returned) if returned else 1
    group = [first]
    for feed in left:
        if len(group) == count:
            yield _together(group)
            group = []
        group.append(feed)
    yield _together(group)


def _joint(session: Any) -> bool:
    """True if all inputs count images by the same open dimension, their first."""
    inputs = session.get_inputs()
    firsts = {value.shape[0] if value.shape else 1 for value in inputs}
    open_elsewhere = any(isinstance(size, str) for value in inputs for size in value.shape[1:])
    return len(firsts) == 1 and isinstance(firsts.pop(), str) and not open_elsewhere


def _together(group: Sequence[Feed]) -> Feed:
    if len(group) == 1:
        return group[0]
    return {name: np.concatenate([feed[name] for feed in group]) for name in group[0]}

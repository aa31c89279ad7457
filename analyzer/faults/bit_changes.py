"""The stored bits that a pattern changes, with the values before and after."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import ElementMasks, FaultSpace, Target
from analyzer.faults.space import TensorSite as Site


@dataclass(frozen=True, slots=True)
class ElementChange:
    """One stored element under a pattern.

    Attributes:
        tensor: Name of the tensor.
        element: Flat index, in C order.
        bits: Positions whose value differs, ascending from 0, the least significant.
        before: Its golden value, in the tensor's dtype; None: nothing is known of it.
        after: Its value under the pattern; None likewise.
    """

    tensor: str
    element: int
    bits: tuple[int, ...]
    before: Values | None
    after: Values | None

    @property
    def move(self) -> float:
        """The distance between the values: infinite for what is no number, 0 where unknown."""
        if self.before is None or self.after is None:
            return 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            distance = abs(float(self.after) - float(self.before))
        return np.inf if np.isnan(distance) else distance


Lookup = Callable[[str], Values]
"""Golden values of a stored tensor, by its name."""


def element_changes(
    space: FaultSpace, pattern: FaultPattern, values: Lookup
) -> Iterator[ElementChange]:
    """The elements that a pattern changes, in the order of the memory.

    An upset that leaves a bit as it is, such as a cell stuck at what it held, changes nothing. Of
    tensors that share bytes, each bit is told once: of the tensor that it is counted in.

    Args:
        space: the bits at risk.
        pattern: the upsets.
        values: golden values of stored tensors.
    """
    for masks in space.masks(pattern):
        site = space.every[masks.tensor]
        alias = masks.tensor >= len(space.tensors)
        if alias and not space.tensors[space.counted_in(masks.tensor)].parts:
            continue
        yield from _of_tensor(site, masks, pattern, values)


def _of_tensor(
    site: Site, masks: ElementMasks, pattern: FaultPattern, values: Lookup
) -> Iterator[ElementChange]:
    if site.target is not Target.STORED:  # check bits: their golden values are the scheme's
        for element, mask in zip(masks.elements.tolist(), masks.masks.tolist(), strict=True):
            yield ElementChange(site.name, element, _bits(mask), None, None)
        return
    golden = values(site.name).reshape(-1)[masks.elements]
    codes = site.codec.encode(golden)
    faulty = pattern.fault.apply(codes, masks.codes(codes.dtype))
    before, after = site.codec.decode(codes), site.codec.decode(faulty)
    columns = (masks.elements.tolist(), (codes ^ faulty).tolist(), before, after)
    for element, mask, old, new in zip(*columns, strict=True):
        if mask:
            yield ElementChange(site.name, element, _bits(mask), old, new)


def _bits(mask: int) -> tuple[int, ...]:
    """Positions of the ones of a mask, ascending.

    >>> _bits(0b1010)
    (1, 3)
    """
    return tuple(bit for bit in range(mask.bit_length()) if mask >> bit & 1)

"""The bits that a fault list names -> fault sites."""

from collections.abc import Mapping

import numpy as np

from analyzer.did_you_mean import meant
from analyzer.errors import BadFaultList, quoted, short
from analyzer.faults.fault_list import Injection, ListedBit
from analyzer.faults.models import FaultModel, FaultPattern
from analyzer.faults.space import FaultSpace

WEIGHT = ".weight"
"""Behind the name of a layer: its weights, as torch names them."""


class ListedSites:
    """Finds the sites of listed bits in one fault space."""

    def __init__(self, space: FaultSpace, source: str) -> None:
        """Keep both.

        Args:
            space: the bits at risk.
            source: name of the list, for messages.
        """
        self._space, self._source = space, source
        places = {site.name: place for place, site in enumerate(space.every)}
        self._places: Mapping[str, int] = {
            **{n.removesuffix(WEIGHT): p for n, p in places.items() if n.endswith(WEIGHT)},
            **places,
        }

    def pattern(self, injection: Injection, fault: FaultModel) -> FaultPattern:
        """The pattern of an injection.

        Args:
            injection: of the list.
            fault: what an upset does at each of its bits.

        Raises:
            BadFaultList: a bit that there is not, or one that is listed twice.
        """
        seen: dict[tuple[str, tuple[int, ...], int], ListedBit] = {}
        for bit in injection.bits:
            first = seen.setdefault((bit.tensor, bit.index, bit.bit), bit)
            if first is not bit:
                raise self._refusal(bit, f"the same bit as in line {first.line}, which hits it")
        # Tensors that share bytes name one site twice; the memory is hit there once.
        sites = np.unique([self._site(bit) for bit in injection.bits])
        return FaultPattern(fault, sites.astype(np.int64))

    def _site(self, bit: ListedBit) -> int:
        """The site of one bit.

        Raises:
            BadFaultList: there is no such bit at risk.
        """
        place = self._places.get(bit.tensor)
        if place is None:
            raise self._refusal(
                bit,
                f"no tensor at risk is called {quoted(bit.tensor)}"
                f"{meant(bit.tensor, self._places)}; relcheck inspect lists them",
            )
        space, site = self._space, self._space.every[place]
        if not 0 <= bit.bit < site.codec.bits:
            raise self._refusal(
                bit, f"bit {bit.bit} is none of the {site.codec.bits} bits of an element, from 0"
            )
        local = self._element(bit, site.shape) * site.codec.bits + bit.bit
        owner = space.counted_in(place)
        if place >= len(space.tensors):
            local += space.aliases[place - len(space.tensors)].shift
        return int(space.offsets[owner]) + local

    def _element(self, bit: ListedBit, shape: tuple[int, ...]) -> int:
        """Flat index of an element.

        Raises:
            BadFaultList: the tensor has no such element.
        """
        axes = (int(np.prod(shape, dtype=np.int64)),) if len(bit.index) == 1 else shape
        if len(axes) != len(bit.index) or not all(
            0 <= i < size for i, size in zip(bit.index, axes, strict=True)
        ):
            index = short(", ".join(map(str, bit.index)))
            raise self._refusal(
                bit, f"{quoted(bit.tensor)} has shape {tuple(shape)}, and no element ({index})"
            )
        return int(np.ravel_multi_index(bit.index, axes)) if axes else 0

    def _refusal(self, bit: ListedBit, why: str) -> BadFaultList:
        return BadFaultList(f"{self._source}, line {bit.line}: {why}")

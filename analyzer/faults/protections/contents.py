"""The bits that a memory holds without faults, read only where they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.faults.bitmap import Bools
from analyzer.faults.elements import Codes, Values
from analyzer.faults.models import SiteIndex
from analyzer.faults.space import FaultSpace, Indices


@dataclass(frozen=True)
class Contents:
    """Golden contents of the tensors at risk.

    Attributes:
        data: The bits that readers meet.
        values: Golden values of its tensors, by name.
    """

    data: FaultSpace
    values: Mapping[str, Values]

    def codes(self, tensor: int, elements: Indices) -> Codes:
        """Codes of some elements of one tensor.

        Args:
            tensor: index of the tensor.
            elements: int64 (n,), flat indices of the elements.
        """
        site = self.data.tensors[tensor]
        return site.codec.encode(self.values[site.name].reshape(-1)[elements])

    def ones(self, sites: SiteIndex) -> Bools:
        """Tell the sites that hold a 1.

        Args:
            sites: int64 (n,), sites of ``data`` in any order.

        Returns:
            bool (n,).
        """
        tensors = self.data.offsets.searchsorted(sites, side="right") - 1
        elements, bits = np.divmod(sites - self.data.offsets[tensors], self.data.widths[tensors])
        found = np.zeros(len(sites), np.bool_)
        for tensor in np.unique(tensors).tolist():
            mine = tensors == tensor
            codes = self.codes(tensor, elements[mine]).astype(np.uint64)
            found[mine] = codes >> bits[mine].astype(np.uint64) & np.uint64(1)
        return found


def sites_of_masks(data: FaultSpace, tensor: int, elements: Indices, masks: Codes) -> SiteIndex:
    """The sites of the bits that are set in masks of elements.

    Args:
        data: the fault space.
        tensor: index of the tensor.
        elements: int64 (n,), flat indices of elements, ascending and distinct.
        masks: unsigned (n,), 1 for each bit that counts.

    Returns:
        int64 (m,), ascending.
    """
    width = int(data.widths[tensor])
    places = np.arange(width, dtype=np.uint64)
    rows, bits = np.nonzero(masks.astype(np.uint64)[:, None] >> places & np.uint64(1))
    return np.asarray(data.offsets[tensor] + elements[rows] * width + bits, np.int64)

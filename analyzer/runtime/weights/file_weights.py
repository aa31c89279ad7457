"""Live weights that are as the file has them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analyzer.faults.elements import Values
from analyzer.faults.space import FaultSpace
from analyzer.runtime.layout.layout import Layout
from analyzer.runtime.ort.shared_initializers import SharedInitializers
from analyzer.runtime.weights.address_book import AddressBook, Reach
from analyzer.runtime.weights.memory import WeightMemory


@dataclass(frozen=True, slots=True)
class FileWeights:
    """Live weights that a stretch reads as the file has them.

    Attributes:
        ort_values: Handles, by name in the file.
        views: The same memory as arrays.
    """

    ort_values: SharedInitializers
    views: Mapping[str, Values]


def file_weights(
    space: FaultSpace,
    book: AddressBook,
    layout: Layout,
    weight_memory: WeightMemory,
    ort_values: SharedInitializers,
) -> FileWeights:
    """The live weights that are as the file has them."""
    found = {}
    for index in np.flatnonzero(book.reach == Reach.DIRECT).tolist():
        name = space.tensors[index].name
        place = layout.places[name][0]
        if place.slot == name and place.positions is None:
            found[name] = weight_memory.views[name]
    return FileWeights({name: ort_values[name] for name in found}, found)

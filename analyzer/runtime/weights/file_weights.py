"""Live weights that have the same bytes as the tensor of the model's file."""

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
    """The live weights that parts of the file's graph can read as they are.

    Attributes:
        ort_values: The weights as ONNX Runtime's values, by the tensor's name in the file.
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
    """Find the live weights that have the name, the order and the bytes of the file's tensor.

    Args:
        space: the bits at risk.
        book: how their tensors are reached.
        layout: where their elements stand.
        weight_memory: the live weights.
        ort_values: the same as ONNX Runtime's values, by slot.
    """
    found = {}
    for index in np.flatnonzero(book.reach == Reach.DIRECT).tolist():
        name = space.every[index].name
        place = layout.places[name][0]
        if place.slot == name and place.positions is None:
            found[name] = weight_memory.views[name]
    return FileWeights({name: ort_values[name] for name in found}, found)

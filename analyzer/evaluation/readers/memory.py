"""Arrays that a program holds, read as an ``.npz`` file with the same contents would be."""

from pathlib import Path

from analyzer.errors import BadOption
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.in_memory import Arrays, ArraysByKey
from analyzer.evaluation.readers.keyed import read_keyed
from analyzer.evaluation.readers.request import Request


def read_arrays(arrays: Arrays, request: Request) -> Dataset:
    """The data set that arrays are.

    Args:
        arrays: images as uint8, (n, rows, columns, channels) in any usual order, which are
            preprocessed; or floats already in the model's input shape, which are fed as they are.
        request: what is wanted.

    Raises:
        BadData: an input has no array, or there are no images.
        DataMismatch: shape or labels do not fit the model.
        BadOption: an option has no effect on such data.
    """
    if request.labels is not None:
        raise BadOption(
            "labels of arrays are given with them, as data=(inputs, labels); a list of labels is "
            "for folders of images"
        )
    for option, given in (("masks", request.masks), ("part", request.part)):
        if given is not None:
            raise BadOption(f"--{option} has no effect on arrays; leave it out")
    return read_keyed(ArraysByKey(arrays), DataKind.ARRAYS, Path(arrays.name), request)

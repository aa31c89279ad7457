"""Arrays under keys, in a file or in a program: images, labels and further inputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from analyzer.did_you_mean import meant
from analyzer.errors import DataMismatch, quoted
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.readers.arrays import as_fed, check_rows, rows_of_images, state_of
from analyzer.evaluation.readers.request import Request
from analyzer.evaluation.readers.states import ready_states, say_states
from analyzer.evaluation.rows import InputRows, chosen
from analyzer.evaluation.sample import sample_rows, say_sample
from analyzer.evaluation.sources.labels import Usable, read_class_numbers
from analyzer.model import InputSignature

MOST_NAMED = 5
"""Keys that are not used and that are named."""

LABELS = "labels"
IMAGES = "images"

ALSO_CALLED = {
    **dict.fromkeys(("label", "target", "targets", "y", "y_test", "classes", "gt"), LABELS),
    **dict.fromkeys(("mask", "masks"), LABELS),
    **dict.fromkeys(("image", "img", "imgs", "x", "x_test", "data", "input", "inputs"), IMAGES),
}
"""What others call these keys."""


class KeyedArrays(Protocol):
    """Arrays that are found by key."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all arrays, in their order."""

    def key(self, names: Sequence[str]) -> str:
        """The first of ``names`` that is a key.

        Raises:
            BadData: none is.
        """

    def read(self, key: str) -> InputRows:
        """One array; a large one is not loaded."""

    def array(self, key: str) -> npt.NDArray[Any]:
        """One array, in memory."""

    def digest(self) -> str:
        """SHA-256 of what was read."""


def read_keyed(source: KeyedArrays, kind: DataKind, place: Path, request: Request) -> Dataset:
    """The data set that arrays under keys are.

    The first input stands under ``images`` or its own name, further inputs under theirs, labels
    under ``labels``. uint8 images are preprocessed; floats already in the model's input shape are
    fed as they are.

    Args:
        source: the arrays.
        kind: where they come from.
        place: of the file, or the name of the arrays.
        request: what is wanted.

    Raises:
        BadData: a key is missing, an array empty or damaged.
        TooLarge: an array is more than a data set may be.
        DataMismatch: shapes or row counts do not fit.
        BadOption: a flag has no effect.
    """
    signature = request.signature
    first = source.key(_names_of_first(signature))
    others = {s.name: source.key([s.name]) for s in signature.others if not s.is_state}
    given = [s for s in signature.others if s.is_state and s.name in source.keys]
    images = source.read(first)
    check_rows(images, place)
    labels, note = _labels(source, images, request, place)
    rows = sample_rows(len(images), labels, request.most, request.seed)
    states = {s.name: state_of(source.array(s.name), s, len(images), place) for s in given}
    further = {}
    for name, key in others.items():
        further[name] = source.read(key)
        _check_count(name, further[name].shape, len(images), place)
    inputs, recipe = rows_of_images(_some(images, rows), request, place)
    data = Dataset(
        kind,
        place.name,
        inputs,
        None if labels is None else labels[rows],
        source.digest(),
        further={
            s.name: as_fed(_some(further[s.name], rows), s, place)
            for s in signature.others
            if s.name in further
        },
        recipe=recipe,
        states={n: s.chosen(rows) for n, s in ready_states(signature, states).items()},
    )
    used = {first, LABELS, *others, *states}
    return data.remarked(
        note,
        say_sample(len(images), labels, rows),
        say_states(signature, states),
        say_unused([key for key in source.keys if key not in used], used, source.keys),
    )


def _names_of_first(signature: InputSignature) -> tuple[str, ...]:
    own = (IMAGES, signature.name)
    return own[::-1] if signature.is_integer else own


def _labels(source: KeyedArrays, images: InputRows, request: Request, path: Path) -> Usable:
    if LABELS not in source.keys:
        return None, ""
    labels = source.array(LABELS)
    count = len(labels) if labels.ndim else 0
    if count != len(images):
        raise DataMismatch(f"{path} holds {len(images)} images but {count} labels")
    return read_class_numbers(labels, request.names)


def _check_count(name: str, shape: Sequence[int], count: int, path: Path) -> None:
    if tuple(shape[:1]) != (count,):
        raise DataMismatch(
            f"key {quoted(name)} of {path} has {shape[0] if shape else 'no'} rows, its first input "
            f"has {count}"
        )


def _some(values: InputRows, rows: npt.NDArray[np.int64]) -> InputRows:
    return values if len(rows) == len(values) else chosen(values, rows)


def say_unused(keys: Sequence[str], used: set[str], every: Sequence[str]) -> str:
    """A remark on keys of the file that are not used, with the name that may have been meant.

    Args:
        keys: those that are not used.
        used: names of keys that are looked for.
        every: all keys of the file.

    >>> say_unused(["label"], {"images", "labels"}, ["images", "label"])
    "key 'label' is not used (did you mean labels?)"
    """
    missing = sorted(used - set(every))
    told = []
    for key in keys[:MOST_NAMED]:
        also = ALSO_CALLED.get(key.lower())
        hint = f" (did you mean {also}?)" if also in missing else meant(key, missing)
        told.append(f"key {quoted(key)} is not used{hint}")
    if len(keys) > MOST_NAMED:
        told.append(f"nor are {len(keys) - MOST_NAMED:,} other keys")
    return "; ".join(told)

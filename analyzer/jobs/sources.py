"""Models and data as a program has them: paths, bytes, arrays, or batches that something yields."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.errors import BadData, BadOption, TooLarge, short
from analyzer.evaluation.in_memory import IMAGES, LABELS, Arrays
from analyzer.model import Model, limits, load_model, load_model_bytes

ModelLike: TypeAlias = str | os.PathLike[str] | bytes | onnx.ModelProto
"""A model: the path of an ONNX file, the bytes of one, or the model that `onnx.load` returns."""

Inputs: TypeAlias = npt.ArrayLike | Mapping[str, npt.ArrayLike]
"""Values of a model's input, or by name those of each input."""

Batch: TypeAlias = Inputs | tuple[Inputs, npt.ArrayLike | None]
"""Inputs, or inputs and labels."""

Batches: TypeAlias = Iterable[Batch] | Callable[[], Iterable[Batch]]
"""Batches, or a function that returns them."""

DataLike: TypeAlias = str | os.PathLike[str] | Batch | Batches
"""A data set: a path, arrays, or batches of arrays."""

LABEL = "model in memory"


@dataclass(frozen=True, slots=True)
class ModelInMemory:
    """A model that a program holds.

    Attributes:
        content: The bytes that its ONNX file would have.
        label: Its name in reports and messages.
    """

    content: bytes
    label: str = LABEL

    def __str__(self) -> str:
        """The name, as messages have it."""
        return self.label


ModelSource: TypeAlias = Path | ModelInMemory


def model_source(given: ModelLike) -> ModelSource:
    """The source of a model, as requests hold it.

    Args:
        given: path, bytes or model.

    Raises:
        BadOption: no model was given.
        TooLarge: a protocol buffer cannot hold the model.
    """
    if isinstance(given, onnx.ModelProto):
        try:
            return ModelInMemory(given.SerializeToString(deterministic=True))
        except Exception as error:  # protobuf raises other errors from version to version
            raise TooLarge(f"the {LABEL} cannot be serialized: {short(str(error))}") from error
    if isinstance(given, bytes):
        return ModelInMemory(given)
    if isinstance(given, str | os.PathLike):
        return Path(given)
    raise BadOption(
        f"a model of type {type(given).__name__} is neither a path, nor bytes, nor an "
        "onnx.ModelProto"
    )


def files_of(*models: ModelSource) -> list[Path]:
    """Those models that are files."""
    return [model for model in models if isinstance(model, Path)]


def open_model(source: ModelSource) -> Model:
    """Read, check and take inventory of a model.

    Raises:
        InputError: any of its leaves; the message says what is wrong and what to do.
    """
    if isinstance(source, ModelInMemory):
        return load_model_bytes(source.content, Path(source.label))
    return load_model(source)


def data_source(given: DataLike | None, most: int | None = None) -> Path | Arrays | None:
    """The source of a data set, as requests hold it; batches are collected here, once.

    Args:
        given: a path; an array (n, ...) of inputs; ``(inputs, labels)``; arrays by the name of
            their input, perhaps with ``labels``; an iterable of such batches, or a function that
            returns one.
        most: stop collecting batches at so many images.

    Raises:
        BadData: no batch comes, or one that holds no arrays.
        TooLarge: the batches together are larger than a data set may be.
    """
    if given is None or isinstance(given, Arrays):
        return given
    if isinstance(given, str | os.PathLike):
        return Path(given)
    if _is_batch(given):
        return _arrays(given)
    batches = given() if callable(given) else given
    if not isinstance(batches, Iterable):
        raise BadData(
            f"data of type {type(given).__name__} are neither a path, nor arrays, nor batches "
            "(inputs, labels)"
        )
    return _collected(batches, most)


def _is_batch(given: object) -> bool:
    """True if arrays were given, and not something that yields them."""
    pair = isinstance(given, tuple) and len(given) == 2
    return _is_array(given) or isinstance(given, Mapping) or (pair and _holds_arrays(given))


def _holds_arrays(pair: Any) -> bool:
    """True if a pair is (inputs, labels), and not two batches that are pairs themselves."""
    return _is_array(pair[0]) or isinstance(pair[0], Mapping)


def _is_array(given: object) -> bool:
    return hasattr(given, "__array__")


def _arrays(given: Any, name: str = "arrays") -> Arrays:
    """One batch, or a data set that is given as one."""
    inputs, labels = given, None
    if isinstance(given, tuple | list) and len(given) == 2:
        inputs, labels = given
    if not isinstance(inputs, Mapping):
        inputs = {IMAGES: inputs}
    elif labels is None:
        labels = inputs.get(LABELS)
        inputs = {key: value for key, value in inputs.items() if key != LABELS}
    by_name = {str(key): _array(value) for key, value in inputs.items()}
    return Arrays(by_name, None if labels is None else _array(labels), name)


def _array(given: object) -> npt.NDArray[Any]:
    """The values as numpy has them.

    Raises:
        BadData: they are no array of numbers.
    """
    try:
        found = np.asarray(given)
    except Exception as error:  # whatever the library that made them raises
        raise BadData(f"data cannot be read as an array: {short(str(error))}") from error
    if found.dtype.kind not in "fiub":
        raise BadData(f"data of type {type(given).__name__} hold no numbers")
    return found


def _collected(batches: Iterable[Any], most: int | None) -> Arrays:
    """All batches as one, or as many as give ``most`` images."""
    found: list[Arrays] = []
    rows = size = 0
    for batch in batches:
        found.append(_arrays(batch, "batches"))
        values = [*found[-1].inputs.values()]
        rows += min((len(v) if v.ndim else 0 for v in values), default=0)
        size += sum(v.nbytes for v in values)
        if size > limits.DATA_BYTES:
            raise TooLarge(
                f"the batches hold more than {limits.DATA_BYTES:,} bytes, which is the most that "
                "is handled; use fewer images"
            )
        if most is not None and rows >= most:
            break
    if not found:
        raise BadData("the data set yields no batch")
    return _joined(found)


def _joined(batches: list[Arrays]) -> Arrays:
    first = batches[0]
    try:
        labels = [b.labels for b in batches if b.labels is not None]
        if labels and len(labels) < len(batches):
            raise ValueError("some have labels, others have none")
        inputs = {name: np.concatenate([b.inputs[name] for b in batches]) for name in first.inputs}
        return Arrays(inputs, np.concatenate(labels) if labels else None, first.name)
    except (KeyError, ValueError) as error:
        raise BadData(f"batches do not fit together: {short(str(error))}") from error

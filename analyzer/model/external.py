"""External data: weights in files of their own, read from the model's folder and nowhere else."""

import math
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import onnx

from analyzer.errors import ExternalDataError, TooLarge, quoted
from analyzer.graph.walk import graph_tensors, messages
from analyzer.model import limits
from analyzer.model.element_types import BITS_OF


def inside(folder: Path, name: str, *more: Path) -> Path | None:
    """The path that a file name means, links followed.

    Args:
        folder: the folder in which the name is looked for.
        name: as a model states it, relative to the folder.
        more: further folders into which a link may lead.

    Returns:
        None if it lies outside all these folders, or is no name of a file.
    """
    homes = [home.resolve() for home in (folder, *more)]
    try:
        target = (folder / name).resolve()
        target.is_file()  # fails for a name that no file could have
    except (OSError, ValueError, RuntimeError):
        return None
    within = any(target.is_relative_to(home) for home in homes)
    return target if name and not Path(name).is_absolute() and within else None


def homes_of(model: Path) -> tuple[Path, Path]:
    """The folders that are a model's own: where it was given, and where the file really lies.

    They differ where the model is a link, as in the cache of Hugging Face, whose snapshots are
    links to files in one folder.
    """
    return model.absolute().parent, model.resolve().parent


def beside(model: Path, name: str) -> Path | None:
    """The file or folder ``name`` beside a model, links followed within the model's own folders.

    Args:
        model: path of the model.
        name: a relative path, as the model or its metadata state it.

    Returns:
        A path, which need not exist; None if it lies outside the model's folders.
    """
    homes = homes_of(model)
    # A link that leads out must not be passed over in favour of the other folder.
    there = [home for home in homes if os.path.lexists(home / name)] if "\0" not in name else []
    return inside((there or homes)[0], name, *homes)


def fold_external(proto: onnx.ModelProto, path: Path, taken: int) -> Iterator[bytes]:
    """Move external data into ``proto``, so that no runtime looks for it; yields each part.

    Args:
        proto: changed in place: afterwards no tensor in it points to a file.
        path: where the model was read.
        taken: bytes that count towards the limit already.

    Raises:
        ExternalDataError: a part is missing, too short, or outside the model's folder.
        TooLarge: all parts together exceed what a model may hold.
    """
    for tensor in _tensors(proto):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            data = _read(tensor, path, limits.MODEL_BYTES - taken)
            taken += len(data)
            yield data
            tensor.raw_data = data
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]


def refuse_external(proto: onnx.ModelProto, label: Path) -> None:
    """Refuse data in other files, where no folder says where these are.

    Args:
        proto: the model.
        label: its name in messages.

    Raises:
        ExternalDataError: a tensor keeps its data in a file.
    """
    for tensor in _tensors(proto):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ExternalDataError(
                f"tensor {quoted(tensor.name)} of {label} keeps its data in another file; give the "
                "path of the model's file, or load it with its data (onnx.load does)"
            )


def _tensors(proto: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    # The second walk finds what is stored outside of graphs: functions, sparse attributes.
    for tensor in chain(graph_tensors(proto.graph), messages(proto)):
        if isinstance(tensor, onnx.TensorProto):
            yield tensor


def _read(tensor: onnx.TensorProto, model: Path, room: int) -> bytes:
    entries = {e.key: e.value for e in tensor.external_data}
    location = entries.get("location", "")
    name = quoted(tensor.name)
    target = beside(model, location)
    if target is None:
        raise ExternalDataError(
            f"tensor {name} of {model} keeps its data at {quoted(location)}, which is outside the "
            "model's folder; relcheck reads nothing there"
        )
    if not target.is_file():
        raise ExternalDataError(
            f"tensor {name} of {model} keeps its data in {quoted(location)}, which is not beside "
            "the model; put the file there"
        )
    offset, length = _extent(entries, tensor, model)
    try:
        available = target.stat().st_size - offset
        if available < (length or 0) or available < 0:
            raise ExternalDataError(
                f"tensor {name} of {model} wants {length or 0} bytes at offset {offset} of "
                f"{quoted(location)}, which holds fewer; the file is cut short"
            )
        wanted = available if length is None else length
        if wanted > room:
            raise TooLarge(f"{model} holds over 2 GiB of weights; that is not supported")
        with target.open("rb") as stream:
            stream.seek(offset)
            return stream.read(wanted)
    except OSError as error:
        raise ExternalDataError(
            f"{quoted(location)} beside {model} cannot be read: {error.strerror}"
        ) from error


def _extent(
    entries: dict[str, str], tensor: onnx.TensorProto, model: Path
) -> tuple[int, int | None]:
    """Offset and length; a length that is left out follows from the tensor's shape."""
    name = quoted(tensor.name)
    try:
        offset = int(entries.get("offset", "0"))
        length = int(entries["length"]) if "length" in entries else _stored_bytes(tensor)
    except ValueError as error:
        raise ExternalDataError(
            f"tensor {name} of {model} has an external offset or length that is no number"
        ) from error
    if offset < 0 or (length is not None and length < 0):
        raise ExternalDataError(
            f"tensor {name} of {model} has a negative external offset or length"
        )
    return offset, length


def _stored_bytes(tensor: onnx.TensorProto) -> int | None:
    """Bytes that the shape of ``tensor`` needs; None for strings, which have no width."""
    bits = BITS_OF.get(tensor.data_type)
    return None if bits is None else -(-bits * math.prod(tensor.dims) // 8)

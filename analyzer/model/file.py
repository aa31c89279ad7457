"""Reads an ONNX file and its external data, and nothing outside the model's folder."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from analyzer.errors import ExternalDataError, FileMissing, InvalidModel, NotOnnx, UnsupportedModel

SERIALIZED_LIMIT = 2**31 - 1
"""Protocol buffers end at 2 GiB; a model in memory with its external data may not be larger."""


STANDARD = frozenset({"", "ai.onnx"})
"""Names of the domain of standard operators."""

UNKNOWN_TO_CHECKER = ("no op registered", "unsupported", "opset", "higher than the checker")
"""What the checker says of models that are not wrong but beyond it."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model, whole in memory.

    Attributes:
        path: Where it was read.
        proto: The model with external data folded into ``raw_data``.
        sha256: Digest of the file's bytes followed by those of each external tensor.
        size: Bytes of file and external data together.
    """

    path: Path
    proto: onnx.ModelProto
    sha256: str
    size: int


def read_model_file(path: Path) -> ModelFile:
    """Read and check one ONNX file.

    Raises:
        FileMissing: it cannot be opened.
        NotOnnx: it is not ONNX, or cut short.
        ExternalDataError: its external data is missing, too short or outside its folder.
        InvalidModel: its graph breaks the ONNX rules.
        UnsupportedModel: it is larger than 2 GiB.
    """
    content = _read_bytes(path)
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError as error:
        raise NotOnnx(f"{path} is not an ONNX file, or it is cut short") from error
    if not proto.HasField("graph") or not proto.opset_import:
        raise NotOnnx(f"{path} holds no ONNX graph; is it really an ONNX model?")
    digest = hashlib.sha256(content)
    size = len(content)
    for tensor in all_tensors(proto.graph):
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            data = _external_bytes(tensor, path)
            size += len(data)
            if size > SERIALIZED_LIMIT:
                raise UnsupportedModel(f"{path} holds over 2 GiB of weights; that is not supported")
            digest.update(data)
            _internalize(tensor, data)
    _check(proto, path)
    return ModelFile(path, proto, digest.hexdigest(), size)


def all_tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    """Every tensor stored in ``graph`` and its sub-graphs, those of attributes included."""
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
        for sub in sub_graphs(node):
            yield from all_tensors(sub)


def sub_graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    """The graphs that ``node`` carries as attributes (If, Loop, Scan)."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def inside(folder: Path, name: str) -> Path | None:
    """The path that ``name`` means, links followed; None if it lies outside ``folder``."""
    try:
        target = (folder / name).resolve()
        target.is_file()  # fails for a name that no file could have
    except (OSError, ValueError):
        return None
    within = name and not Path(name).is_absolute() and target.is_relative_to(folder)
    return target if within else None


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileMissing(f"there is no file {path}") from error
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror or error}") from error


def _external_bytes(tensor: onnx.TensorProto, model: Path) -> bytes:
    entries = {e.key: e.value for e in tensor.external_data}
    location = entries.get("location", "")
    target = inside(model.resolve().parent, location)
    if target is None:
        raise ExternalDataError(
            f"tensor {tensor.name!r} of {model} keeps its data at {_short(repr(location))}, which "
            "is outside the model's folder; relcheck reads nothing there"
        )
    if not target.is_file():
        raise ExternalDataError(
            f"tensor {tensor.name!r} of {model} keeps its data in {location!r}, which is not "
            "beside the model; put the file there"
        )
    offset, length = _extent(entries, tensor, model)
    available = target.stat().st_size - offset
    if available < (length or 0) or available < 0:
        raise ExternalDataError(
            f"tensor {tensor.name!r} of {model} wants {length or 0} bytes at offset {offset} of "
            f"{location!r}, which holds fewer; the file is cut short"
        )
    try:
        with target.open("rb") as stream:
            stream.seek(offset)
            content: bytes = stream.read(available if length is None else length)
    except OSError as error:
        raise ExternalDataError(f"{target} cannot be read: {error.strerror}") from error
    return content


def _extent(
    entries: dict[str, str], tensor: onnx.TensorProto, model: Path
) -> tuple[int, int | None]:
    try:
        offset = int(entries.get("offset", "0"))
        length = int(entries["length"]) if "length" in entries else None
    except ValueError as error:
        raise ExternalDataError(
            f"tensor {tensor.name!r} of {model} has an external offset or length that is no number"
        ) from error
    if offset < 0 or (length is not None and length < 0):
        raise ExternalDataError(
            f"tensor {tensor.name!r} of {model} has a negative external offset or length"
        )
    return offset, length


def _internalize(tensor: onnx.TensorProto, data: bytes) -> None:
    tensor.raw_data = data
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def _check(proto: onnx.ModelProto, path: Path) -> None:
    newest = onnx.defs.onnx_opset_version()
    opset = max((o.version for o in proto.opset_import if o.domain in STANDARD), default=newest)
    if opset > newest:
        raise UnsupportedModel(
            f"{path} is written in opset {opset}; onnx {onnx.__version__} knows none above {newest}"
        )
    try:
        onnx.checker.check_model(proto)
    except onnx.checker.ValidationError as error:
        reason = " ".join(str(error).split())
        if any(sign in reason.lower() for sign in UNKNOWN_TO_CHECKER):
            raise UnsupportedModel(
                f"{path} uses an operator or opset that onnx {onnx.__version__} does not know: "
                f"{_short(reason)}"
            ) from error
        raise InvalidModel(f"{path} breaks the ONNX rules: {_short(reason)}") from error
    except ValueError as error:
        raise UnsupportedModel(f"{path} cannot be checked: {_short(str(error))}") from error


def _short(text: str, limit: int = 300) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

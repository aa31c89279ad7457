"""Reads an ONNX file and its external data, and nothing outside the model's folder."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError

from analyzer.errors import FileMissing, InvalidModel, NotOnnx, TooLarge, UnsupportedModel, short
from analyzer.graph.walk import STANDARD
from analyzer.model import limits
from analyzer.model.bounds import check_bounds
from analyzer.model.conversion import BEGINNING, conversion_advice, folder_advice
from analyzer.model.domains import shorten_standard_domain
from analyzer.model.external import fold_external, refuse_external

UNKNOWN_TO_CHECKER = ("no op registered", "unsupported", "opset", "higher than the checker")
"""What the checker says of models that are not wrong but beyond it."""

CHECKER_ERRORS = (
    *(onnx.checker.ValidationError, onnx.shape_inference.InferenceError),
    *(RuntimeError, LookupError, ArithmeticError),  # what its C++ throws where it expects no such
)


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
        TooLarge: it is beyond the limits of `analyzer.model.limits`.
        UnsupportedModel: it is written in an ONNX that is not known here.
    """
    return _model_of(_read_bytes(path), path)


def read_model_bytes(content: bytes, label: Path) -> ModelFile:
    """Check a model that a program holds, in the serialized form of an ONNX file.

    Args:
        content: the bytes that its file would have.
        label: name of the model in reports and messages.

    Raises:
        NotOnnx: the bytes are not ONNX, or cut short.
        ExternalDataError: data are in other files, and no folder says where these are.
        InvalidModel: the graph breaks the ONNX rules.
        TooLarge: the model is beyond the limits of `analyzer.model.limits`.
        UnsupportedModel: the model is written in an ONNX that is not known here.
    """
    if len(content) > limits.MODEL_BYTES:
        raise TooLarge(f"{label} is larger than 2 GiB; that is not supported")
    return _model_of(content, label, whole=True)


def _model_of(content: bytes, path: Path, whole: bool = False) -> ModelFile:
    """Parse, digest and check a model; ``whole``: it must have no data in other files."""
    with ThreadPoolExecutor(1) as beside:  # with a second core, while the file is parsed
        hashed = beside.submit(hashlib.sha256, content)
        proto = _parse(content, path)
        digest = hashed.result()
    if whole:
        refuse_external(proto, path)
    size = len(content)
    for data in fold_external(proto, path, size):
        digest.update(data)
        size += len(data)
    _check(proto, path)
    return ModelFile(path, proto, digest.hexdigest(), size)


def _parse(content: bytes, path: Path) -> onnx.ModelProto:
    proto = onnx.ModelProto()
    try:
        proto.ParseFromString(content)
    except DecodeError as error:
        advice = conversion_advice(path, content[:BEGINNING])
        raise NotOnnx(f"{path} is not an ONNX file, or it is cut short{advice}") from error
    if not proto.HasField("graph") or not proto.opset_import:
        advice = conversion_advice(path, content[:BEGINNING]) or "; is it really an ONNX model?"
        raise NotOnnx(f"{path} holds no ONNX graph{advice}")
    # A runtime newer than this onnx might understand what is skipped here: nothing may pass by.
    proto.DiscardUnknownFields()
    check_bounds(proto, path)
    shorten_standard_domain(proto)
    return proto


def _read_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise FileMissing(f"{path} is a folder, not an ONNX file{folder_advice(path)}")
        if path.exists() and not path.is_file():
            raise FileMissing(f"{path} is a device or a pipe; relcheck reads models from files")
        if path.stat().st_size > limits.MODEL_BYTES:
            raise TooLarge(f"{path} is larger than 2 GiB; that is not supported")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise FileMissing(f"there is no file {path}") from error
    except OSError as error:
        raise FileMissing(f"{path} cannot be read: {error.strerror or error}") from error


def _check(proto: onnx.ModelProto, path: Path) -> None:
    newest = onnx.defs.onnx_opset_version()
    opset = max((o.version for o in proto.opset_import if o.domain in STANDARD), default=newest)
    if opset > newest:
        raise UnsupportedModel(
            f"{path} is written in opset {opset}; onnx {onnx.__version__} knows none above {newest}"
        )
    try:
        onnx.checker.check_model(proto)
    except CHECKER_ERRORS as error:
        reason = " ".join(str(error).split())
        if any(sign in reason.lower() for sign in UNKNOWN_TO_CHECKER):
            raise UnsupportedModel(
                f"{path} uses an operator or opset that onnx {onnx.__version__} does not know: "
                f"{short(reason)}"
            ) from error
        raise InvalidModel(f"{path} breaks the ONNX rules: {short(reason)}") from error
    except ValueError as error:
        raise UnsupportedModel(f"{path} cannot be checked: {short(str(error))}") from error

"""``relcheck annotate``: write into an ONNX file how its images are prepared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import onnx

from analyzer.errors import BadMetadata, BadOption, FileMissing, TooLarge
from analyzer.evaluation.preprocess import check_channels, target_of
from analyzer.graph.walk import messages
from analyzer.model import (
    InputSignature,
    homes_of,
    limits,
    load_model,
    read_preprocessing,
    write_preprocessing,
)
from analyzer.model.file import read_model_file
from analyzer.model.metadata import PREFIX, READERS, read_labels, read_metadata, write_labels

LABEL_FILE_BYTES = 2**24
"""Of a file of class names: far more than any network has classes."""


@dataclass(frozen=True, slots=True)
class Annotated:
    """An annotated model.

    Attributes:
        content: The bytes of its file.
        entries: Its ``relcheck.*`` entries, by name without the prefix.
        changed: Names of those that are new or have another value than before.
        folded: Whether external data was written into the file.
    """

    content: bytes
    entries: Mapping[str, str]
    changed: tuple[str, ...]
    folded: bool


def annotate_model(path: Path, out: Path, entries: Mapping[str, str]) -> Annotated:
    """Write metadata entries into a model; all else stays as it is.

    External data stays in its files if ``out`` lies beside them; else it is written into the file.

    Args:
        path: of the model.
        out: where the result is to go.
        entries: by name without the prefix, as text: those of `READERS`, ``labels``, ``data``.

    Raises:
        BadOption: there is nothing to write.
        BadMetadata: a value that cannot be understood.
        DataMismatch: the model takes no such images, or has other classes.
        ModelError: the model cannot be read.
        TooLarge: the result would be larger than an ONNX file may be.
    """
    if not entries:
        raise BadOption(
            f"there is nothing to write into {path}; give --labels, --data or one of "
            f"{', '.join('--' + name for name in READERS)}"
        )
    model = load_model(path)
    proto, folded = _proto(path, out)
    before = _entries(proto)
    _write(proto, before | _normalized(entries))
    _check_fits(model.signature, proto, entries)
    if proto.ByteSize() > limits.MODEL_BYTES:
        raise TooLarge(
            f"{out} would be larger than 2 GiB; write it into the folder of {path}, where the "
            "external data lies"
        )
    after = _entries(proto)
    changed = tuple(name for name in after if before.get(name) != after[name])
    return Annotated(proto.SerializeToString(deterministic=True), after, changed, folded)


def read_class_names(text: str) -> str:
    """Names of classes for the entry ``labels``.

    Args:
        text: the names, separated by commas; or a file with one on each line.

    Raises:
        FileMissing: a file of that name is not there, or cannot be read.
        BadMetadata: names that cannot be written.
    """
    path = Path(text)
    names = read_labels(text)
    if len(names) < 2:
        names = tuple(line.strip() for line in _read(path).splitlines() if line.strip())
    try:
        return write_labels(names)
    except ValueError as error:
        raise BadMetadata(f"--labels {text}: {error}") from error


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > LABEL_FILE_BYTES:
            raise FileMissing(
                f"--labels {path} is neither a list like dog,cat nor a file with one name on each "
                "line"
            )
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadMetadata(f"--labels {path} is no text in UTF-8") from error
    except OSError as error:
        raise FileMissing(f"--labels {path} cannot be read: {error.strerror}") from error


def name_beside(data: Path, out: Path) -> str:
    """The name by which a model in ``out`` finds a data set.

    Args:
        data: the data set.
        out: where the model is to go.

    Raises:
        BadOption: it does not lie in the model's folder.
    """
    folder = out.absolute().parent.resolve()
    place = data.absolute().resolve()
    if not place.exists() or not place.is_relative_to(folder):
        raise BadOption(
            f"--data {data} must lie in the folder of {out}: a model names no files elsewhere"
        )
    return place.relative_to(folder).as_posix()


def _proto(path: Path, out: Path) -> tuple[onnx.ModelProto, bool]:
    """The model as it is to be written, and whether external data was taken into it."""
    raw = onnx.ModelProto()
    raw.ParseFromString(path.read_bytes())
    tensors = (part for part in messages(raw) if isinstance(part, onnx.TensorProto))
    if not any(t.data_location == onnx.TensorProto.EXTERNAL for t in tensors):
        return raw, False
    if out.absolute().parent.resolve() in {home.resolve() for home in homes_of(path)}:
        return raw, False
    return read_model_file(path).proto, True


def _entries(proto: onnx.ModelProto) -> dict[str, str]:
    found = {p.key: p.value for p in proto.metadata_props if p.key.startswith(PREFIX)}
    return {key.removeprefix(PREFIX): value for key, value in found.items()}


def _normalized(entries: Mapping[str, str]) -> dict[str, str]:
    """Values as `write_preprocessing` has them, which older versions read, too."""
    given = read_preprocessing(entries, "option")
    written = {k.removeprefix(PREFIX): v for k, v in write_preprocessing(given).items()}
    return {name: written.get(name, value) for name, value in entries.items()}


def _write(proto: onnx.ModelProto, entries: Mapping[str, str]) -> None:
    """Replace the entries of relcheck; those of others stay where they are."""
    others = [p for p in proto.metadata_props if not p.key.startswith(PREFIX)]
    kept = [(p.key, p.value) for p in others]
    del proto.metadata_props[:]
    for key, value in [*kept, *((PREFIX + name, value) for name, value in entries.items())]:
        proto.metadata_props.add(key=key, value=value)


def _check_fits(
    signature: InputSignature, proto: onnx.ModelProto, entries: Mapping[str, str]
) -> None:
    """Refuse what could not be followed when the model is run.

    Raises:
        BadMetadata: a value that cannot be understood.
        DataMismatch: the model takes no such images, or has other classes.
    """
    metadata = read_metadata(proto)
    if not READERS.keys().isdisjoint(entries):
        target = target_of(signature, metadata.preprocessing)
        check_channels(metadata.preprocessing, target.channels)
    classes = _classes(proto.graph)
    if "labels" in entries and classes not in (None, len(metadata.labels)):
        raise BadMetadata(
            f"--labels names {len(metadata.labels)} classes, and the model scores {classes}"
        )


def _classes(graph: onnx.GraphProto) -> int | None:
    """Width of the first output, where it is of two dimensions and the file states it."""
    dims = [d.dim_value for o in graph.output[:1] for d in o.type.tensor_type.shape.dim]
    return dims[1] or None if len(dims) == 2 else None

"""``relcheck annotate``: write into an ONNX file how its images are prepared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from analyzer.errors import BadMetadata, BadOption, FileMissing, TooLarge
from analyzer.evaluation.preprocess import check_channels, target_of
from analyzer.graph.walk import messages
from analyzer.jobs.files import check_targets, write_whole
from analyzer.jobs.requests.annotate import AnnotateRequest
from analyzer.jobs.sources import ModelInMemory, ModelSource, files_of, open_model
from analyzer.model import (
    InputSignature,
    Preprocessing,
    homes_of,
    limits,
    write_preprocessing,
)
from analyzer.model.file import read_model_file
from analyzer.model.metadata import PREFIX, READERS, read_labels, read_metadata, write_labels
from analyzer.reports.annotated import annotated_text

LABEL_FILE_BYTES = 2**24
"""Of a file of class names: far more than any network has classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnotatedModel:
    """An annotated model.

    Attributes:
        model: The model.
        entries: Its ``relcheck.*`` entries, by name without the prefix.
        changed: Names of those that are new or have another value than before.
        folded: Whether external data was written into the file.
        out: Its file; None: there is none.
    """

    model: onnx.ModelProto
    entries: Mapping[str, str]
    changed: tuple[str, ...]
    folded: bool
    out: Path | None

    def to_text(self) -> str:
        """The entries, a line each."""
        name = self.out.name if self.out else "The model"
        return annotated_text(name, self.entries, self.changed, self.folded)

    def __str__(self) -> str:
        """The entries as text."""
        return self.to_text()


def annotate_model(request: AnnotateRequest) -> AnnotatedModel:
    """Write metadata entries into a model; all else stays as it is.

    External data stays in its files if the result lies beside them; else it is written into the
    file.

    Raises:
        BadOption: there is nothing to write, or no file that it could go into.
        BadMetadata: a value that cannot be understood.
        DataMismatch: the model takes no such images, or has other classes.
        ModelError: the model cannot be read.
        TooLarge: the result would be larger than an ONNX file may be.
        UnwritableOutput: the file cannot be written.
    """
    out = request.out
    check_targets([out] if out else [], files_of(request.model))
    given = _given(request)
    model = open_model(request.model)
    proto, folded = _proto(request.model, out)
    before = _entries(proto)
    _write(proto, before | given)
    _check_fits(model.signature, proto, given)
    if proto.ByteSize() > limits.MODEL_BYTES:
        raise TooLarge(
            f"{out} would be larger than 2 GiB; write it into the folder of {model.path}, where "
            "the external data lies"
        )
    after = _entries(proto)
    changed = tuple(name for name in after if before.get(name) != after[name])
    if out:
        write_whole(out, proto.SerializeToString(deterministic=True))
    return AnnotatedModel(model=proto, entries=after, changed=changed, folded=folded, out=out)


def _given(request: AnnotateRequest) -> dict[str, str]:
    """The entries that are asked for, as `write_preprocessing` has them.

    Raises:
        BadOption: there are none.
    """
    given: dict[str, Any] = dict(request.preprocessing)
    written = write_preprocessing(Preprocessing(**given))
    entries = {name: written[PREFIX + name] for name in given}
    if request.labels is not None:
        entries["labels"] = read_class_names(request.labels)
    if request.data is not None:
        entries["data"] = name_beside(request.data, request.out)
    if not entries:
        raise BadOption(
            f"there is nothing to write into {request.model}; give --labels, --data or one of "
            f"{', '.join('--' + name for name in READERS)}"
        )
    return entries


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


def name_beside(data: Path, out: Path | None) -> str:
    """The name by which a model finds a data set.

    Args:
        data: the data set.
        out: where the model is to go; None: nowhere.

    Raises:
        BadOption: it does not lie in the model's folder.
    """
    if out is None:
        raise BadOption("--data names a file beside the model; give --out as well")
    folder = out.absolute().parent.resolve()
    place = data.absolute().resolve()
    if not place.exists() or not place.is_relative_to(folder):
        raise BadOption(
            f"--data {data} must lie in the folder of {out}: a model names no files elsewhere"
        )
    return place.relative_to(folder).as_posix()


def _proto(source: ModelSource, out: Path | None) -> tuple[onnx.ModelProto, bool]:
    """The model as it is to be written, and whether external data was taken into it."""
    raw = onnx.ModelProto()
    if isinstance(source, ModelInMemory):
        raw.ParseFromString(source.content)
        return raw, False
    raw.ParseFromString(source.read_bytes())
    tensors = (part for part in messages(raw) if isinstance(part, onnx.TensorProto))
    if not any(t.data_location == onnx.TensorProto.EXTERNAL for t in tensors):
        return raw, False
    if out and out.absolute().parent.resolve() in {home.resolve() for home in homes_of(source)}:
        return raw, False
    return read_model_file(source).proto, True


def _entries(proto: onnx.ModelProto) -> dict[str, str]:
    found = {p.key: p.value for p in proto.metadata_props if p.key.startswith(PREFIX)}
    return {key.removeprefix(PREFIX): value for key, value in found.items()}


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

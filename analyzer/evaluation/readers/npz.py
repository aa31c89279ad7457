"""``.npz`` files: images, labels and further inputs, each under a key."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, DataMismatch, quoted
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.evaluation.readers.archive import Archive
from analyzer.evaluation.readers.arrays import as_fed, check_rows, rows_of_images, state_of
from analyzer.evaluation.readers.labels import Usable, read_class_numbers
from analyzer.evaluation.readers.request import Request
from analyzer.evaluation.readers.states import ready_states, say_states
from analyzer.evaluation.rows import InputRows, chosen
from analyzer.evaluation.sample import sample_rows, say_sample
from analyzer.model import InputSignature

MOST_NAMED = 5
"""Keys that are not used and that are named."""

LABELS = "labels"
IMAGES = "images"

ALSO_CALLED = {
    **dict.fromkeys(("label", "target", "targets", "y", "y_test", "classes", "gt"), LABELS),
    **dict.fromkeys(("image", "img", "imgs", "x", "x_test", "data", "input", "inputs"), IMAGES),
}
"""What others call these keys."""

OTHER_FILES = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"), "picture"),
    **dict.fromkeys((".tar", ".tgz", ".gz", ".7z", ".rar"), "packed"),
    **dict.fromkeys((".csv", ".tsv", ".txt"), "list"),
    **dict.fromkeys((".npy", ".h5", ".hdf5", ".mat", ".parquet", ".arrow", ".tfrecord"), "arrays"),
}

WHY_NOT = {
    "picture": "it is one picture; give the folder that it lies in",
    "packed": "unpack it, and give the folder",
    "list": "a list of labels goes to --labels, and the folder of its images to --data",
    "arrays": "save its arrays by numpy.savez('FILE.npz', images=..., labels=...)",
}


class NpzReader:
    """Reads keys ``images`` and, where present, ``labels``; further inputs under their names.

    uint8 images are preprocessed; floats already in the model's input shape are fed as they are.
    The first array may also stand under the input's own name.
    """

    def refuses(self, path: Path) -> str:
        """Why a file is no archive of arrays; empty: it may be one."""
        return WHY_NOT.get(OTHER_FILES.get(path.suffix.lower(), ""), "")

    def read(self, path: Path, request: Request) -> Dataset:
        """Read the data set.

        Args:
            path: of the file.
            request: what is wanted.

        Raises:
            BadData: no such keys, empty, or damaged.
            TooLarge: it unpacks to more than a data set may be.
            DataMismatch: shapes or row counts do not fit.
            BadOption: a flag has no effect.
        """
        if request.labels is not None:
            raise BadOption(
                f"--labels is for folders of images; the labels of {path.name} stand in it, under "
                "the key 'labels'"
            )
        archive, signature = Archive(path), request.signature
        first = archive.key(_names_of_first(signature))
        others = {s.name: archive.key([s.name]) for s in signature.others if not s.is_state}
        given = [s for s in signature.others if s.is_state and s.name in archive.keys]
        images = archive.read(first)
        check_rows(images, path)
        labels, note = _labels(archive, images, request, path)
        rows = sample_rows(len(images), labels, request.most, request.seed)
        states = {s.name: state_of(archive.array(s.name), s, len(images), path) for s in given}
        further = {}
        for name, key in others.items():
            further[name] = archive.read(key)
            _check_count(name, further[name].shape, len(images), path)
        inputs, recipe = rows_of_images(_some(images, rows), request, path)
        data = Dataset(
            DataKind.NPZ,
            path.name,
            inputs,
            None if labels is None else labels[rows],
            archive.digest(),
            further={
                s.name: as_fed(_some(further[s.name], rows), s, path)
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
            say_unused([key for key in archive.keys if key not in used], used, archive.keys),
        )


def _names_of_first(signature: InputSignature) -> tuple[str, ...]:
    own = (IMAGES, signature.name)
    return own[::-1] if signature.is_integer else own


def _labels(archive: Archive, images: InputRows, request: Request, path: Path) -> Usable:
    if LABELS not in archive.keys:
        return None, ""
    labels = archive.array(LABELS)
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
    """Which keys of the file are not used, with the name that may have been meant.

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

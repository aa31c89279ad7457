"""Folders of images: one sub-folder for each class, or a flat one, with or without a list."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzer.errors import BadData, DataMismatch
from analyzer.evaluation.dataset import DataKind, Dataset, Labels
from analyzer.evaluation.preprocess import target_of
from analyzer.evaluation.readers.class_names import number_classes
from analyzer.evaluation.readers.folder_tree import FolderTree, folder_of, look_into, name_some
from analyzer.evaluation.readers.label_list import LabelList, class_numbers, read_label_list
from analyzer.evaluation.readers.picture_rows import read_pictures
from analyzer.evaluation.readers.request import Request, refuse_flags
from analyzer.evaluation.readers.states import ready_states, say_states
from analyzer.evaluation.recipe import effective_flags, recipe_of
from analyzer.evaluation.sample import sample_rows, say_sample
from analyzer.model import InputSignature


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """The pictures that are used, and their classes.

    Attributes:
        files: Paths in the folder.
        labels: int64 (n,), or None.
        note: How they were found, and what was left out.
        classes: How many classes there must be for the labels to be right; None: any number.
        content: Bytes of a list that the labels come from.
    """

    files: tuple[str, ...]
    labels: Labels | None
    note: str
    classes: int | None = None
    content: bytes = b""


class FolderReader:
    """Reads pictures; sub-folders, or a list, say of which class they are."""

    def refuses(self, path: Path) -> str:
        """The reason why a path is no folder; empty: it is one."""
        return "" if path.is_dir() else "it is no folder"

    def read(self, path: Path, request: Request) -> Dataset:
        """Read the data set.

        Args:
            path: of the folder.
            request: what is wanted.

        Raises:
            BadData: no images, or none that can be read.
            TooLarge: an image is larger than it may be.
            DataMismatch: the images or the labels do not fit the model.
            BadOption: a flag has no effect.
        """
        signature, how = request.signature, request.preprocessing
        tree = look_into(path)
        found = _labelled(path, tree, request)
        _check_inputs(signature)
        target = target_of(signature, how)
        refuse_flags(request, effective_flags(target), target.shown)
        rows = sample_rows(len(found.files), found.labels, request.most, request.seed)
        read = read_pictures(path, [found.files[i] for i in rows], target, how)
        read.sha.update(found.content)
        kept = rows[read.kept]
        labels = None if found.labels is None else found.labels[kept]
        data = Dataset(
            DataKind.FOLDER,
            path.name,
            read.rows,
            labels,
            read.sha.hexdigest(),
            found.note,
            found.classes,
            recipe=recipe_of(target, how, read.stretched),
            states=ready_states(signature, {}),
            whole=_listing(path, found.files),
        )
        return data.remarked(
            say_sample(len(found.files), found.labels, rows),
            *read.notes(),
            tree.say_others(),
            say_states(signature, ()),
        )


def _listing(path: Path, files: Sequence[str]) -> str:
    """SHA-256 of the names and sizes of files in a folder.

    Raises:
        BadData: a file is gone.
    """
    sha = hashlib.sha256()
    for file in sorted(files):
        try:
            size = (path / file).stat().st_size
        except OSError as error:
            raise BadData(f"{path / file} cannot be read: {error.strerror}") from error
        sha.update(f"{file}\0{size}\0".encode("utf-8", "surrogateescape"))
    return sha.hexdigest()


def _check_inputs(signature: InputSignature) -> None:
    if not all(s.is_state for s in signature.others):
        raise DataMismatch(
            f"the model has {len(signature.every)} inputs; an image folder fills one, give an .npz "
            "file with a key for each"
        )


def _labelled(path: Path, tree: FolderTree, request: Request) -> LabelledFiles:
    if not tree.pictures:
        raise BadData(
            f"folder {path} holds no images in class sub-folders ({path.name}/CLASS/IMAGE.png), "
            "nor any beside them"
        )
    if request.labels is not None:
        return _by_list(tree, read_label_list(request.labels), request.names)
    if not tree.nested:
        return LabelledFiles(tree.loose, None, "the folder has no class sub-folders: no labels")
    return _by_folder(tree, request.names)


def _by_folder(tree: FolderTree, names: Sequence[str]) -> LabelledFiles:
    numbering = number_classes(tree.folders, names, tree.filled)
    labels = np.array([numbering.labels[folder_of(file)] for file in tree.nested], np.int64)
    note = numbering.note
    if tree.loose:
        note += (
            f"; {len(tree.loose):,} images beside the class folders are left out: "
            f"{name_some(tree.loose)}"
        )
    return LabelledFiles(tree.nested, labels, note, numbering.classes)


def _by_list(tree: FolderTree, listed: LabelList, names: Sequence[str]) -> LabelledFiles:
    written = listed.by_file(tree.pictures)
    if not written:
        raise BadData(
            f"no image of the folder is in {listed.path}; it must hold their paths in the folder, "
            f"or their names, like {name_some(tree.pictures, 1)}"
        )
    numbers = class_numbers(written, names, listed.path)
    files = tuple(file for file in tree.pictures if file in numbers)
    note = f"classes are those of {listed.path.name}"
    if left := [file for file in tree.pictures if file not in numbers]:
        note += f"; {len(left):,} images are not in it and are left out: {name_some(left)}"
    if missing := len(listed.classes) - len(files):
        note += f"; {missing:,} of its entries have no image in the folder"
    labels = np.array([numbers[file] for file in files], np.int64)
    return LabelledFiles(files, labels, note, content=listed.content)

"""Folders of images: one sub-folder for each class, or a flat one without classes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np

from analyzer.errors import BadData
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.class_names import Numbering, number_classes
from analyzer.evaluation.sources.decoders import decoder_for
from analyzer.evaluation.sources.file_images import ImageFiles, Layer
from analyzer.evaluation.sources.folder_tree import FolderTree, folder_of, look_into, name_some


class ClassFolders:
    """The layout ``CLASS/IMAGE.png``; pictures beside each other have no class."""

    idle: ClassVar[Mapping[str, str]] = {
        "part": "the images of this folder are in no parts",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path is no folder; empty: it is one."""
        return "" if path.is_dir() else "it is no folder"

    def open(self, path: Path, asked: Asked) -> ImageFiles:
        """The images; see `SourceForm.open`.

        Args:
            path: of the folder.
            asked: names of the classes, and channels.
        """
        tree = pictures_in(path)
        if not tree.nested:
            return files_of(
                path, tree.loose, asked, tree, note="the folder has no class sub-folders: no labels"
            )
        numbering = number_classes(tree.folders, asked.classes, tree.filled)
        labels = [numbering.labels[folder_of(file)] for file in tree.nested]
        note = numbering.note
        if tree.loose:
            note += (
                f"; {len(tree.loose):,} images beside the class folders are left out: "
                f"{name_some(tree.loose)}"
            )
        return files_of(path, tree.nested, asked, tree, labels, numbering, note)


def pictures_in(path: Path) -> FolderTree:
    """The pictures of a folder, by their names.

    Raises:
        BadData: there are none.
        FileMissing: the folder cannot be listed.
    """
    tree = look_into(path)
    if not tree.pictures:
        raise BadData(
            f"folder {path} holds no images in class sub-folders ({path.name}/CLASS/IMAGE.png), "
            "nor any beside them"
        )
    return tree


def files_of(
    path: Path,
    files: Sequence[str],
    asked: Asked,
    tree: FolderTree,
    labels: Sequence[int] | None = None,
    numbering: Numbering | None = None,
    note: str = "",
    content: bytes = b"",
) -> ImageFiles:
    """The source of files in one folder.

    Args:
        path: of the folder.
        files: paths in it.
        asked: names of the classes, and channels.
        tree: all that is in the folder.
        labels: the class of each file; None: they have none.
        numbering: of the classes; None: they have none.
        note: how all of this was found.
        content: bytes of a list that the labels come from.
    """
    layer = Layer("", path, tuple(files), decoder_for(path, files, asked.channels))
    others = tree.say_others()
    return ImageFiles(
        name=path.name,
        layers=(layer,),
        labels=None if labels is None else np.array(labels, np.int64),
        classes=() if numbering is None else numbering.names(asked.classes),
        note=note,
        numbered=None if numbering is None else numbering.classes,
        content=content,
        remarks=(others,) if others else (),
    )

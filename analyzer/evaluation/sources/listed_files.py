"""Folders of images with a list of their classes: a CSV of files and classes, or AiTLAS's splits.

AiTLAS's benchmark arena (Dimitrovski et al., 2023) publishes a split as lines of
``relative/path.ext,label`` without a head, one file for each of train, val and test.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from analyzer.errors import BadData, FileMissing, quoted
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.class_folders import files_of, pictures_in
from analyzer.evaluation.sources.file_images import ImageFiles
from analyzer.evaluation.sources.folder_tree import FolderTree, name_some
from analyzer.evaluation.sources.label_list import LabelList, number_labels, read_label_list


class ListedFiles:
    """Images of which a list says the class; those that it does not name are left out."""

    idle: ClassVar[Mapping[str, str]] = {
        "part": "the list that --labels gives says which images are meant; give the list of "
        "another part",
        "masks": "--labels gives each image one class; leave one of them out",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path is no folder with a list; empty: it is."""
        if asked.labels is None:
            return "there is no list of labels"
        return "" if path.is_dir() else "it is no folder"

    def open(self, path: Path, asked: Asked) -> ImageFiles:
        """The images that the list names; see `SourceForm.open`.

        Args:
            path: of the folder.
            asked: the list, names of the classes, and channels.
        """
        assert asked.labels is not None, "who is without a list is refused"
        tree = pictures_in(path)
        listed = read_label_list(asked.labels)
        written = listed.by_file(tree.pictures)
        _check_there(listed, written, tree, path)
        numbering = number_labels(written, asked.classes, listed.path)
        files = [file for file in tree.pictures if file in written]
        note = "; ".join(
            [
                f"classes are those of {listed.path.name}",
                *([numbering.note] if numbering.note else []),
                *_say_left([file for file in tree.pictures if file not in written]),
            ]
        )
        labels = [numbering.labels[written[file]] for file in files]
        return files_of(path, files, asked, tree, labels, numbering, note, listed.content)


def _check_there(
    listed: LabelList, written: Mapping[str, str], tree: FolderTree, path: Path
) -> None:
    """Refuse a list that names files which are not in the folder."""
    if not written:
        raise BadData(
            f"no image of the folder is in {listed.path}; it must hold their paths in the folder, "
            f"or their names, like {name_some(tree.pictures, 1)}"
        )
    missing = listed.without(tree.pictures)
    if missing:
        raise FileMissing(
            f"{len(missing):,} of the {len(listed.classes):,} images that {listed.path} names are "
            f"not in {path}: the first is {quoted(missing[0])}; put them there, or take their "
            "lines out"
        )


def _say_left(left: Sequence[str]) -> list[str]:
    if not left:
        return []
    return [f"{len(left):,} images are not in it and are left out: {name_some(left)}"]

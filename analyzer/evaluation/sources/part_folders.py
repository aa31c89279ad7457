"""Data sets in parts, each a folder: ``train/WNID/*.JPEG`` and ``val/WNID/*.JPEG`` of ImageNet."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from analyzer.errors import BadData, BadOption, quoted
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.class_folders import ClassFolders
from analyzer.evaluation.sources.file_images import ImageFiles
from analyzer.evaluation.sources.folder_tree import is_leftover, name_some
from analyzer.evaluation.sources.listed_files import ListedFiles
from analyzer.evaluation.sources.masked_folders import MaskedFolders

PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation"),
    "test": ("test", "testing"),
}
"""Names of parts, and what their folders are called."""

CALLED = frozenset(name for names in PARTS.values() for name in names)


class PartFolders:
    """A folder for each part, and in it any of the layouts of images in folders."""

    idle: ClassVar[Mapping[str, str]] = {}

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path has no parts; empty: it has, or one is asked for."""
        if not path.is_dir():
            return "it is no folder"
        if asked.part is not None and asked.labels is None:
            return ""
        if asked.part is not None and find_part(path, asked.part) is not None:
            return ""
        nothing = asked.labels is None and asked.masks is None
        return "" if nothing and _only_parts(path) else "it is not in parts"

    def open(self, path: Path, asked: Asked) -> ImageFiles:
        """The images of one part; see `SourceForm.open`.

        Args:
            path: of the folder with the parts.
            asked: the part, and what its layout takes.
        """
        if asked.part is None:
            names = sorted(p.name for p in path.iterdir() if p.is_dir() and p.name in CALLED)
            raise BadOption(f"{path} holds the parts {', '.join(names)}; say which by --part")
        check_part(asked.part)
        folder = find_part(path, asked.part)
        if folder is None:
            raise BadData(f"{path} has no part {asked.part!r}: {say_folders(path)}")
        within = replace(asked, part=None)
        if asked.masks is not None:
            within = replace(within, masks=find_part(asked.masks, asked.part) or asked.masks)
            found = MaskedFolders().open(folder, within)
        elif asked.labels is not None:
            found = ListedFiles().open(folder, within)
        else:
            found = ClassFolders().open(folder, within)
        return replace(found, name=f"{path.name}/{folder.name}")


def check_part(part: str) -> None:
    """Refuse a word that names no part.

    Raises:
        BadOption: it is none.
    """
    if part not in PARTS:
        raise BadOption(f"--part {part!r} is none of {', '.join(PARTS)}")


def find_part(path: Path, part: str) -> Path | None:
    """The folder of one part; None: there is none.

    Args:
        path: of the folder with the parts.
        part: ``train``, ``val`` or ``test``.
    """
    folders = (path / name for name in PARTS.get(part, ()))
    return next((folder for folder in folders if folder.is_dir()), None)


def say_folders(path: Path) -> str:
    """Half a sentence on the sub-folders of a folder."""
    names = sorted(p.name for p in path.iterdir() if p.is_dir() and not is_leftover(p.name))
    if not names:
        return "it has no sub-folders"
    return (
        f"its sub-folders are {name_some(names, 5)}"
        if len(names) > 1
        else (f"its only sub-folder is {quoted(names[0])}")
    )


def _only_parts(path: Path) -> bool:
    """True if a folder holds folders of two or more parts, these hold folders, and nothing else."""
    try:
        folders = [p for p in path.iterdir() if p.is_dir() and not is_leftover(p.name)]
        parts = {p.name for p in folders} <= CALLED and len(folders) > 1
        return parts and all(any(p.is_dir() for p in f.iterdir()) for f in folders)
    except OSError:
        return False

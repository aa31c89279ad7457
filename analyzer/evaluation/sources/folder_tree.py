"""Contents of a folder of images: pictures, class folders, and files that are neither."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import FileMissing, quoted
from analyzer.evaluation.sources.pictures import SUFFIXES

LEFTOVERS = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found", "__pycache__"}
)
"""What systems and tools leave behind, beside names that begin with a dot."""


@dataclass(frozen=True, slots=True)
class FolderTree:
    """Contents of a folder of images; paths are relative to it, with slashes, sorted.

    Attributes:
        folders: Names of its sub-folders; those without pictures, too.
        nested: Pictures in sub-folders.
        loose: Pictures beside them.
        others: Files that are no pictures by their name.
    """

    folders: tuple[str, ...]
    nested: tuple[str, ...]
    loose: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def pictures(self) -> tuple[str, ...]:
        """All pictures, those of sub-folders first."""
        return self.nested + self.loose

    @property
    def filled(self) -> tuple[str, ...]:
        """Names of the sub-folders that hold pictures."""
        return tuple(sorted({folder_of(file) for file in self.nested}))

    def say_others(self) -> str:
        """Half a sentence on the files that are no pictures; empty: there are none."""
        if not self.others:
            return ""
        total = len(self.others) + len(self.pictures)
        suffixes = Counter(Path(file).suffix.lower() or "no suffix" for file in self.others)
        kinds = ", ".join(suffix for suffix, _ in suffixes.most_common(5))
        return (
            f"{len(self.others):,} of {total:,} files are of types that are not read ({kinds}): "
            f"{name_some(self.others)}"
        )


def folder_of(file: str) -> str:
    """The sub-folder of the data set in which a picture lies."""
    return file.partition("/")[0]


def name_some(files: Sequence[str], most: int = 3) -> str:
    """Some of many names.

    >>> name_some(["a/1.heic", "a/2.heic", "b/1.heic", "b/2.heic"])
    "'a/1.heic', 'a/2.heic', 'b/1.heic', ..."
    """
    return ", ".join(quoted(file) for file in files[:most]) + ", ..." * (len(files) > most)


def look_into(root: Path) -> FolderTree:
    """Find pictures by their names, without opening any.

    Hidden files and folders and what tools leave behind are passed over.

    Args:
        root: the folder.

    Raises:
        FileMissing: it cannot be listed.
    """
    try:
        tops = [path for path in sorted(root.iterdir()) if not is_leftover(path.name)]
        folders = [path for path in tops if path.is_dir()]
        nested = [file for folder in folders for file in _files_in(folder)]
        loose = [path.name for path in tops if path.is_file()]
    except OSError as error:
        raise FileMissing(f"folder {root} cannot be read: {error.strerror}") from error

    return FolderTree(
        folders=tuple(path.name for path in folders),
        nested=tuple(filter(is_picture, nested)),
        loose=tuple(filter(is_picture, loose)),
        others=tuple(f for f in (*nested, *loose) if not is_picture(f)),
    )


def is_leftover(name: str) -> bool:
    """True if a file or folder is hidden, or left behind by a tool."""
    return name.startswith(".") or name.lower() in LEFTOVERS


def is_picture(file: str) -> bool:
    """True if a file is a picture by its name."""
    return os.path.splitext(file)[1].lower() in SUFFIXES


def _files_in(folder: Path) -> list[str]:
    """Files below a folder that are not passed over, as paths from the folder around it.

    Folders that are links are not entered; a pipe is no file. Data sets have a million files: names
    are kept, not `Path`s.
    """
    found: list[tuple[str, ...]] = []
    waiting: list[tuple[str, tuple[str, ...]]] = [(str(folder), (folder.name,))]
    while waiting:
        place, parts = waiting.pop()
        try:
            with os.scandir(place) as entries:
                for entry in entries:
                    if is_leftover(entry.name):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append((entry.path, (*parts, entry.name)))
                    elif entry.is_file():
                        found.append((*parts, entry.name))
        except PermissionError:
            continue
    return ["/".join(parts) for parts in sorted(found)]

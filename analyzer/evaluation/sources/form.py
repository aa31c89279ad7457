"""A form in which labelled images lie on a disk: a folder layout, or a kind of file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.file_images import ImageFiles
from analyzer.evaluation.sources.npz_file import ArchiveImages
from analyzer.evaluation.sources.source import ArraySource

Opened = ArraySource | ArchiveImages | ImageFiles
"""Sources that forms yield: images in memory, rows of one file, or a file for each."""


class SourceForm(Protocol):
    """One form; a file of this folder for each."""

    @property
    def idle(self) -> Mapping[str, str]:
        """By name of an option that has no effect on this form: why, as half a sentence."""

    def refuses(self, path: Path, asked: Asked, /) -> str:
        """The reason why a path is not of this form, as half a sentence; empty: it is.

        Args:
            path: of a file or folder that is there.
            asked: wishes, of which some forms are known.
        """

    def open(self, path: Path, asked: Asked, /) -> Opened:
        """The images of a path that is not refused; none is decoded yet.

        Args:
            path: of a file or folder.
            asked: what is wanted of it.

        Raises:
            DataError: it cannot be read, or is not what was asked for.
            FileMissing: a file that belongs to it is not there.
            TooLarge: it is more than a data set may be.
            PackageMissing: it needs an optional package.
        """

"""EuroSAT (P. Helber et al., 2019) in the tree that torchvision unpacks: ``2750/CLASS/*.jpg``."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.class_folders import ClassFolders
from analyzer.evaluation.sources.file_images import ImageFiles
from analyzer.evaluation.sources.listed_files import ListedFiles

FOLDERS = ("2750", "eurosat/2750")
"""What the folder in the published archive is called, and where torchvision puts it."""


class EuroSat:
    """Class folders two levels down; AiTLAS's splits name files there as well."""

    idle: ClassVar[Mapping[str, str]] = {
        "part": "EuroSAT has no parts of its own; give a split of it by --labels",
        "masks": "EuroSAT's images have one class each",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path holds no EuroSAT; empty: it does."""
        return "" if _folder(path) is not None else "it holds no folder 2750"

    def open(self, path: Path, asked: Asked) -> ImageFiles:
        """The images; see `SourceForm.open`.

        Args:
            path: of a folder that holds ``2750`` or ``eurosat/2750``.
            asked: a list, names of the classes, and channels.
        """
        folder = _folder(path)
        assert folder is not None, "who has none is refused"
        form = ClassFolders() if asked.labels is None else ListedFiles()
        return replace(form.open(folder, asked), name=path.name)


def _folder(path: Path) -> Path | None:
    return next((path / name for name in FOLDERS if (path / name).is_dir()), None)

"""The one place that chooses the form of a data set, and keeps the reason where none takes it."""

from collections.abc import Sequence
from pathlib import Path

from analyzer.errors import BadData, BadOption, FileMissing
from analyzer.evaluation.sources.asked import COLORS, Asked
from analyzer.evaluation.sources.cifar import Cifar
from analyzer.evaluation.sources.class_folders import ClassFolders
from analyzer.evaluation.sources.dfc2020 import Dfc2020
from analyzer.evaluation.sources.eurosat import EuroSat
from analyzer.evaluation.sources.form import Opened, SourceForm
from analyzer.evaluation.sources.listed_files import ListedFiles
from analyzer.evaluation.sources.masked_folders import MaskedFolders
from analyzer.evaluation.sources.npz_file import NpzFile
from analyzer.evaluation.sources.part_folders import PartFolders

FORMS: tuple[SourceForm, ...] = (
    Cifar(),
    Dfc2020(),
    PartFolders(),
    EuroSat(),
    MaskedFolders(),
    ListedFiles(),
    ClassFolders(),
    NpzFile(),
)
"""Special layouts before general ones; the reason of the last is the one that is told."""


def choose_form(path: Path, asked: Asked, forms: Sequence[SourceForm] = FORMS) -> SourceForm:
    """The form of a data set.

    Args:
        path: of a file or a folder.
        asked: what is wanted of it.
        forms: in the order in which they are asked.

    Raises:
        FileMissing: nothing is there, or no file.
        BadData: it has none of the forms; the message says why.
        BadOption: an option has no effect on such data.
    """
    if not path.exists():
        raise FileMissing(f"there is no data set {path}")
    if not (path.is_dir() or path.is_file()):
        raise FileMissing(f"{path} is a device or a pipe; relcheck reads data sets from files")
    reasons = []
    for form in forms:
        if not (reason := form.refuses(path, asked)):
            for option in asked.options:
                if why := form.idle.get(option):
                    raise BadOption(f"--{option} has no effect on {path}: {why}")
            return form
        reasons.append(reason)
    raise BadData(f"{path} is no data set: {reasons[-1]}")


def open_source(
    path: Path,
    *,
    labels: Path | None = None,
    masks: Path | None = None,
    part: str | None = None,
    classes: Sequence[str] = (),
    channels: int = COLORS,
) -> Opened:
    """Open a data set as a stream of images; none is decoded before it is asked for.

    Args:
        path: a folder in one of the layouts of docs/data.md, or an ``.npz`` file.
        labels: a list of files and classes, for a folder of images: AiTLAS's splits, or a CSV.
        masks: a folder with a mask for each image, of the same name.
        part: ``train``, ``val`` or ``test``, where the data set has such parts.
        classes: names of the classes, in the order of their numbers; empty: as the data set has
            them.
        channels: that pictures are brought to: 1 (grey), 3 (RGB) or 4 (RGBA). Bands of sensors
            stay as they are.

    Raises:
        FileMissing: it, or a file that it names, is not there.
        BadData: it cannot be read.
        DataMismatch: its classes are not those of ``classes``.
        BadOption: an option has no effect on such data.
        TooLarge: it is more than a data set may be.
        PackageMissing: it needs an optional package.
    """
    asked = Asked(labels, masks, part, tuple(classes), channels)
    return choose_form(path, asked).open(path, asked)

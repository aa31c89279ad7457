"""Sources of labelled images, shared by training, calibration and analysis; they know no model.

A form (`form.py`) is a layout in which images lie on a disk, a file of this folder for each;
`choose.py` has the one list, asks one after the other, and keeps the reason.
"""

from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.choose import FORMS, choose_form, open_source
from analyzer.evaluation.sources.file_images import ImageFiles
from analyzer.evaluation.sources.form import Opened, SourceForm
from analyzer.evaluation.sources.npz_file import ArchiveImages
from analyzer.evaluation.sources.source import (
    ArraySource,
    ChosenImages,
    Image,
    ImageSource,
    Mask,
    MaskedSource,
)

__all__ = [
    "FORMS",
    "ArchiveImages",
    "ArraySource",
    "Asked",
    "ChosenImages",
    "Image",
    "ImageFiles",
    "ImageSource",
    "Mask",
    "MaskedSource",
    "Opened",
    "SourceForm",
    "choose_form",
    "open_source",
]

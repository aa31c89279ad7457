"""DFC2020 (M. Schmitt et al., IEEE GRSS data fusion contest 2020): radar, bands and land cover.

Each place has files of Sentinel-1 (2 bands), Sentinel-2 (13 bands) and a mask, in folders that
begin with ``s1_``, ``s2_`` and ``dfc_``, or ``lc_`` as in SEN12MS, in a folder for each part.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from analyzer.errors import BadData, BadOption, FileMissing
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.decoders import BandDecoder
from analyzer.evaluation.sources.file_images import ImageFiles, Layer, MaskLayer
from analyzer.evaluation.sources.folder_tree import is_picture
from analyzer.evaluation.sources.mask_files import IGNORED, MaskReader
from analyzer.evaluation.sources.part_folders import check_part

PARTS = {"val": "ROIs0000_validation", "test": "ROIs0000_test", "train": "ROIs0000_train"}
"""Folders of the parts; the contest published the first two."""

SENSORS = ("s1", "s2")
CLASSES = (
    *("Forest", "Shrubland", "Grassland", "Wetlands"),
    *("Croplands", "Urban", "Barren", "Water"),
)

DFC = (IGNORED, 0, 1, IGNORED, 2, 3, 4, 5, IGNORED, 6, 7)
"""Number in a file of ``dfc_`` -> class: the contest's ten, of which savanna (3) and snow and ice
(8) do not count."""

IGBP_TO_DFC = (0, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 6, 8, 9, 10)
"""Land cover of IGBP, the first band of a file of ``lc_`` -> the contest's ten classes, as the
contest published the two legends; 0 is none."""

IGBP = tuple(DFC[number] for number in IGBP_TO_DFC)

READERS = {
    "dfc": MaskReader(len(CLASSES), DFC, "DFC2020"),
    "lc": MaskReader(len(CLASSES), IGBP, "IGBP"),
}


class Dfc2020:
    """Two sensors and a mask; a model of one sensor's bands is fed these, others both."""

    idle: ClassVar[Mapping[str, str]] = {
        "labels": "DFC2020's masks give each pixel its class",
        "masks": "DFC2020's masks lie beside its images",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path is no DFC2020; empty: it is."""
        if not path.is_dir():
            return "it is no folder"
        parts = [name for name in PARTS.values() if (path / name).is_dir()]
        return "" if parts or _sensors(path) else "it holds no folders s1_... and s2_..."

    def open(self, path: Path, asked: Asked) -> ImageFiles:
        """The images of one part; see `SourceForm.open`.

        Args:
            path: of the folder that holds the parts, or of one of them.
            asked: the part.
        """
        folder = _part(path, asked.part)
        columns = _columns(folder)
        kind = next((kind for kind in READERS if kind in columns), None)
        if kind is None:
            raise FileMissing(f"{folder} holds no masks: no folder dfc_... or lc_...")
        ids = sorted(columns["s2"])
        for name in ("s1", kind):
            missing = [i for i in ids if i not in columns[name]]
            if missing:
                raise FileMissing(
                    f"{len(missing):,} of {len(ids):,} places of {folder} have no file of {name}: "
                    f"the first is {columns['s2'][missing[0]]}"
                )
        layers = tuple(
            Layer(name, folder, tuple(columns[name][i] for i in ids), BandDecoder())
            for name in SENSORS
        )
        masks = MaskLayer(folder, tuple(columns[kind][i] for i in ids), READERS[kind])
        return ImageFiles(
            name=path.name if folder == path else f"{path.name}/{folder.name}",
            layers=layers,
            labels=None,
            classes=CLASSES,
            mask_layer=masks,
            note=f"Sentinel-1 and Sentinel-2, classes of pixels by {kind}_: {CLASSES[0]} = 0 .. "
            f"{CLASSES[-1]} = {len(CLASSES) - 1}; savanna, snow and ice do not count",
        )


def _part(path: Path, part: str | None) -> Path:
    there = {part: path / name for part, name in PARTS.items() if (path / name).is_dir()}
    if part is not None:
        check_part(part)
    if not there:
        if part is not None:
            raise BadOption(f"--part has no effect: {path} is one part of DFC2020 already")
        return path
    told = ", ".join(f"{part} ({folder.name})" for part, folder in there.items())
    if part is None:
        raise BadOption(f"{path} holds the parts {told}; say which by --part")
    if part not in there:
        raise BadData(f"{path} has no part {part!r} of DFC2020, but {told}")
    return there[part]


def _sensors(path: Path) -> bool:
    """True if a folder holds those of both sensors."""
    names = [p.name for p in path.iterdir() if p.is_dir()]
    return all(any(n.startswith(f"{s}_") for n in names) for s in SENSORS)


def _columns(folder: Path) -> dict[str, Mapping[str, str]]:
    """By the beginning of a folder's name: by place, the path of its file."""
    found: dict[str, dict[str, str]] = {}
    for inner in sorted(p for p in folder.iterdir() if p.is_dir()):
        kind = inner.name.partition("_")[0]
        if kind not in (*SENSORS, *READERS):
            continue
        for file in sorted(p for p in inner.iterdir() if is_picture(p.name) and p.is_file()):
            place = f"{inner.name.partition('_')[2]}/{file.stem.replace(f'_{kind}_', '_')}"
            found.setdefault(kind, {})[place] = f"{inner.name}/{file.name}"
    for kind in SENSORS:
        if kind not in found:
            raise BadData(f"{folder} holds no files of {kind}, in a folder {kind}_...")
    return dict(found)

"""Images with a class for each pixel: a folder of images, and one of masks of the same names."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from analyzer.errors import BadData, FileMissing
from analyzer.evaluation.sources.asked import Asked
from analyzer.evaluation.sources.class_folders import files_of, pictures_in
from analyzer.evaluation.sources.file_images import ImageFiles, MaskLayer
from analyzer.evaluation.sources.file_pairs import match_files
from analyzer.evaluation.sources.folder_tree import look_into, name_some
from analyzer.evaluation.sources.mask_files import MaskReader


class MaskedFolders:
    """Masks are PNG or TIFF files of class numbers, or of a palette; 255 does not count."""

    idle: ClassVar[Mapping[str, str]] = {
        "labels": "--masks gives a class to each pixel; leave one of them out",
    }

    def refuses(self, path: Path, asked: Asked) -> str:
        """The reason why a path is no folder with masks; empty: it is."""
        if asked.masks is None:
            return "there are no masks"
        return "" if path.is_dir() else "--masks is for a folder of images"

    def open(self, path: Path, asked: Asked) -> ImageFiles:
        """The images and their masks; see `SourceForm.open`.

        Args:
            path: of the images.
            asked: the folder of the masks, names of the classes, and channels.
        """
        assert asked.masks is not None, "who is without masks is refused"
        if not asked.masks.is_dir():
            raise FileMissing(f"there is no folder of masks {asked.masks}")
        tree, found = pictures_in(path), look_into(asked.masks)
        masks = match_files(tree.pictures, found.pictures, asked.masks, "mask")
        used = set(masks)
        left = [mask for mask in found.pictures if mask not in used]
        note = f"classes of pixels are those of the masks in {asked.masks.name}"
        if left:
            note += f"; {len(left):,} masks have no image and are left out: {name_some(left)}"
        if asked.masks.resolve() == path.resolve():
            raise BadData(f"--masks {asked.masks} is the folder of the images itself")
        reader = MaskReader(len(asked.classes) or None)
        source = files_of(path, tree.pictures, asked, tree, note=note)
        return replace(
            source, classes=asked.classes, mask_layer=MaskLayer(asked.masks, masks, reader)
        )

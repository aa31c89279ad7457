"""Decoders of the files of images: pictures as people see them, or bands of a sensor as stored.

One place chooses for all files of a folder, by the first of them that can be told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from analyzer.evaluation.sources.bands import decode_bands, holds_bands
from analyzer.evaluation.sources.pictures import Picture, UnreadablePicture, decode, read_bytes

TIFF = frozenset({".tif", ".tiff"})
MOST_TRIED = 16
"""Files that are looked at before a folder of damaged ones counts as pictures."""


class Decoder(Protocol):
    """Makes an image of the bytes of a file."""

    @property
    def bands(self) -> bool:
        """True if channels are those that the files have, and values as they are stored."""

    def decode(self, content: bytes, file: Path) -> Picture:
        """One image.

        Args:
            content: the bytes of the file.
            file: where they come from, for messages.

        Raises:
            UnreadablePicture: it is damaged, or no such image.
            TooLarge: it has more pixels than an image may have.
            PackageMissing: it needs an optional package.
        """


@dataclass(frozen=True, slots=True)
class PictureDecoder:
    """Decodes pictures to 8 bits and a wanted number of channels.

    Attributes:
        channels: 1 (grey), 3 (RGB) or 4 (RGBA).
    """

    channels: int

    bands = False

    def decode(self, content: bytes, file: Path) -> Picture:
        """As in `Decoder`: uint8 pixels."""
        return decode(content, file, self.channels)


@dataclass(frozen=True, slots=True)
class BandDecoder:
    """Decodes TIFF files of any number of bands, with the values that are stored."""

    bands = True

    def decode(self, content: bytes, file: Path) -> Picture:
        """As in `Decoder`: uint8, uint16 or float32 values."""
        return decode_bands(content, file)


def decoder_for(root: Path, files: Sequence[str], channels: int) -> Decoder:
    """The decoder of a folder's files: of bands if all are TIFF files that are no pictures.

    Args:
        root: the folder.
        files: paths in it.
        channels: that pictures are brought to.
    """
    if all(Path(file).suffix.lower() in TIFF for file in files):
        for file in files[:MOST_TRIED]:
            try:
                if holds_bands(read_bytes(root / file)):
                    return BandDecoder()
                break
            except UnreadablePicture:
                continue
    return PictureDecoder(channels)

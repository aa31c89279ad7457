"""Wishes about a data set: where labels or masks stand, which part is meant, how classes count."""

from dataclasses import dataclass, fields
from pathlib import Path

COLORS = 3
"""Channels that pictures get if nobody asks for others."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Wishes of a user, or of a model, about the images of a data set.

    Attributes:
        labels: A list of files and classes.
        masks: A folder with a mask for each image.
        part: ``train``, ``val`` or ``test``, of a data set that has such parts.
        classes: Names of the classes, in the order of their numbers; empty: nobody says.
        channels: Of pictures: 1 (grey), 3 (RGB) or 4 (RGBA). Bands of sensors keep their number.
    """

    labels: Path | None = None
    masks: Path | None = None
    part: str | None = None
    classes: tuple[str, ...] = ()
    channels: int = COLORS

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options that were given, of those that not every form takes."""
        optional = ("labels", "masks", "part")
        return tuple(
            f.name for f in fields(self) if f.name in optional and getattr(self, f.name) is not None
        )

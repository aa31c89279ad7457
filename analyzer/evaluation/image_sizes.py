"""Sizes of images as torchvision's resizing and cropping give them, and the most that is taken."""

from analyzer.errors import TooLarge
from analyzer.model import limits


def check_pixels(rows: int, columns: int, what: str) -> None:
    """Refuse an image before memory is reserved for it.

    Args:
        rows: pixels from top to bottom.
        columns: pixels from left to right.
        what: name of the image, for the refusal.

    Raises:
        TooLarge: it has more pixels than an image may have.
    """
    if rows * columns > limits.IMAGE_PIXELS:
        raise TooLarge(
            f"{what} has {rows}x{columns} pixels; at most {limits.IMAGE_PIXELS:,} are handled"
        )


def resized_size(rows: int, columns: int, length: int) -> tuple[int, int]:
    """Rows and columns once the shorter side has ``length`` pixels.

    The longer side is cut off, not rounded, as torchvision does.

    Args:
        rows: pixels from top to bottom, 1 or more.
        columns: pixels from left to right, 1 or more.
        length: pixels of the shorter side afterwards.

    >>> resized_size(375, 500, 256), resized_size(500, 375, 256)
    ((256, 341), (341, 256))
    """
    if rows <= columns:
        return length, int(length * columns / rows)
    return int(length * rows / columns), length


def crop_start(length: int, side: int) -> int:
    """The first row or column that a central crop keeps.

    Halves go to the even neighbour, as torchvision's ``int(round((length - side) / 2.0))`` does.

    Args:
        length: pixels of the image along one side.
        side: pixels that are kept.

    >>> crop_start(11, 8), crop_start(13, 8)
    (2, 2)
    """
    return round((length - side) / 2)

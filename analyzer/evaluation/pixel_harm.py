"""Harm to single pixels of the images of a trial, as whole numbers that add."""

from collections import Counter
from typing import NamedTuple


class PixelHarm(NamedTuple):
    """Harm to the pixels of one trial, in units of 1 / `pixel_scores.UNITS`; additive.

    Attributes:
        changed: Sum over images of the share of their pixels that silently changed class.
        moved: Number of each class whose IoU moved, ascending, and by how much, summed over the
            images that show it; below 0 where it is lower than golden's.
    """

    changed: int = 0
    moved: tuple[tuple[int, int], ...] = ()


UNHARMED = PixelHarm()


def added(one: PixelHarm, other: PixelHarm) -> PixelHarm:
    """Harm to the images of both.

    Args:
        one: of some images.
        other: of others.

    >>> added(PixelHarm(3, ((0, -5), (2, 1))), PixelHarm(1, ((2, -1), (4, -2))))
    PixelHarm(changed=4, moved=((0, -5), (4, -2)))
    """
    if one == UNHARMED or other == UNHARMED:
        return other if one == UNHARMED else one
    total = Counter(dict(one.moved))
    total.update(dict(other.moved))
    moved = tuple((number, total[number]) for number in sorted(total) if total[number])
    return PixelHarm(one.changed + other.changed, moved)

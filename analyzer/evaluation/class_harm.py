"""Silent corruption by class, as whole numbers of images that add."""

from collections.abc import Sequence
from typing import NamedTuple


class ClassHarm(NamedTuple):
    """Silent corruption among the images of one class of one trial.

    Attributes:
        number: Of the class.
        sdc: Images with silent data corruption, 1 or more.
        critical: Those of them whose change of class is critical.
    """

    number: int
    sdc: int
    critical: int


def added(one: Sequence[ClassHarm], other: Sequence[ClassHarm]) -> tuple[ClassHarm, ...]:
    """Silent corruption by class of the images of both.

    Args:
        one: of some images.
        other: of others.

    >>> added([ClassHarm(1, 2, 0)], [ClassHarm(0, 1, 1), ClassHarm(1, 1, 1)])
    (ClassHarm(number=0, sdc=1, critical=1), ClassHarm(number=1, sdc=3, critical=1))
    """
    if not one or not other:
        return tuple(one or other)
    found: dict[int, ClassHarm] = {}
    for harm in (*one, *other):
        before = found.get(harm.number, ClassHarm(harm.number, 0, 0))
        found[harm.number] = ClassHarm(
            harm.number, before.sdc + harm.sdc, before.critical + harm.critical
        )
    return tuple(found[number] for number in sorted(found))

"""Cells: what the trials of a block draw their patterns from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One stratum of the patterns of one rate.

    Attributes:
        rate: Bit error rate.
        stratum: Index of the stratum among those of the rate.
    """

    rate: float
    stratum: int = 0

    @property
    def name(self) -> str:
        """Its key in journals, e.g. ``1e-06/0``."""
        return f"{self.rate!r}/{self.stratum}"

    @staticmethod
    def named(name: str) -> "Cell":
        """The inverse of `name`.

        Raises:
            ValueError: it is no such key.
        """
        rate, _, stratum = name.partition("/")
        return Cell(float(rate), int(stratum))


DRAWN, EVERY = "drawn", "every"


@dataclass(frozen=True, slots=True, order=True)
class SiteCell:
    """One stratum of the single upsets of one tensor: a cell of a vulnerability map.

    Attributes:
        tensor: Index of the tensor in the fault space.
        part: Index of the stratum among those of the tensor.
        every: Trials go through every site and batch in turn instead of drawing them.
    """

    tensor: int
    part: int
    every: bool = False

    @property
    def name(self) -> str:
        """Its key in journals, e.g. ``drawn/3/0``."""
        return f"{EVERY if self.every else DRAWN}/{self.tensor}/{self.part}"

    @staticmethod
    def named(name: str) -> "SiteCell":
        """The inverse of `name`.

        Raises:
            ValueError: it is no such key.
        """
        how, tensor, part = name.split("/")
        if how not in (DRAWN, EVERY):
            raise ValueError(f"{name!r} names no cell")
        return SiteCell(int(tensor), int(part), how == EVERY)


AnyCell = Cell | SiteCell


def cell_named(name: str) -> AnyCell:
    """The cell with this key.

    Raises:
        ValueError: it is no such key.

    >>> cell_named("1e-06/2"), cell_named("every/3/0")
    (Cell(rate=1e-06, stratum=2), SiteCell(tensor=3, part=0, every=True))
    """
    return SiteCell.named(name) if name.count("/") == 2 else Cell.named(name)

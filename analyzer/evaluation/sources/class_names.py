"""Class numbers of folders of images: by the model's own names, by its number, by order."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analyzer.did_you_mean import meant
from analyzer.errors import DataMismatch, quoted


@dataclass(frozen=True, slots=True)
class Numbering:
    """Class numbers of folders.

    Attributes:
        labels: By name of the folder.
        note: How they were found.
        classes: How many classes there must be for the numbers to be right; None: they are right
            for any model that has these classes.
    """

    labels: Mapping[str, int]
    note: str
    classes: int | None

    def names(self, stated: Sequence[str]) -> tuple[str, ...]:
        """Names of the classes in the order of their numbers; empty: some numbers have none.

        Args:
            stated: by the model or a configuration; empty: nobody states any.

        >>> Numbering({"wren": 1, "crow": 0}, "", 2).names(())
        ('crow', 'wren')
        """
        if stated and all(0 <= number < len(stated) for number in self.labels.values()):
            return tuple(stated)
        by_number = {number: name for name, number in self.labels.items()}
        if sorted(by_number) != list(range(len(self.labels))):
            return ()
        return tuple(by_number[number] for number in range(len(by_number)))


def number_classes(
    folders: Sequence[str], names: Sequence[str], filled: Sequence[str] | None = None
) -> Numbering:
    """Number folders of images.

    Args:
        folders: their names, in any order; those without images count where order decides.
        names: the model's class names, in their order; empty: it states none.
        filled: those that hold images; None: all.

    Raises:
        DataMismatch: some folders are called like classes and others are not; two have one number.

    >>> number_classes(["10", "2", "0"], []).labels
    {'0': 0, '2': 2, '10': 10}
    >>> number_classes(["cat", "ant"], ["dog", "cat", "ant"]).labels
    {'ant': 2, 'cat': 1}
    >>> number_classes(["wren", "crow"], []).labels
    {'crow': 0, 'wren': 1}
    """
    note = ""
    if names:
        found = _by_names(folders if filled is None else filled, names)
        if found is not None:
            return found
        note = "no folder is called like a class that the model names; "
    if all(re.fullmatch("[0-9]+", folder) for folder in folders):
        return _by_number(folders, note)
    found = number_by_order(folders, "by sorted folder name")
    return replace(found, note=note + found.note)


def _by_names(folders: Sequence[str], names: Sequence[str]) -> Numbering | None:
    """By the model's own names; None if no folder is called like any."""
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        places.setdefault(_plain(name), []).append(place)
    found = {folder: places.get(_plain(folder), []) for folder in sorted(folders)}
    if not any(found.values()):
        return None
    for folder, several in found.items():
        if not several:
            raise DataMismatch(
                f"the model names its classes, and folder {quoted(folder)} is called like none"
                f"{meant(folder, names)}; rename it, or take it out of the data set"
            )
        if len(several) > 1:
            raise DataMismatch(
                f"folder {quoted(folder)} is called like classes {several[0]} and {several[1]} of "
                "the model; give the folders numbers instead"
            )
    labels = {folder: several[0] for folder, several in found.items()}
    if len(set(labels.values())) < len(labels):
        raise DataMismatch("two folders are called like the same class of the model; join them")
    return Numbering(labels, "folders are numbered by the class names that the model states", None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.strip()).casefold()


def _by_number(folders: Sequence[str], note: str) -> Numbering:
    numbers = {folder: int(folder) for folder in sorted(folders, key=int)}
    values = sorted(numbers.values())
    if len(set(values)) < len(values):
        raise DataMismatch("two folders have the same number as their name; join them")
    if values == list(range(1, len(values) + 1)):
        shifted = {folder: number - 1 for folder, number in numbers.items()}
        return Numbering(shifted, f"{note}folders 1..{len(values)} are classes 0..", len(values))
    told = f"{note}folders are called by numbers, which are the classes"
    moved = [f for place, f in enumerate(sorted(folders)) if place != numbers[f]]
    if moved and sorted(folders) != list(numbers):
        told += (
            f": folder {moved[0]} is class {numbers[moved[0]]}, and would be "
            f"{sorted(folders).index(moved[0])} in the order of text (torchvision's ImageFolder)"
        )
    return Numbering(numbers, told, None)


def number_by_order(names: Sequence[str], how: str) -> Numbering:
    """Number classes by the order of their names as text.

    Args:
        names: of all classes, in any order, one or more.
        how: half a sentence on the order, for the note.

    >>> number_by_order(["wren", "crow"], "by sorted name").note
    'classes are numbered by sorted name: crow = 0 .. wren = 1'
    """
    ordered = sorted(names)
    told = f"classes are numbered {how}: {ordered[0]} = 0"
    if len(ordered) > 1:
        told += f" .. {ordered[-1]} = {len(ordered) - 1}"
    natural = sorted(ordered, key=_natural)
    if natural != ordered:
        late = next(b for a, b in zip(ordered, natural, strict=True) if a != b)
        early = ordered[ordered.index(late) - 1]
        told += f"; in the order of text, where {early} comes before {late}"
    labels = {name: number for number, name in enumerate(ordered)}
    return Numbering(labels, told, len(ordered))


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which c2 comes before c10."""
    parts = re.split("([0-9]+)", name)
    return [(int(p), "") if p.isdecimal() else (0, p) for p in parts]

"""Silent corruption by class of the images: the part of a report, and its sentences."""

from collections.abc import Iterator, Sequence

from analyzer.campaign.class_shares import ClassShare, ClassShares
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.build import interval_part
from analyzer.reports.shared.records import (
    Count,
    Fraction,
    IntervalPart,
    Name,
    ReportRecord,
    left_out,
)

FEW_IMAGES = 10
"""Images of a class below which a report says how few there are."""


class ClassSdcPart(ReportRecord):
    """Silent corruption of the images of one class.

    ``name`` is what the model calls it; empty where it states none. ``trials`` met such images.
    ``critical_sdc`` is there with a table of critical confusions.
    """

    index: Count
    name: Name
    images: Count
    trials: Count
    sdc: IntervalPart
    critical_sdc: IntervalPart | None = left_out()


class ClassesPart(ReportRecord):
    """Silent corruption by class: the label's or, without labels, that of golden's decision.

    ``classes`` are those with an estimate, by number; of ``without_estimate`` others too little was
    tried. All intervals hold together with the confidence ``joint``, for which each has the
    confidence ``confidence`` (Bonferroni). ``worst`` is the number of the class with the highest
    critical SDC or, without a table of it, SDC; absent where none was seen. ``rivals`` others have
    an interval that reaches its lower limit, so that they may be as bad.
    """

    classes: list[ClassSdcPart]
    without_estimate: Count
    confidence: Fraction
    joint: Fraction
    worst: Count | None
    rivals: Count


def classes_part(
    found: ClassShares | None, names: Sequence[str], joint: float
) -> ClassesPart | None:
    """The part of all classes; None: there are no figures by class.

    Args:
        found: the figures.
        names: of the model's classes, in their order; empty: it states none.
        joint: confidence of all intervals together.
    """
    if found is None:
        return None
    parts = [_part(share, names) for share in found.classes if share.sdc is not None]
    worst = max(parts, key=lambda part: _ranked(part).estimate, default=None)
    if worst is not None and not _ranked(worst).estimate:
        worst = None
    rivals = 0
    if worst is not None:
        low = _ranked(worst).low
        rivals = sum(part is not worst and _ranked(part).high >= low for part in parts)
    return ClassesPart(
        classes=parts,
        without_estimate=len(found.classes) - len(parts),
        confidence=found.confidence,
        joint=joint,
        worst=worst.index if worst else None,
        rivals=rivals,
    )


def _part(share: ClassShare, names: Sequence[str]) -> ClassSdcPart:
    sdc = interval_part(share.sdc)
    assert sdc is not None, "classes without an estimate are left out"
    return ClassSdcPart(
        index=share.number,
        name=class_name(share.number, names),
        images=share.images,
        trials=share.trials,
        sdc=sdc,
        critical_sdc=interval_part(share.critical),
    )


def class_name(number: int, names: Sequence[str]) -> str:
    """The name of a class; empty where the model states none.

    Args:
        number: of the class, from 0.
        names: of the model's classes, in their order.
    """
    return names[number] if number < len(names) else ""


def _ranked(part: ClassSdcPart) -> IntervalPart:
    """The figure by which the worst class is found."""
    return part.critical_sdc or part.sdc


def shown_class(part: ClassSdcPart) -> str:
    """A class as people read it: its number, and its name if that tells more."""
    return (
        f"{part.index} {part.name}" if part.name not in ("", str(part.index)) else f"{part.index}"
    )


def class_sentences(part: ClassesPart | None) -> Iterator[str]:
    """The worst class by name, and what to know of the others; nothing without figures.

    Args:
        part: of one bit error rate, or of one event.
    """
    if part is None:
        return
    if part.classes:
        yield _worst(part)
    if part.without_estimate:
        count = part.without_estimate
        many = "1 class has" if count == 1 else f"{count} classes have"
        yield f"{many} no estimate: too few trials met images of {'it' if count == 1 else 'them'}."
    few = sum(one.images < FEW_IMAGES for one in part.classes)
    if few:
        have = "class has" if len(part.classes) == 1 else "classes have"
        yield (
            f"{few} of {len(part.classes)} {have} fewer than {FEW_IMAGES} images: such figures "
            "speak of these images, and say little of the class."
        )


def _worst(part: ClassesPart) -> str:
    """The class that suffers most, or the bound that holds for all of them."""
    joint = f"{100 * part.joint:g} %"
    worst = next((one for one in part.classes if one.index == part.worst), None)
    if worst is None:
        most = max(_ranked(one).high for one in part.classes)
        return (
            f"No silent corruption was seen in any class: at most {figures.percent(most)} % in "
            f"each of them, with {joint} confidence for all together."
        )
    word = "SDC" if worst.critical_sdc is None else "critical SDC"
    ranked = _ranked(worst)
    exact = ranked.low == ranked.high
    ends = "exact" if exact else f"{figures.bounds(ranked)} %"
    images = "image" if worst.images == 1 else "images"
    said = (
        f"Worst class: {shown_class(worst)}, {word} {figures.percent(ranked.estimate)} % ({ends}; "
        f"{worst.images} {images})."
    )
    if exact:
        return said
    others = len(part.classes) - 1
    if not part.rivals:
        rest = "the other" if others == 1 else f"the {others} others"
        return f"{said} It is worse than {rest}, with {joint} confidence."
    rivals = "Any other" if part.rivals == others else f"{part.rivals} of {others} others"
    return f"{said} {rivals} may be as bad, with {joint} confidence for all together."


def class_rows(part: ClassesPart, most: int) -> list[ClassSdcPart]:
    """The classes that a table lists, the worst first, as far as there is room.

    Args:
        part: of one bit error rate, or of one event.
        most: rows.
    """
    return sorted(part.classes, key=lambda one: (-_ranked(one).estimate, one.index))[:most]

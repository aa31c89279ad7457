"""Harm to single pixels: the parts of a report, and its sentences."""

from collections.abc import Iterator, Sequence

from analyzer.campaign.pixel_shares import ClassIou, PixelShares
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.build import interval_part
from analyzer.reports.shared.classes import class_name
from analyzer.reports.shared.records import Count, Fraction, IntervalPart, Name, ReportRecord


class GoldenClassPart(ReportRecord):
    """Fault-free IoU of one class.

    ``iou`` is the mean over the ``images`` whose label shows the class; ``pooled_iou`` divides its
    pixels of all images together. ``name`` is what the model calls it; empty where it states none.
    """

    index: Count
    name: Name
    images: Count
    iou: Fraction
    pooled_iou: Fraction


class ClassIouPart(ReportRecord):
    """IoU of one class under faults: the mean over images whose label shows it."""

    index: Count
    trials: Count
    iou: IntervalPart


class PixelsPart(ReportRecord):
    """Harm to single pixels at one bit error rate.

    ``changed`` is the mean share of an image's pixels that silently change class; absent while too
    much is untried. ``classes`` are those with an estimate, by number. Their intervals hold
    together with the confidence ``joint``, for which each has ``confidence`` (Bonferroni).
    """

    changed: IntervalPart | None
    classes: list[ClassIouPart]
    confidence: Fraction
    joint: Fraction


def pixels_part(found: PixelShares | None, joint: float) -> PixelsPart | None:
    """The part of one rate; None: there are no figures of pixels.

    Args:
        found: the figures.
        joint: confidence of the intervals of all classes together.
    """
    if found is None:
        return None
    return PixelsPart(
        changed=interval_part(found.changed),
        classes=[part for one in found.classes if (part := _class_part(one)) is not None],
        confidence=found.confidence,
        joint=joint,
    )


def _class_part(one: ClassIou) -> ClassIouPart | None:
    iou = interval_part(one.iou)
    return None if iou is None else ClassIouPart(index=one.number, trials=one.trials, iou=iou)


def golden_classes(
    found: Sequence[PixelShares | None], names: Sequence[str]
) -> list[GoldenClassPart] | None:
    """Fault-free figures by class; None where there are none.

    Args:
        found: of the rates.
        names: of the model's classes, in their order; empty: it states none.
    """
    for one in found:
        if one is not None and one.classes:
            return [
                GoldenClassPart(
                    index=each.number,
                    name=class_name(each.number, names),
                    images=each.images,
                    iou=each.golden,
                    pooled_iou=each.pooled,
                )
                for each in one.classes
            ]
    return None


def shown_golden_class(part: GoldenClassPart) -> str:
    """A class as people read it: its number, and its name if that tells more."""
    told = part.name not in ("", str(part.index))
    return f"{part.index} {part.name}" if told else f"{part.index}"


RateOfPixels = tuple[str, PixelsPart]
"""A rate as people read it, and its figures."""


def pixel_lines(
    classes: Sequence[GoldenClassPart] | None, rates: Sequence[RateOfPixels]
) -> Iterator[str]:
    """A sentence for each rate; nothing without figures of pixels.

    Args:
        classes: fault-free figures by class; None without labels.
        rates: with their figures.
    """
    if rates:
        yield ""
        yield "Pixels, and IoU by class over the images that show a class:"
    for rate, part in rates:
        changed = "–" if part.changed is None else _with_bounds(part.changed)
        said = f"{rate}: {changed} of an image's pixels silently change class"
        worst = _worst(classes or (), part)
        yield f"{said}; {worst}." if worst else f"{said}."


def _with_bounds(part: IntervalPart) -> str:
    return f"{figures.estimate(part)} % ({figures.bounds(part)} %)"


def _worst(classes: Sequence[GoldenClassPart], part: PixelsPart) -> str:
    """The class whose IoU falls most, as half a sentence; empty where none surely falls."""
    golden = {one.index: one for one in classes}
    fallen = [one for one in part.classes if one.iou.high < golden[one.index].iou]
    worst = max(fallen, key=lambda one: golden[one.index].iou - one.iou.estimate, default=None)
    if worst is None:
        return ""
    before = golden[worst.index]
    return (
        f"IoU falls most in class {shown_golden_class(before)}, from {figures.percent(before.iou)} "
        f"to {_with_bounds(worst.iou)}"
    )

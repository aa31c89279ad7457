"""Counts of outcomes over the images of one trial, and sums of their scores."""

from dataclasses import dataclass

from analyzer.evaluation.class_harm import ClassHarm, added
from analyzer.evaluation.pixel_harm import UNHARMED, PixelHarm
from analyzer.evaluation.pixel_harm import added as added_pixels


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Counts over the images of one trial, and sums of their scores; additive.

    Scores count in units of 1 / ``denominator``. With a metric of right and wrong answers the
    denominator is 1, and ``lost``, ``gained`` and ``right`` are numbers of images.

    Attributes:
        images: Images of the trial.
        sdc: Images with silent data corruption.
        due: Images with a detected unrecoverable error.
        masked: All others.
        lost: By how much scores are below golden's, summed over the images where they are.
        gained: By how much scores are above golden's, summed over the images where they are.
        right: Sum of golden's scores.
        detected: Images that met a pattern of which the memory's protection reported an error
            that it could not correct; they count among the others as well.
        corrected: Images that met a pattern all of whose upsets the memory's protection corrected;
            they count as masked as well.
        denominator: Of the metric, at least 1; of no images any.
        critical: Those images with silent data corruption whose change of class is critical.
        by_class: The same two, class by class, where images are of one class each: the label's or,
            without labels, that of golden's decision.
        pixels: Harm to single pixels, where decisions are classes of pixels.
    """

    images: int = 0
    sdc: int = 0
    due: int = 0
    masked: int = 0
    lost: int = 0
    gained: int = 0
    right: int = 0
    detected: int = 0
    denominator: int = 1
    corrected: int = 0
    critical: int = 0
    by_class: tuple[ClassHarm, ...] = ()
    pixels: PixelHarm = UNHARMED

    def __add__(self, other: "Outcomes") -> "Outcomes":
        """Sums over the images of both.

        Raises:
            ValueError: scores of two denominators.
        """
        unit = self.denominator if self.images else other.denominator
        if other.images and other.denominator != unit:
            raise ValueError(f"scores in units of 1/{unit} and 1/{other.denominator}")
        return Outcomes(
            self.images + other.images,
            self.sdc + other.sdc,
            self.due + other.due,
            self.masked + other.masked,
            self.lost + other.lost,
            self.gained + other.gained,
            self.right + other.right,
            self.detected + other.detected,
            unit,
            self.corrected + other.corrected,
            self.critical + other.critical,
            added(self.by_class, other.by_class),
            added_pixels(self.pixels, other.pixels),
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """The sums from ``images`` to ``right``, in the order of the attributes."""
        return (
            self.images,
            self.sdc,
            self.due,
            self.masked,
            self.lost,
            self.gained,
            self.right,
        )

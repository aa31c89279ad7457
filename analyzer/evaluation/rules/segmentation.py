"""The decision of a segmentation model: a class for each pixel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.facts import SEVERAL, OutputFacts, sums_to_one, whole, within_unit
from analyzer.evaluation.rules.remarks import images_of
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

Values = npt.NDArray[Any]
ClassMaps = npt.NDArray[np.uint16]
"""uint16 (images, height, width)."""

SHARE = 0.01
MANY_CLASSES = 2**16 - 1
NO_CLASS = MANY_CLASSES
"""Stands for a number in a map of classes that is none: negative, too large, broken or NaN."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """An image is answered differently if too many pixels change, or an important class is lost.

    Of equal scores the first class counts. A class is lost in an image if none of the pixels where
    golden shows it shows it still.

    Attributes:
        axis: Axis of the scores of classes, 1 or 3; 0: the output holds classes themselves;
            -1: it holds one score per pixel, compared with ``threshold``.
        share: Share of an image's pixels that may change, from 0 to 1.
        classes: Classes that must not be lost, e.g. "3+7"; empty: none.
        threshold: A higher score is class 1, where there is one score per pixel.
    """

    axis: int = 1
    share: float = SHARE
    classes: str = ""
    threshold: float = 0.5

    name = "segmentation"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        one_score = {"threshold": self.threshold} if self.axis == -1 else {}
        return {
            "axis": self.axis,
            "share": self.share,
            "classes": self.classes,
            **one_score,
        }

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        source = {
            0: "as the model answers it",
            -1: f"1 where the score is above {self.threshold:g}, else 0",
        }.get(self.axis, f"of the highest score along axis {self.axis}")
        numbers = ", ".join(map(str, self.important))
        lost = f", or if class {numbers} is lost" if self.classes else ""
        return (
            f"class of each pixel, {source}; an image differs if more than the share "
            f"{self.share:g} of its pixels changes{lost}"
        )

    @property
    def important(self) -> tuple[int, ...]:
        """Classes that must not be lost."""
        return tuple(int(number) for number in self.classes.split("+") if number)

    def decide(self, outputs: Outputs, images: int) -> ClassMaps:
        """As in `DecisionRule`: uint16 (images, height, width)."""
        maps = self.class_maps(outputs, images)
        if maps is None:
            raise GoldenFailed(
                f"an output of shape {outputs[0].shape} is not that of a segmentation model: no "
                f"map of classes per image (axis {self.axis}); name another rule by --task"
            )
        return maps

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        before = cast(ClassMaps, golden.decisions)
        after = self.class_maps(outputs, golden.images)
        if after is None or after.shape != before.shape:
            return np.ones(golden.images, bool)
        differs = (before != after).reshape(len(before), -1)
        pixels = differs.shape[1]
        many = np.count_nonzero(differs, axis=1) > self.share * pixels
        for number in self.important:
            shown = before == number
            kept = (shown & (after == number)).any(axis=(1, 2))
            many |= shown.any(axis=(1, 2)) & ~kept
        return np.asarray(many)

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """One class in all pixels of all images; see `RemarkingRule.remark`."""
        shown: set[int] = set()
        for batch in golden:
            shown.update(np.unique(cast(ClassMaps, batch.decisions)).tolist())
        if len(shown) != 1:
            return ""
        return (
            f"without faults every pixel of all {images_of(golden)} images has class "
            f"{shown.pop()}: the figures rest on this class alone"
        )

    def class_maps(self, outputs: Outputs, images: int) -> ClassMaps | None:
        """Classes of the pixels: uint16 (images, height, width); None if the outputs hold none.

        Args:
            outputs: as in `DecisionRule.decide`.
            images: how many images the run answered.
        """
        values = outputs[0]
        if values.ndim not in (3, 4) or len(values) < images:
            return None
        values = values[:images]
        if self.axis > 0:
            fits = values.ndim == 4 and values.shape[self.axis] in range(1, MANY_CLASSES)
            return highest(values, self.axis) if fits else None
        if values.ndim == 4:
            if 1 not in (values.shape[1], values.shape[3]):
                return None
            values = values[:, 0] if values.shape[1] == 1 else values[..., 0]
        if self.axis == 0:
            return _whole_classes(values)
        with np.errstate(invalid="ignore"):
            return (values > self.threshold).astype(np.uint16)


def highest(scores: Values, axis: int) -> ClassMaps:
    """The class with the highest score of each pixel, as `numpy.argmax` finds it.

    Plane by plane, which reads memory in order; `numpy.argmax` across planes takes many times as
    long.

    Args:
        scores: numbers (images, classes, height, width), or classes at another axis.
        axis: of the classes.

    Returns:
        uint16 (images, height, width).
    """
    planes = np.moveaxis(scores, axis, 0)
    best, classes = planes[0].copy(), np.zeros(planes.shape[1:], np.uint16)
    with np.errstate(invalid="ignore"):
        for number, plane in enumerate(planes[1:], 1):
            classes[plane > best] = number
            np.maximum(best, plane, out=best)  # NaN stays
    if best.dtype.kind == "f":
        broken = np.isnan(best)
        if broken.any():
            classes[broken] = planes[:, broken].argmax(axis=0)
    return classes


def _whole_classes(values: Values) -> ClassMaps:
    """Numbers of classes as they are; what is no class number becomes `NO_CLASS`."""
    if values.dtype.kind == "b":
        return values.astype(np.uint16)
    if values.dtype == np.uint8:
        return values.astype(np.uint16)
    with np.errstate(invalid="ignore"):
        valid = (values >= 0) & (values < MANY_CLASSES)
        if values.dtype.kind == "f":
            valid &= values == np.rint(values)
        return np.where(valid, values, NO_CLASS).astype(np.uint16)


def suits(facts: OutputFacts) -> Segmentation | str:
    """The rule for a segmentation model, or why the output is not for one. See `Recognizer`."""
    found = _axis(facts)
    if isinstance(found, str):
        return f"no map of classes: {found}"
    logits = found == -1 and not within_unit(facts.outputs[0])
    return Segmentation(found, threshold=0.0 if logits else 0.5)


MAP_WORDS = ("seg", "mask", "classes", "semantic", "parsing", "matte", "saliency")
FINEST, COARSEST = 1, 8
"""How many pixels of an image a pixel of a map may stand for, along each side."""


def _axis(facts: OutputFacts) -> int | str:
    """`Segmentation.axis` of the output, or why it is no map of classes."""
    if len(facts.outputs) != 1:
        return SEVERAL
    values = facts.outputs[0]
    if values.ndim not in (3, 4) or len(values) < facts.images or not values.size:
        return "not (images, classes, height, width)"
    single = values.ndim == 3 or 1 in (values.shape[1], values.shape[3])
    if values.dtype.kind in "iub" and single:
        return 0 if _on_canvas(facts, _sides(values)) else "integers, but not one per pixel"
    if values.dtype.kind != "f":
        return "not one score per class and pixel"
    if single:
        return _one_score(facts)
    axis = _class_axis(facts, values)
    if axis is None:
        return "which axis holds classes cannot be told"
    sides = tuple(np.delete(values.shape, [0, axis]))
    if not _on_canvas(facts, (int(sides[0]), int(sides[1]))):
        return "its maps are not as large as the images, or by a whole factor smaller"
    certain = sums_to_one(values, axis) or facts.operator(0) in ("Softmax", "LogSoftmax")
    if not (certain or facts.named(0, *MAP_WORDS)) and values.shape[axis] == 3:
        return "three numbers per pixel may be a picture"
    return axis


def _one_score(facts: OutputFacts) -> int | str:
    """The same, for one real number per pixel."""
    values = facts.outputs[0]
    if not _on_canvas(facts, _sides(values)):
        return "one number per place, but not per pixel"
    if whole(values) and facts.operator(0) == "Cast":
        return 0
    if facts.named(0, *MAP_WORDS) or facts.operator(0) in ("Sigmoid", "HardSigmoid"):
        return -1
    return "one number per pixel may be a depth, a picture or a score"


def _sides(values: Values) -> tuple[int, int]:
    """Height and width of maps with one number per pixel."""
    shape = values.shape
    if len(shape) == 4:
        return (shape[2], shape[3]) if shape[1] == 1 else (shape[1], shape[2])
    return shape[1], shape[2]


def _on_canvas(facts: OutputFacts, sides: tuple[int, int]) -> bool:
    """True if maps cover the images that were fed, each pixel a few of theirs."""
    canvas = facts.canvas()
    if canvas is None or min(sides) < 2:
        return False
    factor = -(-canvas[0] // sides[0])
    covers = (-(-canvas[0] // factor), -(-canvas[1] // factor)) == sides
    return FINEST <= factor <= COARSEST and covers


def _class_axis(facts: OutputFacts, values: Values) -> int | None:
    """1 or 3, whichever leaves sides that cover the images."""
    first, last = (values.shape[2], values.shape[3]), (values.shape[1], values.shape[2])
    fitting = [axis for axis, sides in ((1, first), (3, last)) if _on_canvas(facts, sides)]
    return fitting[0] if len(fitting) == 1 else None

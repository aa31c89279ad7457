"""``--expect top1=0.91``: refuse to go on where the fault-free figure is elsewhere.

A wrong preprocessing shows in nothing but the accuracy without faults; whoever knows what that is
says so, and no campaign is run on a model that was fed otherwise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.errors import BadOption, UnexpectedAccuracy
from analyzer.model.metadata import read_number

TOLERANCE = 0.005
"""Half a point: published figures are rounded, and runtimes round otherwise than trainers."""

SPREAD = 1.96
"""Standard deviations: the interval that holds the true share in 95 of 100 samples."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A figure that somebody knows.

    Attributes:
        metric: Its name.
        value: A fraction.
    """

    metric: str
    value: float

    def __str__(self) -> str:
        """The text that `parse_expectation` reads back as it was."""
        return f"{self.metric}={self.value!r}"


def parse_expectation(text: str) -> Expectation:
    """Read ``top1=0.91`` or ``top1=91%``.

    Args:
        text: as the flag gives it.

    Raises:
        BadOption: it cannot be read.

    >>> parse_expectation("top1=91%") == parse_expectation("top1 = 0.91")
    True
    """
    name, equals, figure = (part.strip() for part in text.partition("="))
    percent = figure.endswith("%")
    try:
        value = read_number(figure.removesuffix("%")) / (100 if percent else 1)
    except ValueError:
        value = -1.0
    if not (name and equals) or not 0.0 <= value <= 1.0:
        raise BadOption(
            f"--expect {text!r} cannot be read; write a metric and a share, like top1=0.91"
        )
    return Expectation(name, value)


def check_expectations(
    expected: Sequence[Expectation], metric: str, found: float, images: int
) -> None:
    """Compare the fault-free figure with what was expected of it.

    A figure is as expected if it differs by half a point at most, or if what is expected lies in
    the 95 % interval of the figure as a sample of so many images (Wilson, 1927).

    Args:
        expected: what was said.
        metric: that is measured.
        found: the fault-free figure, a fraction.
        images: on which it was measured.

    Raises:
        BadOption: another metric is expected than is measured.
        UnexpectedAccuracy: the figure is elsewhere.
    """
    for wanted in expected:
        if wanted.metric != metric:
            raise BadOption(
                f"--expect {wanted.metric} cannot be compared: this run measures {metric}; give "
                f"--metric {wanted.metric}, or --expect {metric}=..."
            )
        low, high = sampling_interval(found, images)
        if abs(found - wanted.value) > TOLERANCE and not low <= wanted.value <= high:
            raise UnexpectedAccuracy(
                f"without faults {metric} is {100 * found:.2f} % on {images:,} images, and "
                f"{100 * wanted.value:g} % was expected: the model is most likely fed otherwise "
                "than it was trained; relcheck check MODEL --data D tries the usual recipes"
            )


def sampling_interval(share: float, count: int, deviations: float = SPREAD) -> tuple[float, float]:
    """The interval of a share that was found in a sample (Wilson, JASA 22, 1927).

    Args:
        share: found, a fraction.
        count: size of the sample, 1 or more.
        deviations: quantile of the normal distribution; the default covers 95 %.

    >>> low, high = sampling_interval(0.9, 100)
    >>> round(low, 3), round(high, 3)
    (0.826, 0.945)
    """
    spread = deviations**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * share * (1 - share) + spread**2 / 4) / (1 + spread)
    low, high = middle - half, middle + half
    return max(0.0, min(low, share)), min(1.0, max(high, share))  # rounded past 0 or 1

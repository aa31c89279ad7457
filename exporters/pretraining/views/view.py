"""The description of one view of an image, and the views of the papers."""

from __future__ import annotations

from dataclasses import dataclass

SMALL = 96
"""Sides below it are small images, which no paper blurs (SimSiam, appendix D; SSQL, CIFAR)."""

LOCAL_SHARE = 96 / 224
"""Side of a local crop as a share of that of a global one (SwAV, section 4.1; DINO, section 3)."""


@dataclass(frozen=True, slots=True)
class View:
    """The law of one view. Colors change only in pictures, which are uint8 with three channels.

    Attributes:
        side: Of the square view, in pixels.
        scale: Least and largest share of the image's area that the crop covers, in (0, 1].
        jitter: Strengths of brightness, contrast, saturation (factors 1 - x to 1 + x) and hue (a
            share of the color circle, to either side).
        jitter_share: Probability of any jitter.
        gray: Probability that colors are taken away.
        blur: Probability of a Gaussian blur of 0.1 to 2 pixels.
        solarize: Probability that pixels of 128 and more are inverted.
        mirror: Probability that left and right are exchanged.
    """

    side: int
    scale: tuple[float, float] = (0.2, 1.0)
    jitter: tuple[float, float, float, float] = (0.4, 0.4, 0.4, 0.1)
    jitter_share: float = 0.8
    gray: float = 0.2
    blur: float = 0.5
    solarize: float = 0.0
    mirror: float = 0.5


def local_side(side: int) -> int:
    """Side of local crops beside global ones.

    >>> local_side(224), local_side(32)
    (96, 14)
    """
    return max(1, round(side * LOCAL_SHARE))


def blurred(share: float, side: int) -> float:
    """The probability of a blur, which small images do without.

    Args:
        share: the probability in the paper, in [0, 1].
        side: of the global crops, in pixels.

    >>> blurred(0.5, 224), blurred(0.5, 32)
    (0.5, 0.0)
    """
    return share if side >= SMALL else 0.0


def simsiam_views(side: int) -> tuple[View, ...]:
    """Two views alike (SimSiam, appendix A; SSQL has the same)."""
    return (View(side, blur=blurred(0.5, side)),) * 2


def swav_views(side: int, local: int) -> tuple[View, ...]:
    """Two global crops and some local ones (SwAV, section 4.1 and appendix A).

    Args:
        side: of the global crops, in pixels.
        local: number of local crops.
    """
    jitter, blur = (0.8, 0.8, 0.8, 0.2), blurred(0.5, side)
    wide = View(side, (0.14, 1.0), jitter, blur=blur)
    narrow = View(local_side(side), (0.05, 0.14), jitter, blur=blur)
    return (wide, wide, *(narrow,) * local)


def dino_views(side: int, local: int) -> tuple[View, ...]:
    """Two unlike global crops and some local ones (DINO, section 3; colors as BYOL, table 6).

    Scales are those that DINO's authors use with convolutional networks.

    Args:
        side: of the global crops, in pixels.
        local: number of local crops.
    """
    jitter, wide, narrow = (0.4, 0.4, 0.2, 0.1), (0.14, 1.0), (0.05, 0.14)
    first = View(side, wide, jitter, blur=blurred(1.0, side))
    second = View(side, wide, jitter, blur=blurred(0.1, side), solarize=0.2)
    small = View(local_side(side), narrow, jitter, blur=blurred(0.5, side))
    return (first, second, *(small,) * local)

"""Harm of one upset, by the bit position that it hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from paper.figures.style import COLORS, MARKERS, Spoken, drawn
from paper.findings.interval import Interval

APART = 0.11
"""Distance between neighbouring networks at one position."""

LOWEST = 20
"""Lower mantissa bits are left out of the picture."""


@dataclass(frozen=True)
class Positions:
    """A network: bit positions of float32, 31 is the sign, with the SDC of an upset there."""

    name: str
    values: Sequence[tuple[int, Interval]]


def positions(networks: Sequence[Positions]) -> str:
    """One color per network, over the bit positions from the sign downwards.

    Returns:
        An SVG document.
    """

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for place, network in enumerate(networks):
            shift = APART * (place - (len(networks) - 1) / 2)
            there = sorted((bit, v) for bit, v in network.values if bit >= LOWEST)
            places = [bit - shift for bit, _ in there]
            color = COLORS[place % len(COLORS)]
            lows, highs = [v.low for _, v in there], [v.high for _, v in there]
            axes.vlines(places, lows, highs, color=color, linewidth=1)
            axes.plot(
                places,
                [v.estimate for _, v in there],
                color=color,
                marker=MARKERS[place % len(MARKERS)],
                markersize=4,
                linewidth=0,
                label=network.name,
            )
        axes.set_xlim(31.6, LOWEST - 0.6)
        axes.set_xticks(range(31, LOWEST - 1, -1), [_name(b) for b in range(31, LOWEST - 1, -1)])
        axes.set_ylabel("SDC of one upset (% of images)")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g}"))
        axes.set_ylim(0, None)
        axes.set_xlabel("bit position of float32")
        axes.legend(loc="upper right", fontsize=9, ncols=2)

    spoken = Spoken(
        "SDC of one upset by bit position",
        "Horizontal: bit position of float32, from the sign downwards. Vertical: SDC of one "
        f"upset in percent of images. Points: {', '.join(n.name for n in networks)}. Bars: 99 % "
        "intervals.",
    )
    return drawn((8.4, 3.6), draw, spoken)


def _name(bit: int) -> str:
    if bit == 31:
        return "sign\n31"
    return {30: "exponent\n30", 22: "mantissa\n22"}.get(bit, str(bit))

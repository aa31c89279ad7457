"""The vulnerability map as one self-contained HTML page, with its heat map."""

import io
from itertools import groupby

import matplotlib as mpl
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, PowerNorm
from matplotlib.figure import Figure

from analyzer.reports.map.gate import evidence_of, why_open
from analyzer.reports.map.record import MapReport, TensorPart, advice, by_share
from analyzer.reports.map.worth import bit_advice, of_part
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.html_page import render
from analyzer.reports.shared.severity import SAID, severity_sentence
from analyzer.reports.shared.svg import STYLE, SVG_METADATA, only_svg
from analyzer.reports.shared.terminal_text import one_line
from analyzer.reports.shared.waivers import remarks, word

WORTH = {"field": "bit field", "bit": "bit position", "tensor": "tensor"}
"""Parts that may be protected -> head of the column that names them."""

MOST_ROWS = 60
"""Tensors in the heat map; the table has all of them."""

NAME_CHARACTERS = 28
COLORS = LinearSegmentedColormap.from_list("harm", ("#f7f8fa", "#f6c37d", "#d7482f", "#7a1420"))
"""Next to white where no harm was seen."""

NO_TRIAL = "#c9ced6"


def to_html(report: MapReport) -> str:
    """Render a map; every text in it is escaped."""
    return render(
        "vulnerability.html",
        report=report,
        metric=figures.METRIC_NAMES[report.golden.metric],
        chart=Markup(heat_map(report)),
        tensors=by_share(report),
        advice=advice(report),
        bit_advice=bit_advice(report),
        worth=[(title, of_part(report, part)) for part, title in WORTH.items()],
        most=MOST_ROWS,
        evidence_of=evidence_of,
        why_open=why_open,
        remarks=remarks,
        word=word,
        severity_sentence=severity_sentence,
        severity_said=SAID,
    )


def heat_map(report: MapReport) -> str:
    """SDC and DUE of one upset, tensor by bit position: one panel per width of elements.

    Returns:
        One ``<svg>`` element, the same bytes for the same report.
    """
    shown = {id(t) for t in by_share(report)[:MOST_ROWS]}
    rows = [t for t in report.tensors if id(t) in shown]
    groups = [list(g) for _, g in groupby(sorted(rows, key=_width), _width)]
    heights = [len(g) + 3 for g in groups]
    with mpl.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(9.2, 0.9 + 0.19 * sum(heights)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots(len(groups), 2, squeeze=False, height_ratios=heights)
        for (left, right), group in zip(axes, groups, strict=True):
            _panel(left, group, "sdc", "SDC")
            image = _panel(right, group, "due", "DUE")
            right.set_yticks([])
        bar = figure.colorbar(image, ax=axes, shrink=0.7, aspect=40, pad=0.01)
        bar.set_ticks(
            [0.0, 0.01, 0.1, 0.25, 0.5, 1.0], labels=["0", "1", "10", "25", "50", "100 %"]
        )
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(SVG_METADATA))
    return only_svg(stream.getvalue())


def _width(tensor: TensorPart) -> int:
    return len(tensor.columns)


def _panel(axes: Axes, tensors: list[TensorPart], outcome: str, title: str) -> QuadMesh:
    """Squares by tensor and bit position, the top bit at the left."""
    values = [[getattr(c, outcome) for c in reversed(t.columns)] for t in tensors]
    shares = np.array([[np.nan if v is None else v for v in row] for row in values], np.float64)
    axes.set_facecolor(NO_TRIAL)
    mesh = axes.pcolormesh(
        shares, cmap=COLORS, norm=PowerNorm(0.5, 0.0, 1.0), edgecolors="#ffffff", lw=0.4
    )
    axes.invert_yaxis()
    bits = shares.shape[1]
    ticks = [b for b in range(bits - 1, -1, -1) if bits <= 16 or b % 4 == 2]
    axes.set_xticks([bits - b - 0.5 for b in ticks], [str(b) for b in ticks], fontsize=7)
    names = [_label(t.name) for t in tensors]
    axes.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8, parse_math=False)
    axes.tick_params(length=0)
    axes.set_title(f"{title}, by bit position", fontsize=10)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return mesh


def _label(name: str) -> str:
    """The end of a long name; characters that the font may lack become ``?``."""
    shown = "".join(c if c.isascii() else "?" for c in one_line(name))
    return shown if len(shown) <= NAME_CHARACTERS else "..." + shown[-(NAME_CHARACTERS - 3) :]

"""Layouts of published checkpoints: one file each, and the one list."""

from __future__ import annotations

from collections.abc import Collection

from exporters.torch.layouts.dino import DinoLayout
from exporters.torch.layouts.layout import Layout
from exporters.torch.layouts.plain import PlainLayout
from exporters.torch.layouts.simsiam import SimsiamLayout
from exporters.torch.layouts.ssql import SsqlLayout
from exporters.torch.layouts.swav import SwavLayout

LAYOUTS: tuple[Layout, ...] = (
    SsqlLayout(),
    SwavLayout(),
    SimsiamLayout(),
    DinoLayout(),
    PlainLayout(),
)
"""In the order in which they are asked; the last one takes everything."""


def find_layout(keys: Collection[str]) -> Layout:
    """The layout of a checkpoint with these names.

    >>> find_layout(["conv1.weight", "prototypes.weight"]).name
    'SwAV'
    """
    return next(layout for layout in LAYOUTS if layout.recognize(keys))

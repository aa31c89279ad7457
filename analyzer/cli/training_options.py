"""Options that `relcheck train` and `relcheck pretrain` share: images, and where they run."""

from pathlib import Path
from typing import Annotated

from analyzer.cli import options
from analyzer.cli.option_forms import EFFORT, option, switch

IMAGES = "Images"
"""Heading under which help lists the images."""

HeldOut = Annotated[
    str | None, option(IMAGES, "X", "Share of --data that is held out (default 0.1).")
]
Part = Annotated[str | None, option(IMAGES, "WORD", "train, val or test, of data with such parts.")]
ValidationLabels = Annotated[
    Path | None, option(IMAGES, "FILE", "As --labels, of the validation images.")
]
ValidationPart = Annotated[
    str | None, option(IMAGES, "WORD", "As --part, of the validation images.")
]
MACHINE = {
    "seed": options.Seed,
    "device": Annotated[
        str | None, option(EFFORT, "WORD", "cpu (default), cuda, cuda:1, or auto.")
    ],
    "full_precision": Annotated[
        bool | None, switch("--full-precision", "On a GPU: float32 throughout.")
    ],
    "threads": Annotated[
        int | None, option(EFFORT, "N", "That prepare images (default: cores, at most 16).")
    ],
    "state": Annotated[
        Path | None, option(EFFORT, "FOLDER", "Keep the training there (default OUT.training).")
    ],
}


def pixel_options(panel: str) -> dict[str, object]:
    """The options that say how pixels become numbers.

    Args:
        panel: heading under which help lists them.
    """
    return {
        "scale": Annotated[str | None, option(panel, "X", "Factor on pixels, like 1/255.")],
        "mean": Annotated[str | None, option(panel, "X,..", "Of the scaled pixel.")],
        "std": Annotated[str | None, option(panel, "X,..", "Of the scaled pixel.")],
        "color": Annotated[str | None, option(panel, "WORD", "RGB or BGR.")],
    }

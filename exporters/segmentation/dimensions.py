"""The sizes of a Swin-UNet; those of Swin-T are the default."""

from dataclasses import dataclass

WINDOW = 7
PATCH = 4
MLP_RATIO = 4
"""Units of the hidden layer of a block, as a multiple of its channels (Liu et al. 2021, 3.1)."""


@dataclass(frozen=True, slots=True)
class Dimensions:
    """The sizes of a Swin-UNet.

    Attributes:
        bands: Channels of each input; two or more inputs have a backbone and a decoder each.
        classes: Of a pixel, 2 or more.
        embed: Channels of the first stage; each further stage has twice as many.
        depths: Blocks of each stage, two stages or more.
        heads: Attention heads of each stage; each divides the channels of its stage.
        window: Side of a window, in patches.
        patch: Side of a patch, in pixels, a power of 2.
    """

    bands: tuple[int, ...] = (3,)
    classes: int = 8
    embed: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    heads: tuple[int, ...] = (3, 6, 12, 24)
    window: int = WINDOW
    patch: int = PATCH

    def width(self, stage: int) -> int:
        """Channels of a stage, from 0.

        >>> [Dimensions().width(stage) for stage in range(4)]
        [96, 192, 384, 768]
        """
        return self.embed << stage

    @property
    def stages(self) -> int:
        """Number of stages."""
        return len(self.depths)

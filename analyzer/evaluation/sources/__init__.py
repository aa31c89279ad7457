"""Sources of labelled images, shared by training, calibration and analysis; they know no model."""

from analyzer.evaluation.sources.source import (
    ArraySource,
    ChosenImages,
    Image,
    ImageSource,
    Mask,
    MaskedSource,
)

__all__ = ["ArraySource", "ChosenImages", "Image", "ImageSource", "Mask", "MaskedSource"]

"""The settings of quantization-aware training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QatSettings:
    """The settings of quantization-aware training, beside those of any training.

    The numbers of epochs are those of torchvision's reference training of quantized networks.

    Attributes:
        batchnorm_epochs: Epochs in which BatchNorm normalizes by batches; from then on by its
            running statistics, as in the file. 0: it is frozen from the start.
        range_epochs: Epochs in which the ranges of activations and weights are followed.
        reduce_range: Weights of 7 bits, for CPUs whose int8 kernels saturate.
    """

    batchnorm_epochs: int = 3
    range_epochs: int = 4
    reduce_range: bool = False

    def identity(self) -> dict[str, str]:
        """The settings that decide the weights, as text by name."""
        names = {name.replace("_", " "): str(getattr(self, name)) for name in self.__slots__}
        return {"quantization": "aware", **names}

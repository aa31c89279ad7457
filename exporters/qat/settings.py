"""The settings of quantization-aware training."""

from __future__ import annotations

from dataclasses import dataclass

from exporters.qat.rounding import AVERAGING

MEMORY = 5.0
"""Times that a moving average forgets while ranges are followed, at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QatSettings:
    """The settings of quantization-aware training, beside those of any training.

    The numbers of epochs are those of torchvision's reference training of quantized networks, for
    trainings of unknown length; `over` has those for others.

    Attributes:
        batchnorm_epochs: Epochs in which BatchNorm normalizes by batches; from then on by its
            running statistics, as in the file. 0: it is frozen from the start.
        range_epochs: Epochs in which the ranges of activations and weights are followed.
        averaging: Weight of a batch in the moving averages of minimum and maximum, in (0, 1].
        reduce_range: Weights of 7 bits, for CPUs whose int8 kernels saturate.
    """

    batchnorm_epochs: int = 3
    range_epochs: int = 4
    averaging: float = AVERAGING
    reduce_range: bool = False

    @classmethod
    def over(cls, epochs: int | None, steps: int) -> QatSettings:
        """Defaults for a training: BatchNorm learns for half of it, ranges for three quarters.

        Moving averages reach back over a hundred steps; in a short training, over a fifth of the
        steps in which ranges are followed: they would never catch up with the network otherwise.

        Args:
            epochs: its length; None: until it converges.
            steps: of one epoch.

        >>> settings = QatSettings.over(epochs=40, steps=10)
        >>> settings.batchnorm_epochs, settings.range_epochs, round(settings.averaging, 3)
        (20, 30, 0.017)
        """
        batchnorm, ranges = cls().batchnorm_epochs, cls().range_epochs
        if epochs is not None:
            batchnorm, ranges = max(1, epochs // 2), max(1, 3 * epochs // 4)
        averaging = min(1.0, max(AVERAGING, MEMORY / max(1, ranges * steps)))
        return cls(batchnorm_epochs=batchnorm, range_epochs=ranges, averaging=averaging)

    def identity(self) -> dict[str, str]:
        """The settings that decide the weights, as text by name."""
        names = {name.replace("_", " "): str(getattr(self, name)) for name in self.__slots__}
        return {"quantization": "aware", **names}

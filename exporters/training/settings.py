"""The settings of one training, whatever its objective is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class FitSettings:
    """The settings of one training. The defaults are those of Milazzo et al., section IV-C.

    Attributes:
        epochs: Passes over the images; None: until the training converges, which only a schedule
            with an end of its own (``plateau``) can tell.
        batch: Images per step; an incomplete last batch is left out.
        optimizer: A name of `exporters.training.optimizers.OPTIMIZERS`.
        learning_rate: The rate that the schedule scales, above 0.
        momentum: Of ``sgd``; in [0, 1).
        weight_decay: On all parameters that are in no group with a decay of their own.
        weight_decay_end: The decay at the end, approached along a half cosine; None: constant.
        schedule: A name of `exporters.training.schedules.SCHEDULES`.
        factor: ``plateau``: the rate is multiplied by it; in (0, 1).
        patience: ``plateau``: epochs without improvement that are put up with.
        floor: The lowest learning rate.
        warmup: ``cosine``: epochs during which the rate rises from 0; it may be a fraction.
        clip_norm: Largest Euclidean norm of all gradients together; None: as they are.
        seed: Of order, augmentation and torch's random numbers.
        device: ``cpu``, ``cuda``, ``cuda:N`` or ``auto``.
        mixed: On a GPU: reduced precision where torch's autocast holds it for safe.
        threads: That decode and augment images; 0: none beside the training itself. No result
            depends on it.
        keep: The weights that are left in the network: those of the best epoch on the validation
            images, or of the last. Without validation images it is the last.
    """

    epochs: int | None = None
    batch: int = 128
    optimizer: str = "radam"
    learning_rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float = 0.0
    weight_decay_end: float | None = None
    schedule: str = "plateau"
    factor: float = 0.1
    patience: int = 5
    floor: float = 1e-6
    warmup: float = 0.0
    clip_norm: float | None = None
    seed: int = 0
    device: str = "cpu"
    mixed: bool = True
    threads: int = 2
    keep: Literal["best", "last"] = "best"

    def identity(self, ends: bool) -> dict[str, str]:
        """The settings that decide the weights, as text by name.

        Args:
            ends: True if the schedule depends on the number of epochs. Otherwise a training of
                more epochs is the same training, which goes on.
        """
        free = {"threads", "device", "keep"} | (set() if ends else {"epochs"})
        names = [name for name in self.__slots__ if name not in free]
        return {name.replace("_", " "): str(getattr(self, name)) for name in names}

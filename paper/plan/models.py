"""The models of a study by name, and the files of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from paper.plan.study import CLIPPING, MITIGATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from paper.plan.study import Study

RELU6 = "relu6"

QUANTIZED = {"float": "ptq", "actmax": "actmax_ptq"}
"""Form that is quantized after training -> the quantized one."""


@dataclass(frozen=True)
class Trained:
    """A network that was trained with one seed.

    Attributes:
        study: that it belongs to.
        network: factory in ``paper/networks.py``.
        pretraining: short name; None: from random weights.
        seed: of its training, and of what follows.
    """

    study: Study
    network: str
    pretraining: str | None
    seed: int

    @property
    def name(self) -> str:
        """Network and pretraining, as in ``resnet20-simsiam``."""
        return "-".join((self.network, *([self.pretraining] if self.pretraining else [])))

    @property
    def numbered(self) -> str:
        """The name with the seed."""
        return f"{self.name}-{self.seed}"

    @property
    def of_base(self) -> bool:
        """It is the base network, pretrained or not."""
        return self.network == self.study.base

    def file(self, name: str) -> Path:
        """A file of its own."""
        return self.study.folder / "models" / self.numbered / name

    def result(self, kind: str, form: str | None = None) -> Path:
        """The report of a measurement.

        Args:
            kind: of the stage.
            form: file without its ending, where there is a report for each.
        """
        name = f"{self.numbered}-{form}" if form else self.numbered
        return self.study.folder / "results" / kind / f"{name}.json"

    @property
    def mitigations(self) -> tuple[str, ...]:
        """Ways in which its activations are bounded."""
        if self.pretraining is not None:
            return CLIPPING
        bounded = self.network in self.study.bounded
        return tuple(name for name in MITIGATIONS if not (bounded and name == RELU6))

    @property
    def quantized(self) -> tuple[str, ...]:
        """Forms of it that are quantized after training."""
        if self.network in self.study.unquantized:
            return ()
        return ("float", "actmax") if self.pretraining is None else ("float",)

    @property
    def float32(self) -> tuple[Path, ...]:
        """Unprotected, and with each mitigation."""
        return tuple(self.file(f"{form}.onnx") for form in ("float", *self.mitigations))

    @property
    def integer(self) -> tuple[Path, ...]:
        """Forms before and after quantization, and the network that was trained in int8."""
        after = (QUANTIZED[form] for form in self.quantized)
        forms = (*self.quantized, *after, *(("qat",) if self.of_base else ()))
        return tuple(self.file(f"{form}.onnx") for form in forms)


def trained(study: Study) -> Iterator[Trained]:
    """All models, seed by seed: the first results come early.

    >>> from paper.plan.study import FULL
    >>> names = [model.numbered for model in trained(FULL)]
    >>> len(names), names[0], names[7], names[-1]
    (33, 'resnet20-1', 'resnet20-simsiam-1', 'resnet20-ssql-3')
    """
    for seed in study.seeds:
        for network in study.networks:
            yield Trained(study, network, None, seed)
        for short, _ in study.pretrainings:
            yield Trained(study, study.base, short, seed)

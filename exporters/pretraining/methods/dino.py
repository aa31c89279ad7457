"""DINO: a student learns what its own moving average says of other views."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from exporters.pretraining.encoder import by_size
from exporters.pretraining.heads import dino_head
from exporters.pretraining.methods.method import SIZE, TEMPERATURE
from exporters.pretraining.views.view import View, dino_views
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

    from exporters.pretraining.encoder import Encoder
    from exporters.training.objective import StepInfo

TAUGHT = 2
"""Views that the teacher sees: the global crops."""


def dino_loss(
    student: Sequence[torch.Tensor],
    teacher: Sequence[torch.Tensor],
    centre: torch.Tensor,
    student_temperature: float,
    teacher_temperature: float,
) -> torch.Tensor:
    """Mean over teacher views t and other student views s of H(P_t, P_s).

    P_t = softmax((t - centre) / T_t), P_s = softmax(s / T_s), H(a, b) = -a log b
    (arXiv:2104.14294, eqs. 1 to 3).

    Args:
        student: of each view, float32 (n, k).
        teacher: of the first views, float32 (n, k), without gradients.
        centre: float32 (k,).
        student_temperature: T_s, above 0.
        teacher_temperature: T_t, above 0.
    """
    torch = need("torch")
    functional = torch.nn.functional
    logs = [functional.log_softmax(view / student_temperature, dim=1) for view in student]
    wanted = [functional.softmax((view - centre) / teacher_temperature, dim=1) for view in teacher]
    terms = [
        -(shares * log).sum(dim=1).mean()
        for index, shares in enumerate(wanted)
        for other, log in enumerate(logs)
        if other != index
    ]
    return torch.stack(terms).mean()  # type: ignore[no-any-return, unused-ignore]


def moved_centre(
    centre: torch.Tensor, teacher: Sequence[torch.Tensor], momentum: float
) -> torch.Tensor:
    """C = m c + (1 - m) mean of the teacher's outputs (arXiv:2104.14294, eq. 4).

    Args:
        centre: float32 (k,).
        teacher: of each view, float32 (n, k).
        momentum: m, in [0, 1).
    """
    mean = need("torch").cat(list(teacher)).mean(dim=0)
    return centre * momentum + mean * (1.0 - momentum)


def teacher_momentum(start: float, share: float) -> float:
    """Momentum of the teacher: half a cosine from its start to 1 (section 3.1).

    Args:
        start: in [0, 1).
        share: of the training that is done, in [0, 1].

    >>> teacher_momentum(0.996, 0.0), round(teacher_momentum(0.996, 0.5), 4)
    (0.996, 0.998)
    """
    return 1.0 - (1.0 - start) * (math.cos(math.pi * share) + 1.0) / 2.0


@dataclass(frozen=True)
class Dino:
    """Caron et al. 2021, arXiv:2104.14294.

    Attributes:
        hidden: Of the head; 0: 2048, of small networks 512.
        dim: Of the head's bottleneck; 0: 256, of small networks 128.
        out: Of the last layer; 0: 65536, of small networks 1024.
        norm: BatchNorm in the head, which keeps networks that have it anyway from collapsing on
            little data; a Vision Transformer does without (section 3.1).
        local: Local crops beside the two global ones.
        student_temp: Temperature of the student.
        teacher_temp: Temperature of the teacher after its warm-up.
        teacher_temp_start: Temperature of the teacher at the beginning.
        teacher_temp_epochs: Epochs of its warm-up.
        centre_momentum: Of the centre.
        momentum: Of the teacher at the beginning; it grows to 1.
        freeze: Epochs in which the last layer stays as it is.
    """

    name: ClassVar[str] = "dino"
    source: ClassVar[str] = "DINO, Caron et al. 2021, arXiv:2104.14294"
    paper: ClassVar[Mapping[str, Any]] = {
        "optimizer": "sgd",
        "learning_rate": 0.03,
        "weight_decay": 1e-4,
        "schedule": "cosine",
        "epochs": 100,
        "batch": 256,
        "warmup": 10.0,
        "clip_norm": 3.0,
    }
    notes: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[Mapping[str, tuple[float, float]]] = {
        **dict.fromkeys(("hidden", "dim", "out", "freeze", "teacher_temp_epochs"), SIZE),
        "local": (0, 100),
        **dict.fromkeys(("student_temp", "teacher_temp", "teacher_temp_start"), TEMPERATURE),
        **dict.fromkeys(("centre_momentum", "momentum"), (0.0, 1.0)),
    }

    hidden: int = 0
    dim: int = 0
    out: int = 0
    norm: bool = True
    local: int = 6
    student_temp: float = 0.1
    teacher_temp: float = 0.07
    teacher_temp_start: float = 0.04
    teacher_temp_epochs: int = 30
    centre_momentum: float = 0.9
    momentum: float = 0.996
    freeze: int = 1

    def views(self, side: int) -> tuple[View, ...]:
        """As in `Method`."""
        return dino_views(side, self.local)

    def sized(self, small: bool) -> Dino:
        """As in `Method`."""
        hidden, dim, out = (512, 128, 1024) if small else (2048, 256, 65536)
        return replace(self, hidden=self.hidden or hidden, dim=self.dim or dim, out=self.out or out)

    def learner(self, encoder: Encoder, seed: int) -> DinoLearner:
        """As in `Method`."""
        return DinoLearner(encoder, self.sized(encoder.small))

    def teacher_temperature(self, epoch: int) -> float:
        """Linear warm-up of the teacher's temperature (section 3.1).

        >>> Dino().teacher_temperature(0), Dino().teacher_temperature(29)
        (0.04, 0.07)
        """
        share = min(1.0, epoch / max(1, self.teacher_temp_epochs - 1))
        return self.teacher_temp_start + (self.teacher_temp - self.teacher_temp_start) * share


class DinoLearner:
    """Student, teacher and centre; the teacher's backbone is kept. As in `Learner`."""

    def __init__(self, encoder: Encoder, method: Dino) -> None:
        nn = need("torch").nn
        self.method = method
        head = dino_head(encoder.features, method.hidden, method.dim, method.out, method.norm)
        self.student = nn.ModuleDict({"backbone": encoder.module, "head": head})
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.backbone: Any = self.teacher["backbone"]
        self.network: Any = nn.ModuleDict({"student": self.student, "teacher": self.teacher})
        width = head["last"].out_features
        self.network.register_buffer("centre", need("torch").zeros(width))

    def parameters(self) -> list[Any]:
        """As in `Learner`."""
        return [p for p in self.student.parameters() if p.requires_grad]

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """The teacher's bottleneck, as in `Learner`."""
        return _bottleneck(self.teacher["head"], features)

    def loss(self, views: tuple[torch.Tensor, ...], step: StepInfo) -> torch.Tensor:
        """As in `Learner`."""
        torch = need("torch")
        method = self.method
        last = self.student["head"]["last"].parametrizations.weight.original1
        last.requires_grad_(step.epoch >= method.freeze)
        with torch.no_grad():
            teacher = [t.float() for t in by_size(_through(self.teacher), views[:TAUGHT])]
        student = [s.float() for s in by_size(_through(self.student), views)]
        temperature = method.teacher_temperature(step.epoch)
        centre = self.network.centre
        result = dino_loss(student, teacher, centre, method.student_temp, temperature)
        with torch.no_grad():
            centre.copy_(moved_centre(centre, teacher, method.centre_momentum))
        return result

    def after_step(self, step: StepInfo) -> None:
        """The teacher follows the student."""
        momentum = teacher_momentum(self.method.momentum, step.share)
        with need("torch").no_grad():
            pairs = zip(self.teacher.parameters(), self.student.parameters(), strict=True)
            for slow, fast in pairs:
                slow.lerp_(fast, 1.0 - momentum)


def _bottleneck(head: Any, features: torch.Tensor) -> torch.Tensor:
    normalize = need("torch").nn.functional.normalize
    result: torch.Tensor = normalize(head["mlp"](features), dim=1)
    return result


def _through(part: Any) -> Any:
    return lambda images: part["head"]["last"](_bottleneck(part["head"], part["backbone"](images)))

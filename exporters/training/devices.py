"""The device of a training, and the precision that it calculates in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyzer.errors import BadOption, DeviceUnavailable, quoted
from exporters.torch.optional_package import need

if TYPE_CHECKING:
    import torch

    from exporters.training.objective import Batch


@dataclass(frozen=True)
class Device:
    """One device and its precision.

    Attributes:
        name: As torch names it: ``cpu``, ``cuda:0``.
        reduced: The type that autocast calculates in: ``bfloat16``, ``float16``; None: all of it
            is float32.
    """

    name: str
    reduced: str | None

    @property
    def on_gpu(self) -> bool:
        """True for a GPU."""
        return self.name != "cpu"

    @property
    def _kind(self) -> str:
        return self.name.partition(":")[0]

    @property
    def precision(self) -> str:
        """The types that it calculates in, for people."""
        return f"{self.reduced} and float32" if self.reduced else "float32"

    def autocast(self) -> AbstractContextManager[Any]:
        """The context in which a loss is calculated."""
        if self.reduced is None:
            return nullcontext()
        torch = need("torch")
        context: AbstractContextManager[Any] = torch.autocast(
            self._kind, dtype=getattr(torch, self.reduced)
        )
        return context

    def scaler(self) -> torch.amp.GradScaler:
        """Scales losses so that float16 gradients do not vanish; does nothing for other types."""
        return need("torch").amp.GradScaler(self._kind, enabled=self.reduced == "float16")

    def moved(self, batch: Batch) -> Batch:
        """The batch in the device's memory."""
        from exporters.training.objective import Batch as Moved

        return Moved(
            views=tuple(self._moved(view) for view in batch.views),
            labels=None if batch.labels is None else self._moved(batch.labels),
            masks=None if batch.masks is None else self._moved(batch.masks),
            rows=batch.rows,
        )

    def _moved(self, tensor: torch.Tensor) -> torch.Tensor:
        if not self.on_gpu:
            return tensor
        return tensor.pin_memory().to(self.name, non_blocking=True)


def choose_device(word: str, mixed: bool) -> Device:
    """The device that a word asks for.

    Args:
        word: ``cpu``, ``cuda``, ``cuda:N``, or ``auto``: a GPU if there is one.
        mixed: reduced precision on a GPU, where autocast holds it for safe.

    Raises:
        DeviceUnavailable: a GPU is asked for, and torch finds none or not this one.
        BadOption: the word is none of these.
    """
    torch = need("torch")
    kind, _, number = word.partition(":")
    if kind not in ("cpu", "cuda", "auto") or (number and (kind != "cuda" or not number.isdigit())):
        raise BadOption(f"--device {quoted(word)}: use cpu, cuda, cuda:N or auto")
    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if kind == "cpu" or (kind == "auto" and not found):
        return Device("cpu", None)
    index = int(number or 0)
    if index >= found:
        there = f"torch finds {found}" if found else "torch finds no GPU it can use"
        raise DeviceUnavailable(f"--device {word}: {there}; use --device cpu or auto")
    name = f"cuda:{index}"
    if not mixed:
        return Device(name, None)
    with torch.cuda.device(index):
        good = torch.cuda.get_device_capability(index)[0] >= 8  # bfloat16 in hardware
    return Device(name, "bfloat16" if good else "float16")


@contextmanager
def repeatable() -> Iterator[None]:
    """Within the context torch prefers operators that give the same bits each time.

    Operators that have no such form run all the same; on a GPU a few do.
    """
    torch = need("torch")
    before = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, False
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=only_warns)
        torch.backends.cudnn.benchmark = benchmark

"""Probes of the optimizer: one golden model, optimized with other contents in its tensors."""

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import onnx

from analyzer.faults.elements import Values
from analyzer.memory.array_file import ArrayFile, leave
from analyzer.model import AtRisk
from analyzer.runtime.layout.probe_session import ProbeOptimizer
from analyzer.runtime.layout.probe_values import noise_values
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.optimized_graph import OptimizedModel, optimize

PROBE_BUDGET = 24
"""Optimizer runs spent, per kind, on finding culprits; undecided tensors are reloaded, safely."""

LEAST_NOISE_FILED = 2**20
"""Bytes of a tensor from which on its noise is kept in a file rather than in memory."""

GroupTest = Callable[[Sequence[AtRisk]], bool]
"""A test that a group of tensors passes or fails together."""


class Prober:
    """Optimizes variants of one golden model and compares their graphs with the golden one.

    Attributes:
        golden: The golden model, optimized.
        tensors: The tensors whose contents vary.
    """

    def __init__(
        self,
        proto: onnx.ModelProto,
        tensors: Sequence[AtRisk],
        golden: OptimizedModel | None = None,
        others: Sequence[AtRisk] = (),
        device: Device = CPU,
    ) -> None:
        """Prepare the model; the arguments are those of `find_layout`."""
        self.golden = golden or optimize(proto, device)
        self._optimizer = ProbeOptimizer(proto, [*tensors, *others], device)
        self.tensors = tensors
        self._noisy: tuple[list[str], OptimizedModel | None] | None = None

    def optimized_with(self, contents: dict[str, Values]) -> OptimizedModel | None:
        """Optimize the model with other contents; None if its graph is not the golden one.

        Args:
            contents: values by tensor, in the tensor's dtype and shape; others stay golden.
        """
        try:
            result = self._optimizer.optimized(contents)
        except Exception:  # ONNX Runtime refuses these contents: they decide whether it runs at all
            return None
        finally:
            # Pages of mapped files that the optimizer read count as memory of this process.
            for values in (*contents.values(), *(t.values for t in self.tensors)):
                leave(values)
        return result if result.structure == self.golden.structure else None

    @cached_property
    def noise(self) -> dict[str, Values]:
        """Contents without meaning by tensor, different from golden in every element."""
        found = {t.name: noise_values(t.element, t.values, i) for i, t in enumerate(self.tensors)}
        large = {name: v for name, v in found.items() if v.nbytes >= LEAST_NOISE_FILED}
        if large:  # all together they are as large as the model, and are read only now and then
            found |= ArrayFile.of(large).arrays()
        return found

    def with_noise(self, tensors: Sequence[AtRisk]) -> OptimizedModel | None:
        """Optimize the model with noise in ``tensors``; the last result is kept for a next call."""
        names = [t.name for t in tensors]
        if self._noisy is None or self._noisy[0] != names:
            self._noisy = names, self.optimized_with({name: self.noise[name] for name in names})
        return self._noisy[1]

    def with_nan(self, tensors: Sequence[AtRisk]) -> OptimizedModel | None:
        """Optimize the model with NaN in float tensors and noise in integer ones."""
        contents = {t.name: self.noise[t.name] for t in tensors}
        for element in {t.element for t in tensors if t.element.is_float}:
            alike = [t for t in tensors if t.element is element]
            # One array of NaN serves all tensors of a type: they may be as large as the model.
            nan = np.full(max(t.values.size for t in alike), np.nan, element.dtype)
            contents |= {t.name: nan[: t.values.size].reshape(t.values.shape) for t in alike}
        return self.optimized_with(contents)

    def keeps_structure(self, tensors: Sequence[AtRisk]) -> bool:
        """True if neither noise nor NaN in ``tensors`` changes the optimized graph."""
        return self.with_noise(tensors) is not None and self.with_nan(tensors) is not None

    def passing(self, tensors: Sequence[AtRisk], passes: GroupTest) -> list[AtRisk]:
        """The tensors that pass a test together; searched kind by kind where not all of them do.

        Args:
            tensors: the candidates.
            passes: the test; a group must pass if and only if each of its members does, else
                fewer tensors are returned.
        """
        if not tensors or passes(tensors):
            return list(tensors)
        kinds = {t.kind: [u for u in tensors if u.kind is t.kind] for t in tensors}
        return [t for group in kinds.values() for t in _halve(group, passes)]


def _halve(tensors: Sequence[AtRisk], passes: GroupTest) -> list[AtRisk]:
    """The tensors that pass, found by halving, widest groups first.

    A group that is still undecided when `PROBE_BUDGET` is spent counts as failed.
    """
    found: list[AtRisk] = []
    pending = [list(tensors)]
    for _ in range(PROBE_BUDGET):
        if not pending:
            break
        group = pending.pop(0)
        if passes(group):
            found += group
        elif len(group) > 1:
            half = len(group) // 2
            pending += [group[:half], group[half:]]
    return found

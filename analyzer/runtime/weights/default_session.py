"""Live weights against a default session: fault-free, and with other contents.

A default session packs constant weights when it is created. Some kernels compute otherwise on
packed weights, which live weights never are. So both ways are run before live weights are used.
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from analyzer.answers import Answer, Feeds, Result, Run
from analyzer.runtime.layout.reordered_sums import ReorderedSums, is_float_sum, largest_distance
from analyzer.runtime.layout.restrict import OTHER_ANSWER
from analyzer.runtime.ort.shared_initializers import SharedInitializers, open_shared_session
from analyzer.runtime.weights.memory import WeightMemory

Operator = tuple[str, str]
"""An operator and its domain."""


@dataclass(frozen=True, slots=True)
class LiveArithmetic:
    """A live session, and what is needed to open the same graph as a default session would.

    Attributes:
        stripped: The optimized model without the data of its live weights.
        ort_values: The live weights; empty where they are in a device's memory.
        memory: The same memory as bytes.
        run: One run of the live session.
    """

    stripped: onnx.ModelProto
    ort_values: SharedInitializers
    memory: WeightMemory
    run: Run

    def difference(self, samples: Sequence[Feeds], golden: Result) -> ReorderedSums | str | None:
        """Find the operators by which a default session differs from live weights.

        Args:
            samples: one batch of each number of rows that is run.
            golden: their joined answers by a default session of the file; see `joined`.

        Returns:
            None: nothing; the sums that only round otherwise; or the reason why live weights must
            not be used.
        """
        found = joined(map(self.run, samples))
        if not self.ort_values:
            return None if found.same_as(golden) else OTHER_ANSWER
        packed = self._packed_answers(samples, self.stripped)
        plain = [found, *self._noisy(lambda: joined(map(self.run, samples)))]
        if not packed[0].same_as(golden):
            return OTHER_ANSWER
        if _same(packed, plain):
            return None
        sums, others = _readers_of_initializers(self.stripped.graph)
        if _same(self._packed_answers(samples, _overridable(self.stripped, sums)), plain):
            return ReorderedSums(_names(sums), largest_distance(golden, found))
        return self._reason(samples, plain, sums, others)

    def _reason(
        self,
        samples: Sequence[Feeds],
        plain: list[Result],
        sums: Collection[Operator],
        others: Collection[Operator],
    ) -> str:
        """The operators that compute otherwise on packed weights, in a sentence."""
        every = [*sums, *others]
        if not _same(self._packed_answers(samples, _overridable(self.stripped, every)), plain):
            return OTHER_ANSWER  # packing is not what makes the difference
        guilty = []
        for one in sorted(others):
            rest = [other for other in every if other != one]
            if not _same(self._packed_answers(samples, _overridable(self.stripped, rest)), plain):
                guilty.append(one)
        if not guilty:
            return OTHER_ANSWER
        named, verb = ", ".join(_names(guilty)), "compute" if len(guilty) > 1 else "computes"
        return f"{named} {verb} otherwise on weights that are packed, as they are by default"

    def _packed_answers(self, samples: Sequence[Feeds], stripped: onnx.ModelProto) -> list[Result]:
        """Answers of sessions that pack weights: with golden contents, then with noise."""

        def answer() -> Result:
            packed = open_shared_session(stripped, self.ort_values, pack=True)
            return joined(map(packed.run, samples))

        return [answer(), *self._noisy(answer)]

    def _noisy(self, answer: Callable[[], Result]) -> list[Result]:
        """The answers with noise in all integer weights, then in all floats; none without such.

        The noise is the same each time. Integer kernels may differ only where sums are large.
        Floats like 0.5 and 2 add up exactly in any order, so that only others show the order.
        """
        every = self.memory.views.values()
        rng = np.random.Generator(np.random.Philox(key=20))
        found = []
        for views, disturb in (
            ([v for v in every if v.dtype.kind in "iu"], _any_bytes),
            ([v for v in every if v.dtype.kind == "f"], _near_by),
        ):
            if not views:
                continue
            try:
                for view in views:
                    disturb(view, rng)
                found.append(answer())
            finally:
                self.memory.live[...] = self.memory.golden
        return found


def joined(answers: Iterable[Result]) -> Result:
    """The outputs of several runs as one answer; the first failure, if one fails.

    Kernels choose how to add up by the number of rows, so that one batch does not tell of another.

    Args:
        answers: one for each batch; those behind a failure are not taken.
    """
    outputs: list[npt.NDArray[Any]] = []
    for found in answers:
        if not isinstance(found, Answer):
            return found
        outputs += found.outputs
    return Answer(tuple(outputs))


def _any_bytes(view: npt.NDArray[Any], rng: np.random.Generator) -> None:
    view.reshape(-1).view(np.uint8)[...] = rng.integers(0, 256, view.nbytes, np.uint8)


def _near_by(view: npt.NDArray[Any], rng: np.random.Generator) -> None:
    """Change each float by up to an eighth: it stays a float that a network may well have."""
    factors = rng.uniform(1.0, 1.125, view.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        view[...] = (view * factors).astype(view.dtype)


def _same(some: list[Result], others: list[Result]) -> bool:
    return all(a.same_as(b) for a, b in zip(some, others, strict=True))


def _names(operators: Collection[Operator]) -> tuple[str, ...]:
    return tuple(sorted({name for name, _ in operators}))


def _readers_of_initializers(graph: onnx.GraphProto) -> tuple[list[Operator], list[Operator]]:
    """The operators that read initializers: those that only add up floats, and all others."""
    stored = {tensor.name for tensor in graph.initializer}
    found = {(n.op_type, n.domain) for n in graph.node if not stored.isdisjoint(n.input)}
    sums = [one for one in found if is_float_sum(*one)]
    return sums, [one for one in found if one not in sums]


def _overridable(stripped: onnx.ModelProto, operators: Collection[Operator]) -> onnx.ModelProto:
    """A copy in which no weight is packed that some operators read.

    Initializers that are inputs as well may be overridden, so that no kernel packs them.

    Args:
        stripped: the optimized model without the data of its live weights.
        operators: the operators whose weights stay as they are.
    """
    model = onnx.ModelProto()
    model.CopyFrom(stripped)
    model.ir_version = max(model.ir_version, 4)  # before, initializers had to be inputs
    read = {
        name for n in model.graph.node if (n.op_type, n.domain) in operators for name in n.input
    }
    known = {value.name for value in model.graph.input}
    for tensor in model.graph.initializer:
        if tensor.name in read - known and math.prod(tensor.dims) != 1:
            value = onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            model.graph.input.append(value)
    return model

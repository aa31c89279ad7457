"""Values between stretches on a device: inputs and golden values stay there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analyzer.answers import Answer, Failure, Feeds
from analyzer.errors import DeviceFailed
from analyzer.runtime.device.compare import DeviceComparison
from analyzer.runtime.device.cuts import DeviceGraph
from analyzer.runtime.device.io_binding import BoundSession, DeviceValue, copy_to_device
from analyzer.runtime.partial.golden_cache import GoldenStore
from analyzer.runtime.stretches.cuts import Cut
from analyzer.runtime.stretches.golden_run import GoldenRun


@dataclass(frozen=True, slots=True)
class HeldStretch:
    """Nodes between two cuts, whose results stay on the device.

    Attributes:
        session: Runs them.
        stay: Names of the results that stay there; the others come to the host.
    """

    session: BoundSession
    stay: tuple[str, ...]

    def run(self, values: Mapping[str, DeviceValue]) -> dict[str, DeviceValue] | Failure:
        """As in `ValueStretch`."""
        return self.session.run_keeping(values, self.stay)


class DeviceValues:
    """`StretchValues` of a model on a device."""

    whole_from_golden = True

    def __init__(
        self,
        graph: DeviceGraph,
        whole: BoundSession,
        cuts: Sequence[Cut],
        sample: Feeds,
        batches: int,
    ) -> None:
        """Run the sample fault-free.

        Args:
            graph: the optimized model; its weights are golden at present.
            whole: the session of all of it.
            cuts: the kept ones by position, the trivial one first.
            sample: one batch.
            batches: how many golden runs are kept.

        Raises:
            ValueError: the model fails on the sample.
            DeviceFailed: the device has not enough memory, or failed.
        """
        self._graph, self._whole, self.cuts = graph, whole, tuple(cuts)
        self.outputs = graph.outputs
        self._store: GoldenStore[DeviceValue] = GoldenStore(batches)
        fed = copy_to_device(sample, graph.memory)
        self._tap, self._passing = graph.tap(self.cuts, fed)
        self._comparison = DeviceComparison(graph.memory.device)
        found = self.golden(sample)
        if isinstance(found, Failure):
            raise ValueError(f"the model fails on the sample: {found.message}")
        self.sample: GoldenRun[DeviceValue] = found

    def golden(self, feeds: Feeds) -> GoldenRun[DeviceValue] | Failure:
        """As in `StretchValues`; inputs are kept as well."""
        fed = self.fed(feeds)
        made = self._tap.run_keeping(fed, self._passing)
        if isinstance(made, Failure):
            return made
        answer = Answer(tuple(_on_host(made[name]) for name in self.outputs))
        passed = {name: made[name] for name in self._passing}
        return self._store.keep(feeds, answer, {**fed, **passed})

    def known(self, feeds: Feeds) -> GoldenRun[DeviceValue] | None:
        """As in `StretchValues`."""
        return self._store.find(feeds)

    def fed(self, feeds: Feeds) -> dict[str, DeviceValue]:
        """As in `StretchValues`: copies on the device."""
        return copy_to_device(feeds, self._graph.memory)

    def open(self, begin: int, end: int) -> HeldStretch | None:
        """As in `StretchValues`; None where the device has no room.

        Raises:
            DeviceFailed: the device is lost.
        """
        if (begin, end) == (0, len(self.cuts)):
            return HeldStretch(self._whole, ())
        last = self.cuts[end] if end < len(self.cuts) else None
        try:
            session = self._graph.part(self.cuts[begin], last, self.sample.values)
        except Exception as error:
            raise_if_lost(error)
            return None
        return HeldStretch(session, session.outputs if last else ())

    def same(self, made: Mapping[str, DeviceValue], golden: GoldenRun[DeviceValue]) -> bool:
        """As in `StretchValues`; values on the device are compared there."""
        known = dict(zip(self.outputs, golden.answer.outputs, strict=True))
        for name, value in made.items():
            if name in known:  # an output: it may have come to the host already
                if _on_host(value).tobytes() != known[name].tobytes():
                    return False
            elif not self._comparison.same(value, golden.values[name]):
                return False
        return True

    def answer(self, golden: Answer, *made: Mapping[str, DeviceValue]) -> Answer:
        """As in `StretchValues`."""
        found = dict(zip(self.outputs, golden.outputs, strict=True))
        for values in made:
            found.update((n, _on_host(values[n])) for n in values.keys() & found.keys())
        return Answer(tuple(found.values()))


def _on_host(value: DeviceValue) -> npt.NDArray[np.generic]:
    """A copy of a value on the host."""
    return np.array(value.numpy())


def raise_if_lost(error: Exception) -> None:
    """Let pass what ONNX Runtime says of want of room, or of a value that cannot be taken out.

    Raises:
        DeviceFailed: the device is lost.
    """
    if isinstance(error, DeviceFailed) and error.lost:
        raise error

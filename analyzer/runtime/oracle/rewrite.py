"""The oracle: edit the file's bytes, create a default session, run. Slow, obviously right."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import onnx
import onnxruntime as ort

from analyzer.answers import Failure, Feeds, Result, Run
from analyzer.errors import NotRestored
from analyzer.faults.models import FaultPattern
from analyzer.faults.space import FaultSpace, Target
from analyzer.model import Model
from analyzer.model.constants import lower_constants
from analyzer.model.stored_at import set_raw
from analyzer.runtime.oracle.faulty_bytes import FaultyBytes
from analyzer.runtime.ort.acceleration import Acceleration
from analyzer.runtime.ort.device import CPU, Device
from analyzer.runtime.ort.device_failures import check_device
from analyzer.runtime.ort.golden_model import golden_proto, golden_values
from analyzer.runtime.ort.session import (
    new_session,
    open_session,
    run_session,
    session_options,
    short_reason,
)


class RewriteExecutor:
    """Writes every pattern into a copy of the file and loads the copy."""

    layout = None
    """The oracle finds out nothing about a model that another executor could take over."""

    def __init__(
        self,
        model: Model,
        space: FaultSpace,
        device: Device = CPU,
        accelerations: Sequence[Acceleration] = (),
        pack: bool = True,
    ) -> None:
        """Load the golden file.

        Args:
            model: the model.
            space: its bits at risk.
            device: where it runs.
            accelerations: why none of them is in force, for reports.
            pack: let kernels pack weights, as a default session does; False only to compare live
                weights, which no kernel can pack, with a file whose weights are not packed either.

        Raises:
            DeviceUnavailable: the device cannot be started.
            UnsupportedModel: ONNX Runtime cannot load the model.
            UnsupportedTarget: the space has bits that are not stored in the model.
        """
        space.check_served({Target.STORED}, "an edited file")
        self._device, self.accelerations = device, tuple(accelerations)
        self._pack = pack
        self.reloads = 0
        golden = golden_values(model, space)
        self.proto = golden_proto(model, golden)
        self._lifted = model.lifted
        self._nested = {t.name: t.at for t in model.inventory.at_risk if t.at is not None}
        self._bytes = self._stored_bytes()
        self.faulty = FaultyBytes(space, golden, self._bytes)
        options = session_options(device=device, pack=pack)
        self._session = open_session(self.as_filed({}), options, device)

    def run(self, feeds: Feeds) -> Result:
        """The golden answer to ``feeds``.

        Raises:
            DeviceFailed: the device failed, not the model.
        """
        return self._run(self._session, feeds)

    def _run(self, session: ort.InferenceSession, feeds: Feeds) -> Result:
        return check_device(run_session(session, feeds), self._device)

    @contextmanager
    def inject(self, pattern: FaultPattern) -> Iterator[Run]:
        """Within the context, runs happen in a session of the faulty file.

        A file that ONNX Runtime cannot load gives a `Failure` for every batch.
        """
        self.reloads += 1
        try:
            options = session_options(device=self._device, pack=self._pack)
            session = new_session(self.faulty_proto(pattern), options, self._device)
        except Exception as error:  # ONNX Runtime's exceptions share no narrower base class.
            failure = check_device(Failure(short_reason(error)), self._device)
            yield lambda feeds: failure
            return
        yield lambda feeds: self._run(session, feeds)

    def faulty_proto(self, pattern: FaultPattern) -> onnx.ModelProto:
        """The golden model as the file has it, with the pattern's bits changed."""
        return self.as_filed(self.faulty.of(pattern))

    def as_filed(self, contents: Mapping[str, bytes]) -> onnx.ModelProto:
        """A copy of the golden model in the form of its file: weights where the file stores them.

        Args:
            contents: little-endian bytes by tensor; others stay golden.
        """
        proto = onnx.ModelProto()
        proto.CopyFrom(self.proto)
        tensors = {t.name: t for t in proto.graph.initializer}
        for name, raw in contents.items():
            if name in self._nested:
                self._nested[name].write(proto, raw)
            else:
                set_raw(tensors[name], raw)
        lower_constants(proto.graph, self._lifted)
        return proto

    @property
    def oracle_runs(self) -> int:
        """Every pattern so far: this is the oracle."""
        return self.reloads

    def _stored_bytes(self) -> dict[str, bytes]:
        """The bytes of every stored tensor of the golden model."""
        nested = {name: at.read(self.proto).raw_data for name, at in self._nested.items()}
        return nested | {t.name: t.raw_data for t in self.proto.graph.initializer}

    def release(self) -> None:
        """Give back all memory that runs need; nothing can be run afterwards.

        The accelerations stay: the report names them when the campaign is over.
        """
        accelerations = self.accelerations
        self.__dict__.clear()
        self.accelerations = accelerations

    @property
    def threaded(self) -> bool:
        """Always False: not every device may run several threads at a time."""
        return False

    def check_golden(self) -> None:
        """Compare the golden file's bytes with those read at the start.

        Raises:
            NotRestored: a byte differs.
        """
        for name, raw in self._stored_bytes().items():
            if raw != self._bytes[name]:
                raise NotRestored(f"the bytes of {name!r} changed during the campaign")

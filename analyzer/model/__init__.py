"""Reads, validates and hashes an ONNX file; inventory of its initializers -> fault space."""

from dataclasses import dataclass, replace
from pathlib import Path

import onnx

from analyzer.errors import NothingAtRisk
from analyzer.faults.elements import Values
from analyzer.faults.space import FaultSpace, Selection
from analyzer.graph.walk import STANDARD
from analyzer.memory.array_file import ArrayFile
from analyzer.model.cost import macs_per_image
from analyzer.model.external import beside, homes_of, inside
from analyzer.model.file import ModelFile, read_model_bytes, read_model_file
from analyzer.model.inventory import AtRisk, Inventory, OutOfScope, take_inventory
from analyzer.model.metadata import (
    Metadata,
    Origin,
    Preprocessing,
    read_metadata,
    read_preprocessing,
    write_preprocessing,
)
from analyzer.model.shell import without_data
from analyzer.model.signature import InputSignature, input_signature

__all__ = [
    "AtRisk",
    "InputSignature",
    "Inventory",
    "Metadata",
    "Model",
    "Origin",
    "OutOfScope",
    "Preprocessing",
    "beside",
    "homes_of",
    "input_signature",
    "inside",
    "load_model",
    "load_model_bytes",
    "macs_per_image",
    "read_preprocessing",
    "write_preprocessing",
]


LARGE = 4096
"""Bytes of a tensor from which on its contents are worth a place in a file."""

WORTH_A_FILE = 2**20
"""Bytes of all of them."""


@dataclass(frozen=True, slots=True)
class Model:
    """One ONNX model, read and checked.

    Attributes:
        path: Where it was read; the label of a model that a program holds.
        proto: The whole model, but for what is in ``file``; initializers are no longer listed as
            graph inputs.
        sha256: Digest of the file and its external data.
        size: Their bytes.
        inventory: Its stored tensors.
        signature: Its input.
        metadata: What it says about its own inputs.
        file: The contents of its large tensors at risk, where they are not in ``proto``.
        in_memory: Whether a program holds it, so that ``path`` is but a label.
    """

    path: Path
    proto: onnx.ModelProto
    sha256: str
    size: int
    inventory: Inventory
    signature: InputSignature
    metadata: Metadata
    file: ArrayFile | None = None
    in_memory: bool = False

    @property
    def opset(self) -> int:
        """Version of the standard operator set it is written in."""
        return max((o.version for o in self.proto.opset_import if o.domain in STANDARD), default=0)

    def space(self, selection: Selection, encoding: str = "stored") -> FaultSpace:
        """The bits at risk.

        Args:
            selection: which tensors are exposed.
            encoding: the form in which their values are held, one of `ENCODINGS`.

        Raises:
            NothingAtRisk: the model has no tensor in scope at all.
            EmptySelection: the selection leaves none.
        """
        if not self.inventory.at_risk:
            raise NothingAtRisk(
                f"{self.path} has no initializer whose bits could flip; `relcheck inspect` lists "
                "why each stored tensor is out of scope"
            )
        return selection.of([t.site(encoding) for t in self.inventory.at_risk])

    def filed(self) -> "Model":
        """The same model with large contents in a file that processes share; as it is if small.

        Raises:
            UnwritableOutput: there is no room for the file.
        """
        large = {t.name: t.values for t in self.inventory.at_risk if t.values.nbytes >= LARGE}
        if self.file is not None or sum(v.nbytes for v in large.values()) < WORTH_A_FILE:
            return self
        file = ArrayFile.of(large)
        values = self.values() | file.arrays()
        at_risk = tuple(replace(t, values=values[t.name]) for t in self.inventory.at_risk)
        proto = without_data(self.proto, lambda tensor: tensor.name in large)
        inventory = replace(self.inventory, at_risk=at_risk)
        return replace(self, proto=proto, inventory=inventory, file=file)

    def values(self) -> dict[str, Values]:
        """Golden values of every tensor at risk, by name."""
        return {t.name: t.values for t in self.inventory.at_risk}


def load_model(path: Path) -> Model:
    """Read, check and take inventory of one ONNX file.

    Raises:
        InputError: any of its leaves; the message says what is wrong and what to do.
    """
    return _model_of(read_model_file(path))


def load_model_bytes(content: bytes, label: Path) -> Model:
    """Check and take inventory of a model that a program holds.

    Args:
        content: the bytes that its ONNX file would have.
        label: name of the model in reports and messages.

    Raises:
        InputError: any of its leaves; the message says what is wrong and what to do.
    """
    return replace(_model_of(read_model_bytes(content, label)), in_memory=True)


def _model_of(file: ModelFile) -> Model:
    signature = input_signature(file.proto.graph)
    inventory = take_inventory(file.proto.graph)
    _drop_initializer_inputs(file.proto)
    return Model(
        file.path,
        file.proto,
        file.sha256,
        file.size,
        inventory,
        signature,
        read_metadata(file.proto),
    )


def _drop_initializer_inputs(proto: onnx.ModelProto) -> None:
    """Old files list initializers as inputs, which keeps runtimes from optimizing them."""
    stored = {t.name for t in proto.graph.initializer}
    kept = [i for i in proto.graph.input if i.name not in stored]
    del proto.graph.input[:]
    proto.graph.input.extend(kept)
    proto.ir_version = max(proto.ir_version, 4)

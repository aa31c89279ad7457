"""A model that is to be hardened: local functions expanded, indexed once, never changed."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import onnx
import onnx.inliner

from analyzer.errors import AlreadyHardened, short
from analyzer.graph.index import Index, index_of, standard_opset
from analyzer.model import Model
from exporters.hardening.metadata import method_of


@dataclass(frozen=True, eq=False)
class Subject:
    """One model.

    Attributes:
        model: As it was loaded.
        proto: Its graph, local functions expanded.
    """

    model: Model
    proto: onnx.ModelProto

    @property
    def path(self) -> Path:
        """The file that messages name."""
        return self.model.path

    @property
    def opset(self) -> int:
        """Version of the standard operators that the file is written in."""
        return standard_opset(self.model.proto)

    @cached_property
    def index(self) -> Index:
        """The index of its main graph."""
        return index_of(self.proto)


def open_subject(model: Model) -> Subject:
    """Take a model that carries no mitigation yet.

    Raises:
        AlreadyHardened: it carries one. Bounds of bounds would be measured on clipped values, and
            the metadata could name but one method.
    """
    done = method_of(model.proto)
    if done is not None:
        raise AlreadyHardened(
            f"{model.path} is hardened already, by method {short(done, 20)}; harden the original "
            "model instead"
        )
    return Subject(model, inlined(model.proto))


def inlined(proto: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its local functions expanded; the very same object if it has none."""
    return onnx.inliner.inline_local_functions(proto) if proto.functions else proto

"""Errors of exporting a torch network."""

from analyzer.errors.tree import InputError


class ExportError(InputError):
    """A network that cannot be turned into an ONNX file."""

    slug = "export"


class TorchMissing(ExportError):
    """torch, torchvision or onnxscript, which the exporters need, is not installed."""

    slug = "torch-missing"


class BadNetwork(ExportError):
    """No such architecture, module or factory, or one that makes no usable network."""

    slug = "bad-network"


class BadCheckpoint(ExportError):
    """Weights that cannot be read, or that are not the network's."""

    slug = "bad-checkpoint"


class ExportFailed(ExportError):
    """A network that has no ONNX form, or whose ONNX form answers otherwise."""

    slug = "export-failed"

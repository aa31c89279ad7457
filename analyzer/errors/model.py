"""Errors of a model that cannot be analyzed."""

from analyzer.errors.tree import InputError


class ModelError(InputError):
    """A model that cannot be analyzed."""

    slug = "model"


class NotOnnx(ModelError):
    """A file that is not ONNX, or is cut short."""

    slug = "not-onnx"


class InvalidModel(ModelError):
    """An ONNX file whose graph breaks the ONNX rules."""

    slug = "invalid-model"


class UnsupportedModel(ModelError):
    """A valid ONNX file that this ONNX Runtime cannot load: unknown opset, operator or type."""

    slug = "unsupported-model"


class ExternalDataError(ModelError):
    """External weight data that is missing, too short, or outside the model's folder."""

    slug = "external-data"


class NothingAtRisk(ModelError):
    """A model without a single initializer in scope."""

    slug = "nothing-at-risk"


class UnsupportedSignature(ModelError):
    """Inputs that cannot be fed: none, several, or of unknown shape."""

    slug = "unsupported-signature"


class BadMetadata(ModelError):
    """A ``relcheck.*`` metadata entry whose value cannot be understood."""

    slug = "bad-metadata"


class GoldenFailed(ModelError):
    """The fault-free model itself fails or answers NaN or infinity."""

    slug = "golden-failed"


class NotRepeatable(ModelError):
    """A model that answers the same input differently each time."""

    slug = "not-repeatable"


class UnclearAnswer(ModelError):
    """An output of which nothing tells what a changed decision would be."""

    slug = "unclear-answer"


class ModelCrashesRuntime(ModelError):
    """A model that kills the process in which ONNX Runtime loads or runs it."""

    slug = "model-crashes-runtime"


class ModelHangs(ModelError):
    """A model that gives no sign of life for longer than the time allowed."""

    slug = "model-hangs"


class NotComparable(InputError):
    """Models that answer different questions, or cannot be asked the same ones."""

    slug = "not-comparable"

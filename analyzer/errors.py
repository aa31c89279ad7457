"""The exception tree: every way in which a user's input can be wrong, by name.

Each leaf has a ``slug``. ``docs/messages.md`` explains every slug; a test holds the two together.
A message is one sentence (or two): what is wrong, where, and what to do.
"""

from typing import ClassVar

QUOTED_CHARACTERS = 300
"""Of other people's text in one message: names in a file have no natural end."""


class RelcheckError(Exception):
    """Root of everything this package raises on purpose.

    >>> NotOnnx("cat.png is not an ONNX file").slug
    'not-onnx'
    """

    slug: ClassVar[str] = "error"


class UsageError(RelcheckError):
    """The request itself is wrong: a flag, a rate, a gate, a configuration file."""

    slug = "usage"


class BadCommandLine(UsageError):
    """Words that no command takes: an unknown option or command, one too many, or one too few."""

    slug = "bad-command-line"


class BadRates(UsageError):
    """Rates that are not bit error rates, are reversed, or are none at all."""

    slug = "bad-rates"


class BadGate(UsageError):
    """A gate condition that cannot be read or names an unknown metric."""

    slug = "bad-gate"


class BadOption(UsageError):
    """An option value that is not one of those offered, or out of its range."""

    slug = "bad-option"


class BadConfig(UsageError):
    """A configuration file that cannot be read or holds unknown keys."""

    slug = "bad-config"


class EmptySelection(UsageError):
    """``--include``, ``--exclude`` and ``--kinds`` together leave no bit at risk."""

    slug = "empty-selection"


class DeviceUnavailable(UsageError):
    """A device that this installation, or this machine, does not have."""

    slug = "device-unavailable"


class UnwritableOutput(UsageError):
    """A report cannot be written where it was asked for."""

    slug = "unwritable-output"


class InputError(RelcheckError):
    """A model or data set that cannot be used."""

    slug = "input"


class ModelError(InputError):
    """A model that cannot be analyzed."""

    slug = "model"


class FileMissing(InputError):
    """A file that is not there or cannot be opened."""

    slug = "file-missing"


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


class DataError(InputError):
    """A data set that cannot be read or does not fit the model."""

    slug = "data"


class BadData(DataError):
    """A data set that cannot be read: wrong keys, empty, damaged."""

    slug = "bad-data"


class DataMismatch(DataError):
    """A data set whose shape, labels or class count do not fit the model."""

    slug = "data-mismatch"


class UnexpectedAccuracy(DataError):
    """A fault-free figure that is not the one that ``--expect`` states."""

    slug = "unexpected-accuracy"


class NotComparable(InputError):
    """Models that answer different questions, or cannot be asked the same ones."""

    slug = "not-comparable"


class GoldenFailed(ModelError):
    """The fault-free model itself fails or answers NaN or infinity."""

    slug = "golden-failed"


class JournalError(InputError):
    """A journal that cannot be used."""

    slug = "journal"


class JournalUnusable(JournalError):
    """A journal that cannot be read or written."""

    slug = "journal-unusable"


class JournalBusy(JournalError):
    """A journal that another run holds."""

    slug = "journal-busy"


class JournalMismatch(JournalError):
    """A journal of another plan, model, tool or runtime version."""

    slug = "journal-mismatch"


class ClusterError(RelcheckError):
    """A cluster that cannot be reached, or runs other versions."""

    slug = "cluster"


class TooLarge(InputError):
    """A model or data set that asks for more than the limits of `analyzer.model.limits`."""

    slug = "too-large"


class ModelCrashesRuntime(ModelError):
    """A model that kills the process in which ONNX Runtime loads or runs it."""

    slug = "model-crashes-runtime"


class ModelHangs(ModelError):
    """A model that gives no sign of life for longer than the time allowed."""

    slug = "model-hangs"


class OutOfMemory(InputError):
    """The model and its data need more memory than there is."""

    slug = "out-of-memory"


class DeviceFailed(RelcheckError):
    """A device that was there gave out.

    Attributes:
        lost: Whether this process can use it no more; a new one may.
    """

    slug = "device-failed"

    def __init__(self, message: str, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class NothingToBound(ModelError):
    """A model without an activation that can be bounded."""

    slug = "nothing-to-bound"


class AlreadyHardened(ModelError):
    """A model whose activations are bounded already."""

    slug = "already-hardened"


class BadThresholds(InputError):
    """A thresholds file that cannot be read or belongs to another model."""

    slug = "bad-thresholds"


class BadSearchState(InputError):
    """A file of an interrupted search that cannot be read or belongs to another search."""

    slug = "bad-search-state"


class BadCalibration(DataError):
    """Calibration data on which activations have no usable range."""

    slug = "bad-calibration"


class CannotQuantize(ModelError):
    """A model that the quantizer cannot turn into integers."""

    slug = "cannot-quantize"


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


class InternalError(RelcheckError):
    """A postcondition of relcheck itself does not hold: a defect, please report it."""

    slug = "internal"


class NotRestored(InternalError):
    """After a trial the weights are not bit-identical to golden."""

    slug = "not-restored"


def quoted(text: str, limit: int = QUOTED_CHARACTERS) -> str:
    r"""A file's own text for a message: one line without control characters, and not endless.

    >>> print(quoted("weights\x1b[2J"))
    'weights\x1b[2J'
    >>> quoted("w" * 500, 9)
    "'wwwwwww…"
    """
    return short(repr(text[:limit]), limit)


def short(text: str, limit: int = QUOTED_CHARACTERS) -> str:
    """``text``, cut where it is too long for a message.

    >>> short("0123456789", 5)
    '0123…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"

"""The exception tree: every way in which a user's input can be wrong, by name.

Each leaf has a ``slug``. ``docs/messages.md`` explains every slug; a test holds the two together.
A message is one sentence (or two): what is wrong, where, and what to do. The modules of this
package group the leaves as that page does; other rooms import them from here.
"""

from analyzer.errors.data import (
    BadData,
    BaselineMissing,
    DataError,
    DataMismatch,
    FileMissing,
    OutOfMemory,
    TooLarge,
)
from analyzer.errors.export import (
    BadCheckpoint,
    BadNetwork,
    ExportError,
    ExportFailed,
    TorchMissing,
)
from analyzer.errors.hardening import (
    AlreadyHardened,
    BadCalibration,
    BadSearchState,
    BadThresholds,
    CannotQuantize,
    NothingToBound,
)
from analyzer.errors.journal import JournalBusy, JournalError, JournalMismatch, JournalUnusable
from analyzer.errors.machine import ClusterError, DeviceFailed
from analyzer.errors.model import (
    BadMetadata,
    ExternalDataError,
    GoldenFailed,
    InvalidModel,
    ModelCrashesRuntime,
    ModelError,
    ModelHangs,
    NotComparable,
    NothingAtRisk,
    NotOnnx,
    UnsupportedModel,
    UnsupportedSignature,
)
from analyzer.errors.request import (
    BadCommandLine,
    BadConfig,
    BadGate,
    BadOption,
    BadRates,
    BadReport,
    BudgetTooSmall,
    DeviceUnavailable,
    EmptySelection,
    PackageMissing,
    UnsupportedTarget,
    UnwritableOutput,
)
from analyzer.errors.text import quoted, short
from analyzer.errors.tree import (
    InputError,
    InternalError,
    NotEnsured,
    NotRestored,
    RelcheckError,
    UsageError,
)

__all__ = [
    "AlreadyHardened",
    "BadCalibration",
    "BadCheckpoint",
    "BadCommandLine",
    "BadConfig",
    "BadData",
    "BadGate",
    "BadMetadata",
    "BadNetwork",
    "BadOption",
    "BadRates",
    "BadReport",
    "BadSearchState",
    "BadThresholds",
    "BaselineMissing",
    "BudgetTooSmall",
    "CannotQuantize",
    "ClusterError",
    "DataError",
    "DataMismatch",
    "DeviceFailed",
    "DeviceUnavailable",
    "EmptySelection",
    "ExportError",
    "ExportFailed",
    "ExternalDataError",
    "FileMissing",
    "GoldenFailed",
    "InputError",
    "InternalError",
    "InvalidModel",
    "JournalBusy",
    "JournalError",
    "JournalMismatch",
    "JournalUnusable",
    "ModelCrashesRuntime",
    "ModelError",
    "ModelHangs",
    "NotComparable",
    "NotEnsured",
    "NotOnnx",
    "NotRestored",
    "NothingAtRisk",
    "NothingToBound",
    "OutOfMemory",
    "PackageMissing",
    "RelcheckError",
    "TooLarge",
    "TorchMissing",
    "UnsupportedModel",
    "UnsupportedSignature",
    "UnsupportedTarget",
    "UnwritableOutput",
    "UsageError",
    "quoted",
    "short",
]

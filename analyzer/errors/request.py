"""Errors of the request itself: a flag, a rate, a gate, a configuration file, a device."""

from analyzer.errors.tree import UsageError


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


class BadTarget(UsageError):
    """A target file that cannot be read, contradicts itself, or does not fit the model."""

    slug = "bad-target"


class BadSeverityTable(UsageError):
    """A table of critical confusions that cannot be read, contradicts itself, or does not fit."""

    slug = "bad-severity-table"


class BadModelList(UsageError):
    """A list of models that cannot be read, lacks a combination, or contradicts itself."""

    slug = "bad-model-list"


class BadFaultList(UsageError):
    """A fault list that cannot be read, or names a bit that is not at risk."""

    slug = "bad-fault-list"


class ReportMismatch(UsageError):
    """A report that is to be replayed on another model, other data or another plan than its own."""

    slug = "report-mismatch"


class BadReport(UsageError):
    """A file that should be a report of relcheck, and is none, or none of this version."""

    slug = "bad-report"


class UnsupportedTarget(UsageError):
    """Fault sites whose bits the chosen executor cannot flip, like those of computed values."""

    slug = "unsupported-target"


class PackageMissing(UsageError):
    """An optional package is not installed, which a method or a kind of data needs."""

    slug = "package-missing"


class EmptySelection(UsageError):
    """``--include``, ``--exclude`` and ``--kinds`` together leave no bit at risk."""

    slug = "empty-selection"


class DeviceUnavailable(UsageError):
    """A device that this installation, or this machine, does not have."""

    slug = "device-unavailable"


class UnwritableOutput(UsageError):
    """A report cannot be written where it was asked for."""

    slug = "unwritable-output"


class BudgetTooSmall(UsageError):
    """A budget that ends before anything could be tried."""

    slug = "budget-too-small"

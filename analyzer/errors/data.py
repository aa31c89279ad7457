"""Errors of files and data sets: missing, damaged, too large, or not those of the model."""

from analyzer.errors.tree import InputError


class BaselineMissing(InputError):
    """The reference of a comparison, a model or a report, does not exist."""

    slug = "baseline-missing"


class FileMissing(InputError):
    """A file that is not there or cannot be opened."""

    slug = "file-missing"


class TooLarge(InputError):
    """A model or data set that asks for more than the limits of `analyzer.model.limits`."""

    slug = "too-large"


class OutOfMemory(InputError):
    """The model and its data need more memory than there is."""

    slug = "out-of-memory"


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

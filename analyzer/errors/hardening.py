"""Errors of hardening and quantizing a model."""

from analyzer.errors.data import DataError
from analyzer.errors.model import ModelError
from analyzer.errors.tree import InputError


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

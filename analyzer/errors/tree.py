"""The root of the exception tree, and its three branches."""

from typing import ClassVar


class RelcheckError(Exception):
    """Root of everything this package raises on purpose.

    >>> from analyzer.errors import NotOnnx
    >>> NotOnnx("cat.png is not an ONNX file").slug
    'not-onnx'
    """

    slug: ClassVar[str] = "error"


class UsageError(RelcheckError):
    """The request itself is wrong: a flag, a rate, a gate, a configuration file."""

    slug = "usage"


class InputError(RelcheckError):
    """A model or data set that cannot be used."""

    slug = "input"


class InternalError(RelcheckError):
    """A postcondition of relcheck itself does not hold: a defect, please report it."""

    slug = "internal"


class NotEnsured(InternalError):
    """A mitigation whose result lacks what it promises."""

    slug = "not-ensured"


class NotRestored(InternalError):
    """After a trial the weights are not bit-identical to golden."""

    slug = "not-restored"

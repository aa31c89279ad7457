"""Errors of machines that gave out: the workers of a cluster, a device."""

from analyzer.errors.tree import RelcheckError


class ClusterError(RelcheckError):
    """A cluster that cannot be reached, or runs other versions."""

    slug = "cluster"


class DeviceFailed(RelcheckError):
    """A device that was there gave out.

    Attributes:
        lost: True if only a new process can use the device again.
    """

    slug = "device-failed"

    def __init__(self, message: str, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost

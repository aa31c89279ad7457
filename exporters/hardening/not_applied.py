"""The record of a place that a mitigation leaves as it is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A place in a model that is left as it is, and the reason.

    Attributes:
        value: Name of the value, node or tensor.
        kind: Its operator or kind.
        reason: A clause that a report can print.
    """

    value: str
    kind: str
    reason: str

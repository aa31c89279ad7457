"""The state of one way to be faster: in force, or why not."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotApplied:
    """The reason why an acceleration is not in force.

    Attributes:
        reason: A clause that a report can print.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Acceleration:
    """One way to be faster, and its state in one executor.

    Attributes:
        name: As `open_executor` takes it in ``without``.
        in_force: True while runs can take it.
        reason: What it does here, or why it is not in force.
    """

    name: str
    in_force: bool
    reason: str


State = str | NotApplied
"""What an acceleration does in one executor, or why it is not in force."""


def listed(states: Mapping[str, State]) -> list[Acceleration]:
    """The accelerations of one executor from the state of each, by name."""
    return [
        Acceleration(name, False, state.reason)
        if isinstance(state, NotApplied)
        else Acceleration(name, True, state)
        for name, state in states.items()
    ]

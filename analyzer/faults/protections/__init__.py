"""The family of protections: one file per member, and `PROTECTIONS`, the one list."""

from analyzer.errors import BadOption
from analyzer.faults.protections.none import NoProtection
from analyzer.faults.protections.protection import Protection

NONE = NoProtection()

PROTECTIONS: tuple[Protection, ...] = (NONE,)
"""Every protection; the first is the default."""


def protection_named(name: str) -> Protection:
    """The protection of this name.

    Raises:
        BadOption: there is none.

    >>> protection_named("none").about
    'Nothing protects the memory: every upset is read.'
    """
    for protection in PROTECTIONS:
        if protection.name == name:
            return protection
    known = ", ".join(protection.name for protection in PROTECTIONS)
    raise BadOption(f"--protection {name!r} is unknown; use {known}")

"""The family of protections: one file per scheme, and `grammar.SCHEMES`, the one list."""

from analyzer.faults.protections.grammar import (
    NONE,
    SCHEMES,
    parse_protection,
)
from analyzer.faults.protections.protection import Protection

__all__ = ["NONE", "PROTECTIONS", "Protection", "parse_protection"]

PROTECTIONS: tuple[Protection, ...] = (NONE, *map(parse_protection, SCHEMES))
"""Every scheme by itself, on everything; the first is the default."""

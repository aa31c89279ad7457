"""Waivers: conditions that are excused for a while, with a reason."""

import tomllib
from dataclasses import dataclass
from datetime import date
from typing import Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadGate, quoted

KEYS = ("gate", "reason", "expires")
EXAMPLE = 'a waiver is a table [[waiver]] with gate = "sdc <= 0.01 @ 1e-6", reason and expires'


@dataclass(frozen=True, slots=True)
class Waiver:
    """A condition that need not be met until a day.

    Attributes:
        gate: The condition, as its `Condition.id`.
        reason: Why it is excused.
        expires: The last day on which it is.
        expired: True if that day has passed.
    """

    gate: str
    reason: str
    expires: date
    expired: bool


def parse_waivers(text: str, source: str, today: date) -> tuple[Waiver, ...]:
    r"""Read a file of waivers.

    Args:
        text: TOML, a table ``[[waiver]]`` per condition.
        source: name of the file, for messages.
        today: the day on which conditions are judged.

    Raises:
        BadGate: the text is no TOML, or a waiver lacks its gate, its reason or its day.

    >>> text = '[[waiver]]\ngate = "sdc<=0.01@1e-6"\nreason = "known"\nexpires = 2030-01-31'
    >>> (found,) = parse_waivers(text, "waivers.toml", date(2030, 2, 1))
    >>> found.gate, found.expired
    ('sdc <= 0.01 @ 1e-6', True)
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadGate(f"{source} is no TOML: {error}") from error
    tables = content.get("waiver", [])
    if set(content) - {"waiver"} or not isinstance(tables, list):
        raise BadGate(f"{source} holds something else than waivers; {EXAMPLE}")
    found = tuple(_waiver(table, source, today) for table in tables)
    names = [waiver.gate for waiver in found]
    if twice := {name for name in names if names.count(name) > 1}:
        raise BadGate(f"{source} waives {quoted(min(twice))} twice; keep one of the two")
    return found


def _waiver(table: Any, source: str, today: date) -> Waiver:
    if not isinstance(table, dict):
        raise BadGate(f"{source} holds something else than waivers; {EXAMPLE}")
    if unknown := sorted(set(table) - set(KEYS)):
        hint = meant(unknown[0], KEYS)
        raise BadGate(f"{source}: {quoted(unknown[0])} is no part of a waiver{hint}; {EXAMPLE}")
    gate, reason, expires = (table.get(key) for key in KEYS)
    if not isinstance(gate, str) or not isinstance(reason, str) or not reason.strip():
        raise BadGate(f"{source}: a waiver needs its gate and a reason, as text; {EXAMPLE}")
    if type(expires) is not date:
        raise BadGate(f"{source}: a waiver needs a day, like expires = 2030-01-31; {EXAMPLE}")
    return Waiver(_id(gate), reason.strip(), expires, today > expires)


def _id(gate: str) -> str:
    """The form of a condition on a sweep or a comparison, or on a map.

    Raises:
        BadGate: it is neither.
    """
    from analyzer.gate.difference import parse_comparison_gate
    from analyzer.gate.map_condition import parse_map_gate

    try:
        return parse_comparison_gate(gate).id
    except BadGate as error:
        try:
            return parse_map_gate(gate).id
        except BadGate:
            raise error from None

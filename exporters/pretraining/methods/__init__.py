"""The family of pretraining methods: one file each, `METHODS`, the one list, and `method_named`."""

from __future__ import annotations

from typing import Any

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from exporters.pretraining.methods.dino import Dino
from exporters.pretraining.methods.method import Method
from exporters.pretraining.methods.simsiam import SimSiam
from exporters.pretraining.methods.ssql import Ssql
from exporters.pretraining.methods.swav import Swav

METHODS: tuple[type[Any], ...] = (SimSiam, Swav, Dino, Ssql)
"""Every method that a name chooses."""


def method_named(text: str) -> Method:
    """The method that ``--method`` names.

    Args:
        text: ``NAME`` or ``NAME:field=value,field=value``.

    Raises:
        BadOption: there is no such method, no such field, or a value that the field does not take.

    >>> method_named("swav:prototypes=512").prototypes
    512
    """
    from analyzer.evaluation.rules.given_fields import given_fields

    name, _, settings = text.partition(":")
    found = next((method for method in METHODS if method.name == name.lower()), None)
    names = [method.name for method in METHODS]
    if found is None:
        raise BadOption(f"--method {name!r} is unknown{meant(name, names)}; use {', '.join(names)}")
    given = given_fields("--method", text, found, settings)
    for field, (low, high) in found.limits.items():
        if field in given and not low <= given[field] <= high:
            raise BadOption(
                f"--method {text}: {field} is a number from {low:g} to {high:g}, not {given[field]}"
            )
    method: Method = found(**given)
    return method

"""The form of protections: ``secded``, ``secded:32``, ``tmr@conv*``, ``parity:zero@bits=30``.

A protection is one rule, or several with ``+`` between them; the first that takes a bit protects
it. A rule is ``SCHEME[:N][:ACTION][@WHERE]``. N is the number of data bits of a word. ACTION says
what becomes of a word with an error that is found and not corrected: ``stop``, ``reload`` or
``zero``. WHERE is a list with commas of name globs, ``kind=KIND``, ``type=TYPE``, ``bits=N`` and
``bits=LOW-HIGH``; of several of one sort any suffices, and of several sorts all must hold.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, quoted
from analyzer.faults.elements import ELEMENT_TYPES
from analyzer.faults.protections.cep import Cep
from analyzer.faults.protections.crc import Crc
from analyzer.faults.protections.mset import Mset
from analyzer.faults.protections.none import NoProtection
from analyzer.faults.protections.parity import Parity
from analyzer.faults.protections.plan import Chosen, ProtectionPlan, Rule
from analyzer.faults.protections.protection import Protection
from analyzer.faults.protections.scheme import Action, Scheme
from analyzer.faults.protections.secded import Secded
from analyzer.faults.protections.tmr import Tmr
from analyzer.faults.space import Kind

NONE = NoProtection()


class Offer(NamedTuple):
    """A scheme that flags may name.

    Attributes:
        make: Its class.
        least: Smallest number behind it; 0: it takes none.
        most: Largest one.
        actions: Whether an action may be given.
    """

    make: Callable[..., Scheme]
    least: int = 0
    most: int = 0
    actions: bool = False


SCHEMES: Mapping[str, Offer] = {
    "parity": Offer(Parity, 1, 65536, actions=True),
    "secded": Offer(Secded, 1, 4096, actions=True),
    "tmr": Offer(Tmr),
    "crc": Offer(Crc, 8, 65536, actions=True),
    "mset": Offer(Mset),
    "cep": Offer(Cep, 3, 31),
}
"""Every scheme but ``none``, by name."""

_TERM = re.compile(r"(kind|type|bits)=(.*)", re.DOTALL)


def parse_protection(text: str) -> Protection:
    """Read a protection.

    Raises:
        BadOption: the text is none.

    >>> parse_protection("tmr@c* + secded").name
    'tmr@c*+secded:64'
    >>> parse_protection("parity:8:zero@kind=weight,bits=30,bits=23-25").name
    'parity:8:zero@kind=weight,bits=23-25,bits=30'
    """
    rules = tuple(_rule(part.strip()) for part in text.split("+"))
    if all(rule.scheme is None for rule in rules):
        return NONE
    return ProtectionPlan(rules)


def _rule(text: str) -> Rule:
    head, at, where = text.partition("@")
    if at and not where:
        raise BadOption(f"--protect {quoted(text)}: nothing follows @; write a name glob there")
    return Rule(_scheme(head, text), _chosen(where, text) if at else Chosen())


def _scheme(head: str, text: str) -> Scheme | None:
    name, *options = head.lower().split(":")
    if name == NONE.name and not options:
        return None
    if name not in SCHEMES:
        known = ", ".join([NONE.name, *SCHEMES])
        guess = meant(name, SCHEMES)
        raise BadOption(f"--protect: there is no scheme {quoted(name)}{guess}; use {known}")
    offer = SCHEMES[name]
    given: dict[str, Any] = {}
    for option in options:
        key, value = _option(name, offer, option, text)
        if key in given:
            raise BadOption(f"--protect {quoted(text)}: {option} is one {key} too many")
        given[key] = value
    return offer.make(**given)


def _option(name: str, offer: Offer, option: str, text: str) -> tuple[str, object]:
    """One text between colons: the number of data bits, or the action.

    Raises:
        BadOption: it is neither, or the scheme does not take it.
    """
    if option.isdecimal() and len(option) < 7 and offer.least <= int(option) <= offer.most:
        return "data", int(option)
    if offer.actions and option in list(Action):
        return "action", Action(option)
    offers = [f"a number of data bits from {offer.least} to {offer.most}"] * bool(offer.most)
    offers += [f"one of {', '.join(Action)}"] * offer.actions
    wanted = f"use {' or '.join(offers)}" if offers else f"{name} takes nothing"
    raise BadOption(f"--protect {quoted(text)}: {quoted(option)} does not belong there; {wanted}")


def _chosen(where: str, text: str) -> Chosen:
    found: dict[str, list[str]] = {"names": [], "kind": [], "type": [], "bits": []}
    for term in where.split(","):
        match = _TERM.fullmatch(term.strip())
        key, value = (match[1], match[2]) if match else ("names", term.strip())
        if not value:
            raise BadOption(f"--protect {quoted(text)}: there is an empty term behind @")
        found[key].append(value)
    _check_known(found["kind"], list(Kind), "kind", text)
    _check_known(found["type"], list(ELEMENT_TYPES), "type", text)
    bits = sorted({bit for span in found["bits"] for bit in _span(span, text)})
    names, kinds, dtypes = (tuple(found[key]) for key in ("names", "kind", "type"))
    return Chosen(names, kinds, dtypes, tuple(bits))


def _check_known(given: list[str], known: list[str], what: str, text: str) -> None:
    for value in given:
        if value not in known:
            guess = meant(value, known)
            raise BadOption(
                f"--protect {quoted(text)}: there is no {what} {quoted(value)}{guess}; use one of "
                f"{', '.join(known)}"
            )


def _span(span: str, text: str) -> range:
    match = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", span)
    low, high = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not low <= high <= 63:
        raise BadOption(
            f"--protect {quoted(text)}: bits={span} names no bit positions; write bits=30 or "
            "bits=23-30, bit 0 is the lowest"
        )
    return range(low, high + 1)

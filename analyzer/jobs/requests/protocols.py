"""Protocols of published studies: their settings, and how often they repeat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analyzer.jobs.requests.words import spelled


@dataclass(frozen=True, slots=True)
class Protocol:
    """Settings of a published study.

    Attributes:
        name: That asks for it.
        source: Where it is described.
        repetitions: Passes over the data set at each rate, whose mean the study states.
        settings: By name of the setting, as users write them.
    """

    name: str
    source: str
    repetitions: int
    settings: Mapping[str, Any]


MILAZZO = Protocol(
    name="milazzo2025",
    source="Milazzo et al., IEEE Access 13, 2025, sections III-A and IV-C, D",
    repetitions=5,
    settings={
        "rates": "1e-8,3e-8,1e-7,3e-7,1e-6,3e-6,1e-5,3e-5",
        "encoding": "q15.16",
        "exposure": "transient",
        "batch": 128,
    },
)
PROTOCOLS = {protocol.name: protocol for protocol in (MILAZZO,)}


def with_protocol(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of the protocol that is asked for, under those that are given.

    Args:
        given: settings by name, ``protocol`` perhaps among them.

    >>> with_protocol({"protocol": "milazzo2025", "batch": 64})["batch"]
    64
    """
    protocol = PROTOCOLS.get(spelled(str(given.get("protocol")), tuple(PROTOCOLS)) or "")
    stated = {k: v for k, v in given.items() if v is not None}
    return {**protocol.settings, **stated} if protocol else dict(given)

"""Entries: the units of a journal, each of which proves itself by a digest."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A JSON object as text, with the digest that should prove it.

    Attributes:
        content: The text.
        digest: SHA-256 of the key and the text, in hexadecimal.
    """

    content: str
    digest: str

    @staticmethod
    def of(content: str, key: str = "") -> "Entry":
        """The entry of a text.

        Args:
            content: a JSON object as text.
            key: what the digest vouches for besides: the campaign to which a block belongs.
        """
        return Entry(content, _digest(content, key))

    def proven(self, key: str = "") -> bool:
        """True if the text is the one that was written under ``key``.

        >>> Entry.of('{"a":1}', "key").proven("key"), Entry.of('{"a":1}', "key").proven("other")
        (True, False)
        """
        return self.digest == _digest(self.content, key)


def _digest(content: str, key: str) -> str:
    return hashlib.sha256(f"{key}\n{content}".encode()).hexdigest()


def value_entry(name: str, value: Any) -> Entry:
    """The entry that keeps a value under a name.

    Args:
        name: lower-case letters.
        value: JSON data.

    >>> value_entry("shard", "1/2").content
    '{"shard":"1/2"}'
    """
    return Entry.of(json.dumps({name: value}, sort_keys=True, separators=(",", ":")))


def read_value(entries: Iterable[Entry], name: str) -> Any:
    """The value of the last proven entry of a name; None if there is none.

    Args:
        entries: of a journal, in order.
        name: as given to `value_entry`.

    >>> read_value([value_entry("shard", "1/2"), value_entry("shard", "2/2")], "shard")
    '2/2'
    """
    start = f'{{"{name}":'
    found = [e for e in entries if e.content.startswith(start) and e.proven()]
    return json.loads(found[-1].content)[name] if found else None

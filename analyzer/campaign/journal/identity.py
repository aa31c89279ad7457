"""The campaign to which a journal belongs."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

FORMAT = 1
"""Version of the journal's own format."""


@dataclass(frozen=True)
class Identity:
    """Everything that decides the outcomes of a block.

    Attributes:
        plan: Contents of the plan's id.
        versions: Versions of the tool and its runtime.
        answers: Digests of what is fed and of the golden answers: they differ where preprocessing
            or the processor's arithmetic does.
    """

    plan: dict[str, Any]
    versions: dict[str, str]
    answers: dict[str, str]

    @property
    def content(self) -> dict[str, Any]:
        """The identity as JSON data."""
        parts = {"plan": self.plan, "versions": self.versions, "answers": self.answers}
        return {"format": FORMAT, **parts}

    def difference(self, other: dict[str, Any]) -> str | None:
        """The first difference from the content of another identity, in words; None if equal."""
        return first_difference(other, self.content, "this run")


def first_difference(journal: dict[str, Any], other: dict[str, Any], whose: str) -> str | None:
    """The first difference between the contents of two identities, in words; None if equal.

    Args:
        journal: content that a journal holds.
        other: the content with which it is compared.
        whose: names the owner of ``other``.
    """
    for part in ("plan", "versions", "answers"):
        mine, theirs = journal.get(part, {}), other.get(part, {})
        for name in sorted(mine.keys() | theirs.keys()):
            a, b = mine.get(name), theirs.get(name)
            if a != b:
                return f"{part} {name}: the journal has {a!r}, {whose} {b!r}"
    return None if journal == other else "its format is another"


def key_of(identity: dict[str, Any]) -> str:
    """Digest of an identity's content: equal for journals whose blocks may be mixed."""
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]

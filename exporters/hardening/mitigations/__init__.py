"""The family of mitigations: one file each, and the one list that everything else derives from.

``relcheck harden --method``, its help, its messages, the documentation's test and the reports take
names and summaries from `MITIGATIONS`. A new member is a file with one object and a line here.

This module is imported for ``relcheck --help``: members load what they need when they are used.
"""

from exporters.hardening.interface import Mitigation
from exporters.hardening.mitigations.actmax import ACTMAX
from exporters.hardening.mitigations.clipact import CLIPACT
from exporters.hardening.mitigations.ranger import RANGER
from exporters.hardening.mitigations.relu6 import RELU6

MITIGATIONS: tuple[Mitigation, ...] = (RELU6, RANGER, ACTMAX, CLIPACT)
"""Every mitigation, in the order in which help and documentation list them."""


def find_mitigation(word: str) -> Mitigation:
    """The mitigation of that name, in any case.

    Raises:
        BadOption: there is none.
    """
    from analyzer.did_you_mean import meant
    from analyzer.errors import BadOption

    found = next((m for m in MITIGATIONS if m.name == word.lower()), None)
    if found is None:
        names = [m.name for m in MITIGATIONS]
        raise BadOption(f"--method {word!r} is unknown{meant(word, names)}; use {', '.join(names)}")
    return found


def summaries() -> str:
    """Names and summaries of the family in one sentence, for help texts."""
    return ", ".join(f"{m.name} ({m.summary})" for m in MITIGATIONS) + "."

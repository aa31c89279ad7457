"""Text of ``relcheck annotate`` about the file that it wrote."""

from collections.abc import Collection, Mapping
from textwrap import wrap

from analyzer.errors import short
from analyzer.reports.shared.terminal_text import one_line

COLUMNS = 80
VALUE_CHARACTERS = 200


def annotated_text(
    name: str, entries: Mapping[str, str], changed: Collection[str], folded: bool
) -> str:
    """The entries of the file, a line each.

    Args:
        name: of the file.
        entries: its ``relcheck.*`` entries, by name without the prefix.
        changed: names of those that are new or have another value.
        folded: whether external data was written into the file.
    """
    facts = [f"{name} says of itself (* written now):"]
    facts += [
        f"{'*' if key in changed else ' '} relcheck.{key} = {short(value, VALUE_CHARACTERS)}"
        for key, value in entries.items()
    ]
    if folded:
        facts.append("External data of the original was written into the file.")
    lines = [
        line for fact in facts for line in wrap(one_line(fact), COLUMNS, subsequent_indent="    ")
    ]
    return "\n".join(lines) + "\n"

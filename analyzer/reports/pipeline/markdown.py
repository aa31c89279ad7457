"""Markdown for a comment on a pull request, and for the summary of a job of GitHub Actions."""

from collections.abc import Iterable, Iterator

from analyzer.reports.findings.record import Finding, Findings, Level, State, Table
from analyzer.reports.pipeline.plain import visible

OPENING = "<!-- relcheck -->\n"
"""First line, by which a bot finds its comment again."""

SIGNS = {
    State.PASS: "✅ pass",
    State.FAIL: "❌ fail",
    State.UNDECIDED: "❔ undecided",
    State.WAIVED: "🟡 waived",
    State.ERROR: "❌ error",
}


def to_markdown(found: Findings) -> str:
    """Render a heading, the checks, the tables, and what they rest on, folded away."""
    lines = [f"### relcheck: {found.title}: {text(found.artifacts[0].path)}", ""]
    for sentence in found.lead:
        lines += [text(sentence), ""]
    lines += list(_checks(found))
    for table in found.tables:
        lines += [f"**{text(table.title)}**", "", *_table(table), ""]
    for note in found.notes:
        lines += [text(note), ""]
    lines += _facts(found)
    return OPENING + "\n".join(lines).rstrip() + "\n"


def _checks(found: Findings) -> Iterator[str]:
    gates = [check for check in found.checks if check.rule.startswith("gate")]
    if gates:
        yield from ("| | gate | found |", "|---|---|---|")
        yield from (_check(check) for check in gates)
        yield ""
    elif found.told and found.exit_code is None:
        yield from (*(text(check.sentence) for check in found.told), "")


def _check(check: Finding) -> str:
    level = " (warning)" if check.level is Level.WARNING and check.state is State.FAIL else ""
    place = f" {code(check.place)}" if check.place else ""
    return f"| {SIGNS[check.state]}{level} | {code(check.name)}{place} | {text(check.found)} |"


def _table(table: Table) -> Iterator[str]:
    yield _line(table.heads)
    yield _line([":--", *["--:"] * (len(table.heads) - 1)])
    yield from (_line(text(cell) for cell in row) for row in table.rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _facts(found: Findings) -> Iterator[str]:
    yield from ("<details><summary>What this rests on</summary>", "", "| | |", "|---|---|")
    yield from (_line((text(name), code(value))) for name, value in found.facts)
    yield from ("", "</details>")


SPECIAL = "\\`*_{}[]<>|~&"
REFERENCES = "@#"
"""Before a name or a number these call a person, or an issue; a comment in between hides them."""


def text(plain: str) -> str:
    r"""Text in which Markdown sees no markup, GitHub no mention, and a table no cell's end.

    >>> text("a|b <img> @team")
    'a\\|b \\<img\\> @<!-- -->team'
    """
    return "".join(map(_escaped, visible(plain)))


def _escaped(character: str) -> str:
    if character in REFERENCES:
        return f"{character}<!-- -->"
    return f"\\{character}" if character in SPECIAL else character


def code(plain: str) -> str:
    r"""Text as it is, in a cell of a table, whatever number of backticks it holds.

    >>> code("a|b"), code("a`b")
    ('`a\\|b`', '`` a`b ``')
    """
    shown = visible(plain).replace("|", "\\|")
    if "`" not in shown:
        return f"`{shown}`"
    runs = "".join(c if c == "`" else " " for c in shown).split()
    fence = "`" * (1 + max(map(len, runs)))
    return f"{fence} {shown} {fence}"

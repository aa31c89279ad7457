"""Text that a terminal shows and does not obey.

Names of tensors, classes and files are other people's text: an escape sequence in one of them
could rewrite the screen, a newline could add a line that looks like ours.
"""

from collections import Counter
from collections.abc import Iterable


def one_line(text: str) -> str:
    r"""``text`` with everything unprintable written out: control, format and surrogate characters.

    >>> print(one_line("conv1\x1b[2J\n\u202eweight"))
    conv1\x1b[2J\n\u202eweight
    >>> one_line("poids é 重み")
    'poids é 重み'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def lines(text: str) -> str:
    r"""The same, line by line.

    >>> lines("a\tb\nc")
    'a\\tb\nc'
    """
    return "\n".join(map(one_line, text.split("\n")))


def short_names(names: Iterable[str], width: int) -> dict[str, str]:
    """Names of at most ``width`` characters: the ends of long ones, which tell more than starts.

    Those that would look alike show their start as well.

    >>> short = short_names(["stage2.block0.shortcut.weight", "stage3.block0.shortcut.weight"], 23)
    >>> list(short.values())
    ['stage2.…shortcut.weight', 'stage3.…shortcut.weight']
    >>> list(short_names(["stage2.shortcut.weight", "head.weight"], 16).values())
    ['…shortcut.weight', 'head.weight']
    """
    whole = {name: one_line(name) for name in names}
    ends = {name: _cut(text, 0, width) for name, text in whole.items()}
    seen = Counter(ends.values())
    starts = {
        n: _cut(whole[n], (width - 1) // 3, width) for n, end in ends.items() if seen[end] > 1
    }
    return {**ends, **starts}


def _cut(text: str, start: int, width: int) -> str:
    """``text`` without its middle where it is too long, ``start`` characters before the gap."""
    if len(text) <= width:
        return text
    return f"{text[:start]}…{text[start + 1 - width :]}"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

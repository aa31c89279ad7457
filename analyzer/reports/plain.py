"""Text that a terminal shows and does not obey.

Names of tensors, classes and files are other people's text: an escape sequence in one of them
could rewrite the screen, a newline could add a line that looks like ours.
"""


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


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

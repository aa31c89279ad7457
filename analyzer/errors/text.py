"""Text for messages: what a file holds, on one line and not endless."""

QUOTED_CHARACTERS = 300
"""Most characters of other people's text in one message: names in a file have no natural end."""


def quoted(text: str, limit: int = QUOTED_CHARACTERS) -> str:
    r"""A file's own text for a message: one line without control characters, and not endless.

    Args:
        text: of any origin.
        limit: most characters of the result, 1 or more.

    >>> print(quoted("weights\x1b[2J"))
    'weights\x1b[2J'
    >>> quoted("w" * 500, 9)
    "'wwwwwww…"
    """
    return short(repr(text[:limit]), limit)


def short(text: str, limit: int = QUOTED_CHARACTERS) -> str:
    """``text``, cut where it is too long for a message.

    Args:
        text: of this tool or of a library, on one line.
        limit: most characters of the result, 1 or more.

    >>> short("0123456789", 5)
    '0123…'
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"

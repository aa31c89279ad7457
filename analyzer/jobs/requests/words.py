"""Words and shares as people write them: in any case, and in percent."""

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from analyzer.did_you_mean import meant


def spelled(word: str, offered: Iterable[str]) -> str | None:
    """The offered word that differs from ``word`` in nothing but case; None if there is none.

    Args:
        word: as somebody wrote it.
        offered: words, no two of which differ in case alone.

    >>> spelled("nchw", ["NCHW", "NHWC"]), spelled("NCHV", ["NCHW", "NHWC"])
    ('NCHW', None)
    """
    return {other.lower(): other for other in offered}.get(word.strip().lower())


def one_of(offered: Iterable[str], text: str) -> str:
    """The offered word that a text is, in any case.

    Args:
        offered: words.
        text: as somebody wrote it.

    Raises:
        ValueError: it is none of them.

    >>> one_of(("transient", "resident"), "Resident")
    'resident'
    """
    known = list(offered)
    if found := spelled(text, known):
        return found
    *most, last = known
    listed = f"{', '.join(most)} or {last}" if most else last
    raise ValueError(f"use {listed}{meant(text, known)}")


def reads_one_of(offered: Iterable[str]) -> Callable[[Any], Any]:
    """A function that turns text into the offered word that it is; other values pass.

    Args:
        offered: words.
    """
    known = tuple(offered)
    return lambda value: one_of(known, value) if isinstance(value, str) else value


def respelled(offered: Iterable[str]) -> Callable[[Any], Any]:
    """A function that corrects the case of an offered word; anything else passes as it is.

    What stands behind the first colon is left alone.

    Args:
        offered: words.

    >>> respelled(["classification"])("Classification:top=2"), respelled(["top1"])("Mine.py:f")
    ('classification:top=2', 'Mine.py:f')
    """
    known = tuple(offered)

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        name, colon, rest = value.partition(":")
        return f"{spelled(name, known) or name}{colon}{rest}"

    return read


def read_share(value: Any, above_half: bool = False) -> Any:
    """A fraction of a number or text; percent is written with its sign.

    A number from 1 on may be meant as percent or be a slip. It is taken for percent only where no
    fraction of that setting could be below a half, and 50 to 100 can be nothing else.

    Args:
        value: text like ``0.01``, ``1%``, or a number; other values pass.
        above_half: whether every value of the setting is above a half.

    Raises:
        ValueError: the text is no number, or may mean either.

    >>> read_share("1%"), read_share("0.01"), read_share("95", above_half=True)
    (0.01, 0.01, 0.95)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = value.strip() if isinstance(value, str) else repr(value)
    try:
        number = Decimal(text.removesuffix("%").rstrip())
    except InvalidOperation as error:
        raise ValueError("write a fraction like 0.01, or percent like 1%") from error
    if text.endswith("%"):
        return float(number / 100)
    if not number.is_finite() or number < 1:
        return float(number)
    if above_half and 50 < number < 100:
        return float(number / 100)
    if number < 100:
        percent = f"{number.normalize():f}"
        raise ValueError(f"percent has its sign; write {percent}%, or {number.normalize() / 100:f}")
    return float(number)

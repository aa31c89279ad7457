"""Bit error rates as users write them: ``A..B`` on the 1-3 grid, or a comma list."""

import math
from decimal import Decimal, InvalidOperation

from analyzer.errors import BadRates

HELP = "write rates like 1e-7..3e-5 or 1e-6,5e-6, each above 0 and below 1"


def parse_rates(text: str) -> tuple[float, ...]:
    """Read ``A..B`` or ``a,b,c``.

    ``A..B`` is the 1-3 grid of the field, ends included: per decade 1 and 3 (Milazzo et al. 2025,
    section IV-D). Ends that are not on the grid are added to it. A list is taken as it stands.

    Raises:
        BadRates: a rate outside (0, 1), a reversed range, or nothing.

    >>> parse_rates("1e-7..3e-6")
    (1e-07, 3e-07, 1e-06, 3e-06)
    >>> parse_rates("2e-6,1e-6")
    (2e-06, 1e-06)
    """
    if ".." in text:
        low, _, high = text.partition("..")
        return _grid(_rate(low), _rate(high), text)
    rates = tuple(_rate(part) for part in text.split(",") if part.strip())
    if not rates:
        raise BadRates(f"--rates {text!r} holds no rate; {HELP}")
    if len(set(rates)) < len(rates):
        raise BadRates(f"--rates {text!r} names a rate twice; {HELP}")
    return rates


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError as error:
        raise BadRates(f"{text.strip()!r} is not a bit error rate; {HELP}") from error
    if not 0.0 < rate < 1.0:
        raise BadRates(f"{text.strip()} is not a bit error rate; {HELP}")
    return rate


def _grid(low: float, high: float, text: str) -> tuple[float, ...]:
    if low > high:
        raise BadRates(f"--rates {text!r} runs backwards; put the lower rate first")
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    marks = [float(f"{digit}e{exp}") for exp in range(first, last + 1) for digit in (1, 3)]
    inside = {mark for mark in marks if low < mark < high}
    return tuple(sorted(inside | {low, high}))


def show_rate(rate: float) -> str:
    """The shortest usual form of a rate.

    >>> show_rate(1e-06), show_rate(3e-05), show_rate(2.5e-4)
    ('1e-6', '3e-5', '2.5e-4')
    """
    try:
        mantissa, exponent = f"{Decimal(repr(rate)).normalize():e}".split("e")
    except (InvalidOperation, ValueError):
        return repr(rate)
    return f"{mantissa}e{int(exponent)}"

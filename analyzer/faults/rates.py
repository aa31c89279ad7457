"""Bit error rates as users write them: ``A..B``, ``A..B/N``, or a comma list."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from analyzer.errors import BadRates, quoted

HELP = "write rates like 1e-7..3e-5 or 1e-6,5e-6, each above 0 and below 1"

MOST_PER_DECADE = 10
"""With two digits, more rates of a decade would come close to one another."""

PARTS = {"%": 1e-2, "ppm": 1e-6, "ppb": 1e-9}
"""Units that a rate, which is a fraction, does not have."""

_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?"
_START = r"(?:(?<=\.\.)|(?<![0-9.]))"  # two dots are between numbers, one is within a number
_WITH_UNIT = re.compile(rf"{_START}({_NUMBER})\s*({'|'.join(PARTS)})", re.IGNORECASE)
_BETWEEN = re.compile(
    rf"({_NUMBER})\s*(?:\.{{3,}}|…|:|;|–|—|\bto\b|-)\s*({_NUMBER})(\s*/\s*[0-9]+)?", re.IGNORECASE
)


def parse_rates(text: str) -> tuple[float, ...]:
    """Read ``A..B``, ``A..B/N`` or ``a,b,c``.

    ``A..B`` is the 1-3 grid of the field, ends included: per decade 1 and 3 (Milazzo et al. 2025,
    section IV-D). ``A..B/N`` has N rates per decade instead, evenly spaced on a logarithmic scale
    and rounded to two digits. Ends that are not on the grid are added to it. A list is taken as it
    stands.

    Args:
        text: of rates, each above 0 and below 1.

    Raises:
        BadRates: a rate outside (0, 1), a reversed range, or nothing.

    >>> parse_rates("1e-7..3e-6")
    (1e-07, 3e-07, 1e-06, 3e-06)
    >>> parse_rates("1e-7..1e-6/3")
    (1e-07, 2.2e-07, 4.6e-07, 1e-06)
    >>> parse_rates("2e-6,1e-6")
    (2e-06, 1e-06)
    """
    if meant := _usual_form(text):
        raise BadRates(f"--rates {quoted(text)} cannot be read; write {meant}")
    if ".." in text:
        low, _, rest = text.partition("..")
        high, slash, count = rest.partition("/")
        return _grid(_rate(low), _rate(high), text, _per_decade(text, count) if slash else None)
    rates = tuple(_rate(part) for part in text.split(",") if part.strip())
    if not rates:
        raise BadRates(f"--rates {text!r} holds no rate; {HELP}")
    if len(set(rates)) < len(rates):
        raise BadRates(f"--rates {text!r} names a rate twice; {HELP}")
    return rates


def _usual_form(text: str) -> str | None:
    """The form of a text that says otherwise what is meant; None: there is nothing to guess.

    >>> _usual_form("1e-7...1e-6"), _usual_form("1e-7:3e-5"), _usual_form("10ppm")
    ('1e-7..1e-6', '1e-7..3e-5', '1e-5')
    """
    plain = _WITH_UNIT.sub(_without_unit, text.strip())
    match = _BETWEEN.fullmatch(plain)
    if match:
        plain = f"{match[1]}..{match[2]}{(match[3] or '').replace(' ', '')}"
    try:
        return plain if plain != text.strip() and parse_rates(plain) else None
    except BadRates:
        return None


def _without_unit(match: re.Match[str]) -> str:
    unit = PARTS[match[2].lower()]
    try:
        return show_rate(float(Decimal(match[1]) * Decimal(repr(unit))))
    except InvalidOperation:
        return match[0]


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError as error:
        raise BadRates(f"{text.strip()!r} is not a bit error rate; {HELP}") from error
    if not 0.0 < rate < 1.0:
        raise BadRates(f"{text.strip()} is not a bit error rate; {HELP}")
    return rate


def _per_decade(text: str, count: str) -> int:
    if not count.strip().isdecimal() or not 1 <= int(count) <= MOST_PER_DECADE:
        raise BadRates(
            f"--rates {text!r}: behind the / stands how many rates there are per decade, "
            f"1 to {MOST_PER_DECADE}, like 1e-7..1e-4/3"
        )
    return int(count)


def _grid(low: float, high: float, text: str, per_decade: int | None) -> tuple[float, ...]:
    if low > high:
        raise BadRates(f"--rates {text!r} runs backwards; put the lower rate first")
    digits: Iterable[str] = ("1", "3")
    if per_decade is not None:
        digits = [f"{10 ** (step / per_decade):.1f}" for step in range(per_decade)]
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    marks = [float(f"{digit}e{exp}") for exp in range(first, last + 1) for digit in digits]
    inside = {mark for mark in marks if low < mark < high}
    return tuple(sorted(inside | {low, high}))


def show_rate(rate: float) -> str:
    """The usual form of a rate: with an exponent, from a tenth on without.

    >>> show_rate(1e-06), show_rate(3e-05), show_rate(2.5e-4)
    ('1e-6', '3e-5', '2.5e-4')
    >>> show_rate(0.5), show_rate(0.999), show_rate(0.1), show_rate(0.01)
    ('0.5', '0.999', '0.1', '1e-2')
    """
    if 0.1 <= rate < 1.0:
        return repr(rate)
    try:
        mantissa, exponent = f"{Decimal(repr(rate)).normalize():e}".split("e")
    except (InvalidOperation, ValueError):
        return repr(rate)
    return f"{mantissa}e{int(exponent)}"

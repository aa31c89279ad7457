"""Figures that are no shares, such as FIT, as people read them."""

MOST_DIGITS = 15


def number(value: float, digits: int = 3) -> str:
    """A number with so many digits; large ones with commas.

    Args:
        value: 0 or more.
        digits: that are significant.

    >>> number(0.0), number(5.0213), number(0.00012345), number(16360.4), number(1.5e9)
    ('0', '5.02', '0.000123', '16,360', '1.5e9')
    """
    if 1000.0 <= value < 1e7:
        return f"{value:,.{max(0, digits - len(str(int(value))))}f}"
    text = f"{value:.{digits}g}"
    return text.replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def beside(value: float, bound: float) -> str:
    """A number that stands to the bound, as shown, as the value does.

    Args:
        value: 0 or more.
        bound: likewise.

    >>> beside(9.9996, 10.0), beside(10.0, 10.0), beside(12.3456, 10.0)
    ('9.9996', '10', '12.3')
    """
    for digits in range(3, MOST_DIGITS):
        text = number(value, digits)
        shown = float(text.replace(",", ""))
        if (shown > bound, shown < bound) == (value > bound, value < bound):
            return text
    return repr(value)

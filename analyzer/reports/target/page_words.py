"""Figures of a report on a target as people read them: FIT, hours, probabilities."""

from analyzer.reports.target.memory import AmountPart

HOURS_PER_YEAR = 8766.0
LEAST_PLAIN, MOST_PLAIN = 1e-3, 1e7

FIGURES = {
    "sdc_fit": "FIT of silent corruption",
    "due_fit": "FIT of detected errors",
    "metric_event": "{metric} given one event, in the worst region",
    "metric_mean": "{metric} at a moment drawn from the mission",
}
"""Names of the figures that conditions judge."""

REFRESHES = {
    "never": "never; errors stay to the end of the mission",
    "start": "loaded at each start",
    "inference": "loaded for each inference",
    "scrub": "scrubbed",
}


def amount(value: float) -> str:
    """A figure of any size, to three digits.

    Args:
        value: 0 or more.

    >>> amount(0.0), amount(5.0231), amount(16360.0), amount(2.4e-13), amount(1.683e7)
    ('0', '5.02', '16,400', '2.4e-13', '1.68e7')
    """
    if value == 0.0:
        return "0"
    rounded = float(f"{value:.3g}")
    if not LEAST_PLAIN <= rounded < MOST_PLAIN:
        mantissa, exponent = f"{rounded:.2e}".split("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


def point(part: AmountPart | None) -> str:
    """The estimate; a bound where nothing was observed, a dash without an estimate.

    >>> point(AmountPart(estimate=0.0, low=0.0, high=2.5)), point(None)
    ('≤ 2.5', '–')
    """
    if part is None:
        return "–"
    if part.estimate == part.low < part.high:
        return f"≤ {amount(part.high)}"
    return amount(part.estimate)


def ends(part: AmountPart | None) -> str:
    """The interval; nothing without an estimate, or where the figure is exact.

    >>> ends(AmountPart(estimate=5.0, low=4.1, high=6.1)), ends(None)
    ('4.1 – 6.1', '')
    """
    return f"{amount(part.low)} – {amount(part.high)}" if part and part.low < part.high else ""


def hours(value: float) -> str:
    """A time, with years where hours say little.

    >>> hours(24.0), hours(43_800.0), hours(0.000278)
    ('24 h', '43,800 h (5.0 years)', '1.0 s')
    """
    if value < 1.0 / 60.0:
        return f"{3600.0 * value:.2g} s" if value < 1e-4 else f"{3600.0 * value:.1f} s"
    years = value / HOURS_PER_YEAR
    return f"{amount(value)} h" + (f" ({years:.1f} years)" if years >= 0.5 else "")

"""Numbers as people read them. A displayed 0 or 1 is exact; nothing observed is a bound."""

from analyzer.evaluation.metrics import MetricLabels
from analyzer.reports.shared.records import IntervalPart

MAX_DECIMALS = 4

UNKNOWN = "–"
"""In place of a figure of which nothing is known."""

NO_TRIALS = f"{UNKNOWN} no trial was run: nothing is known."

METRIC_NAMES = MetricLabels()
"""Name of a metric -> its name in text."""


def percent(value: float, decimals: int = 1) -> str:
    """A fraction in percent, with as many decimals as it takes not to show a false 0 or 100.

    Beyond `MAX_DECIMALS` a small figure is written with an exponent, a large one as a bound.

    Args:
        value: a fraction in [0, 1].
        decimals: fewest decimals.

    >>> percent(0.9731), percent(0.0), percent(1.0), percent(0.99996), percent(0.00002)
    ('97.3', '0', '100', '99.996', '0.002')
    >>> percent(1.2e-7), percent(1 - 1e-9)
    ('1.2e-5', '>99.9999')
    """
    if value in (0.0, 1.0):
        return f"{100 * value:.0f}"
    for places in range(decimals, MAX_DECIMALS + 1):
        text = f"{100 * value:.{places}f}"
        if float(text) not in (0.0, 100.0):
            return text
    if value > 0.5:
        return f">{100 - 10**-MAX_DECIMALS}"
    mantissa, exponent = f"{100 * value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def estimate(part: IntervalPart) -> str:
    """The point, or a bound where nothing (or everything) was observed, in percent.

    >>> estimate(IntervalPart(estimate=0.0, low=0.0, high=0.004))
    '≤ 0.4'
    """
    if part.estimate == 0.0 and part.high > 0.0:
        return f"≤ {percent(part.high)}"
    if part.estimate == 1.0 and part.low < 1.0:
        return f"≥ {percent(part.low).lstrip('>')}"
    return percent(part.estimate)


def bounds(part: IntervalPart) -> str:
    """The interval in percent.

    >>> bounds(IntervalPart(estimate=0.5, low=0.42, high=0.58))
    '42.0 – 58.0'
    """
    return f"{percent(part.low)} – {percent(part.high)}"


def flips(expected: float) -> str:
    """An expected count, to three digits.

    >>> flips(0.8609), flips(258.27), flips(12000.0), flips(1.5e9)
    ('0.861', '258', '12,000', '1.5 G')
    """
    if expected >= 1e6:
        return si(round(expected))
    if expected >= 100:
        return f"{expected:,.0f}"
    return f"{expected:.3g}"


def si(count: int) -> str:
    """A large count, readable.

    >>> si(8609088), si(512)
    ('8.61 M', '512')
    """
    for limit, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= max(0.9995 * limit, 10**4):
            return f"{count / limit:.3g} {unit}"
    return str(count)


def size(count: int) -> str:
    """A number of bytes.

    >>> size(314_159), size(999), size(25_600_000)
    ('314 kB', '999 B', '25.6 MB')
    """
    for limit, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if count >= limit:
            return f"{count / limit:.3g} {unit}"
    return f"{count} B"


def images_per_run(batch: int) -> str:
    """The size of a batch in words, for heads of reports.

    >>> images_per_run(1), images_per_run(32)
    ('1 image per run', '32 images per run')
    """
    return f"{batch} {'image' if batch == 1 else 'images'} per run"

"""Numbers as people read them. A displayed 0 or 1 is exact; nothing observed is a bound."""

import re
from typing import Protocol

from analyzer.evaluation.metrics import MetricLabels
from analyzer.reports.shared.records import IntervalPart, ToolPart

MAX_DECIMALS = 4

LEAST = 1e-14
"""Smaller shares are shown as below this, such as the patterns without upset at high rates."""

UNKNOWN = "–"
"""In place of a figure where there is no estimate."""

NO_ESTIMATE = (
    f"{UNKNOWN} no estimate: faults that were not tried yet are more probable than the precision."
)

TOO_WIDE = f"{UNKNOWN} too few trials: the interval would be nearly 0 to 100 %."

METRIC_NAMES = MetricLabels()
"""Name of a metric -> its name in text."""


def outcome_name(metric: str) -> str:
    """The name of a share of outcomes in text.

    >>> outcome_name("sdc"), outcome_name("critical_sdc")
    ('SDC', 'critical SDC')
    """
    return "critical SDC" if metric == "critical_sdc" else metric.upper()


def percent(value: float, decimals: int = 1) -> str:
    """A fraction in percent, with as many decimals as it takes not to show a false 0 or 100.

    Beyond `MAX_DECIMALS` a small figure is written with an exponent, a large one as a bound, and a
    small one as a bound where its exponent says nothing to anybody.

    Args:
        value: a fraction in [0, 1].
        decimals: fewest decimals.

    >>> percent(0.9731), percent(0.0), percent(1.0), percent(0.99996), percent(0.00002)
    ('97.3', '0', '100', '99.996', '0.002')
    >>> percent(1.2e-7), percent(1 - 1e-9)
    ('1.2e-5', '>99.9999')
    >>> percent(3.4e-210)
    '<1e-12'
    """
    if value in (0.0, 1.0):
        return f"{100 * value:.0f}"
    for places in range(decimals, MAX_DECIMALS + 1):
        text = f"{100 * value:.{places}f}"
        if float(text) not in (0.0, 100.0):
            return text
    if value > 0.5:
        return f">{100 - 10**-MAX_DECIMALS}"
    if value < LEAST:
        return f"<{100 * LEAST:.0e}"
    mantissa, exponent = f"{100 * value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


WIDTH_OF_NOTHING = 0.95
"""An interval that is wider than this holds nearly every figure that there could be."""


class Span(Protocol):
    """Whatever has two limits, fractions."""

    @property
    def low(self) -> float:
        """The lower one."""

    @property
    def high(self) -> float:
        """The upper one."""


def says_nothing(span: Span) -> bool:
    """True if an interval is so wide that it tells nobody anything.

    >>> says_nothing(IntervalPart(estimate=0.3, low=4e-12, high=0.9999))
    True
    """
    return span.high - span.low > WIDTH_OF_NOTHING


def estimate(part: IntervalPart | None) -> str:
    """The point, or a bound where nothing (or everything) was observed, in percent.

    Without an estimate, or with one that may be anything, a dash.

    Nothing was observed where the point is a limit itself: of 0, or of what is known exactly, such
    as the patterns without upset among the masked.

    >>> estimate(IntervalPart(estimate=0.0, low=0.0, high=0.004))
    '≤ 0.4'
    >>> estimate(IntervalPart(estimate=1e-10, low=1e-10, high=0.006))
    '≤ 0.6'
    """
    if part is None or says_nothing(part):
        return UNKNOWN
    if part.estimate == part.low < part.high:
        return f"≤ {percent(part.high).lstrip('<')}"
    if part.low < part.estimate == part.high:
        return f"≥ {percent(part.low).lstrip('>')}"
    return percent(part.estimate)


def outcomes(
    sdc: IntervalPart | None,
    due: IntervalPart | None,
    masked: IntervalPart | None,
    metric: IntervalPart | None = None,
) -> tuple[str, str, str]:
    """The points of SDC, DUE and masked, which are all that can happen: shown, they sum to 100.

    Where all three have one decimal, one is shown as what the others leave, which is at most 0.1
    beside its own rounding: masked; or if masked is the metric as well, and must look like it, the
    larger of the others, unless that would be shown as 0.

    Args:
        sdc: share of silently corrupted images.
        due: share that ended in a detected error.
        masked: the rest.
        metric: the figure beside them.

    >>> parts = [IntervalPart(estimate=e, low=0.1, high=0.9) for e in (0.4256, 0.4357, 0.1387)]
    >>> outcomes(*parts)
    ('42.6', '43.6', '13.8')
    >>> outcomes(*parts, metric=parts[2])
    ('42.6', '43.5', '13.9')
    """
    shown = [estimate(sdc), estimate(due), estimate(masked)]
    if all(re.fullmatch(r"\d+\.\d", text) for text in shown):
        numbers = [float(text) for text in shown]
        larger = numbers.index(max(numbers[:2]))
        for place in (larger,) if metric == masked else (2, larger):
            left = 100.0 - sum(numbers) + numbers[place]
            if abs(left - numbers[place]) < 0.15 and 0.05 < left < 99.95:
                shown[place] = f"{left:.1f}"
                break
    return shown[0], shown[1], shown[2]


def bounds(part: IntervalPart | None) -> str:
    """The interval in percent; nothing without an estimate, or where the interval says nothing.

    >>> bounds(IntervalPart(estimate=0.5, low=0.42, high=0.58))
    '42.0 – 58.0'
    """
    if part is None or says_nothing(part):
        return ""
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


def duration(seconds: float) -> str:
    """A time, to two digits.

    >>> duration(0.3), duration(48.2), duration(190.0), duration(9000.0)
    ('1 s', '48 s', '3.2 min', '2.5 h')
    """
    for limit, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * limit:
            count = seconds / limit
            return f"{count:.1f} {unit}" if count < 9.95 else f"{count:,.0f} {unit}"
    return f"{max(1.0, seconds):.0f} s"


def age(seconds: float) -> str:
    """A time since then, to a unit that people count in.

    >>> age(20.0), age(1000.0), age(90_000.0), age(9e6)
    ('now', '16 min', '25 h', '104 days')
    """
    for limit, unit in ((86_400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * limit:
            return f"{seconds // limit:.0f} {unit}"
    return "now"


def runtime(tool: ToolPart) -> str:
    """The runtime and its execution provider: other versions may give other figures.

    >>> versions = {"version": "1", "onnxruntime": "1.32.0", "onnx": "1", "numpy": "2"}
    >>> runtime(ToolPart(**versions, provider="CPUExecutionProvider"))
    'ONNX Runtime 1.32.0, CPUExecutionProvider'
    """
    return f"ONNX Runtime {tool.onnxruntime}, {tool.provider}"


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

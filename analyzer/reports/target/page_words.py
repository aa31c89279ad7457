"""Names and times on the page that a reviewer signs."""

from analyzer.reports.shared.amounts import number

HOURS_PER_YEAR = 8766.0

FIGURES = {
    "sdc_fit": "FIT of silent corruption",
    "due_fit": "FIT of detected errors",
    "critical_sdc_fit": "FIT of critical silent corruption",
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


def hours(value: float) -> str:
    """A time, with years where hours say little.

    >>> hours(24.0), hours(43_800.0), hours(0.000278)
    ('24 h', '43,800 h (5.0 years)', '1.0 s')
    """
    if value < 1.0 / 60.0:
        return f"{3600.0 * value:.2g} s" if value < 1e-4 else f"{3600.0 * value:.1f} s"
    years = value / HOURS_PER_YEAR
    told = f" ({years:.1f} years)" if 0.5 <= years < 100.0 else ""
    told = f" ({number(float(f'{years:.3g}'))} years)" if years >= 100.0 else told
    return f"{number(float(f'{value:.4g}'))} h{told}"

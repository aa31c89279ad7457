"""The report on a target as a table: one row per region."""

from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.tables import Row
from analyzer.reports.target.memory import AmountPart, FitPart, RegionPart
from analyzer.reports.target.record import TargetReport


def target_rows(report: TargetReport) -> list[Row]:
    """One row per region, the same keys in each."""
    return [_row(region) for region in report.regions]


def _row(region: RegionPart) -> Row:
    given, raw, exposure = region.given_event, region.raw, region.exposure
    return {
        "region": region.name,
        "bits_at_risk": region.bits_at_risk,
        "check_bits": region.check_bits,
        "protection": region.protection.rules if region.protection else "none",
        "events": region.events,
        "raw_fit_per_mbit": raw.fit_per_mbit if raw else None,
        "window_hours": region.window_hours,
        "events_per_window": exposure.events_per_window if exposure else None,
        "regime": exposure.regime if exposure else "one event",
        "trials": region.trials,
        **_ends("corrected", given.corrected if given else None),
        **_ends("masked", given.masked if given else None),
        **_ends("due", given.due if given else None),
        **_ends("sdc", given.sdc if given else None),
        **_fit(region.fit),
    }


def _fit(fit: FitPart | None) -> Row:
    raw = {"raw_fit": fit.raw if fit else None}
    return {
        **raw,
        **_ends("due_fit", fit.due if fit else None),
        **_ends("sdc_fit", fit.sdc if fit else None),
    }


def _ends(name: str, part: IntervalPart | AmountPart | None) -> Row:
    if part is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: part.estimate, f"{name}_low": part.low, f"{name}_high": part.high}

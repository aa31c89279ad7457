"""The report on a target as plain text, 80 columns wide: the verdict first."""

from collections.abc import Iterator

from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.decision import decision_lines
from analyzer.reports.shared.left_out import left_out_sentences
from analyzer.reports.shared.protection import storage
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.terminal_text import COLUMNS, one_line, short_names, table_row, wrapped
from analyzer.reports.target.amounts import amount, amount_bounds, evidence
from analyzer.reports.target.memory import FitPart, RegionPart
from analyzer.reports.target.part_words import part_sentences
from analyzer.reports.target.record import TargetReport

NAME_WIDTH = 18
SHARE_ENDS = (27, 36, 45, 53, 69, COLUMNS)
FIT_ENDS = (27, 38, 48, 57, 66, COLUMNS)
RATE_ENDS = (28, 40, 51, 60, 68, COLUMNS)


def to_text(report: TargetReport) -> str:
    """Render the verdict, the memory, probabilities, FIT, and what to know about them."""
    lines = [
        *wrapped(_verdict(report), "    "),
        "",
        *wrapped(_head(report), "    "),
        "",
        *_regions(report),
        "",
        *_outcomes(report),
        *_swept(report),
        *_fit(report),
        *wrapped(_notes(report), "    "),
    ]
    return "\n".join(line.rstrip() for line in map(one_line, lines)) + "\n"


def verdict_text(report: TargetReport) -> str:
    """Render the conditions with their evidence; nothing without any."""
    if not report.verdict.verdict:
        return ""
    lines = map(one_line, wrapped(_verdict(report), "    "))
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _verdict(report: TargetReport) -> Iterator[str]:
    verdict = report.verdict
    word = verdict.verdict.upper() if verdict.verdict else "no condition was given"
    yield f"{report.model.path} on {report.target.name}: {word}"
    for condition in verdict.conditions:
        weight = " (warning)" if condition.level == "warning" else ""
        requirement = f" [{condition.requirement}]" if condition.requirement else ""
        yield (
            f"  {condition.verdict:<10}{condition.condition}{weight}{requirement}: "
            f"{evidence(condition)}"
        )
    if verdict.scope:
        yield verdict.scope
    if verdict.verdict:
        yield verdict.input_to


def _head(report: TargetReport) -> Iterator[str]:
    if report.data.kind == "generated":
        yield "No data set: inputs are random, judged by agreement with the fault-free model."
    yield from left_out_sentences(report.model)
    golden = figures.percent(report.golden.value, 2)
    metric = figures.METRIC_NAMES[report.golden.metric]
    kind = "inputs" if report.data.kind == "generated" else "images"
    yield f"{report.data.name}: {report.data.images} {kind}, fault-free {metric} {golden} %"
    yield from decision_lines(report.decision)
    yield from report.data.lines
    flux, hours = report.environment.flux_factor, report.use.mission_hours
    yield (
        f"environment: {report.environment.name}, flux factor {flux:g}; mission of {hours:g} h, "
        f"{report.use.inferences_per_hour:g} inferences per hour"
    )
    yield figures.runtime(report.tool)
    yield from (f"note: {note}" for note in report.model.notes)


def _names(report: TargetReport) -> dict[str, str]:
    return short_names((region.name for region in report.regions), NAME_WIDTH)


def _regions(report: TargetReport) -> Iterator[str]:
    heads = ["bits at risk", "FIT/Mbit", "window h", "events", "several", "BER at end"]
    yield table_row(heads, RATE_ENDS, "region")
    yield "─" * COLUMNS
    names = _names(report)
    for region in report.regions:
        raw, exposure = region.raw, region.exposure
        cells = [
            figures.si(region.bits_at_risk),
            f"{raw.fit_per_mbit:.4g}" if raw else figures.UNKNOWN,
            f"{region.window_hours:.4g}",
            f"{exposure.events_per_window:.3g}" if exposure else figures.UNKNOWN,
            f"{figures.percent(exposure.neglected_share)} %" if exposure else figures.UNKNOWN,
            f"{exposure.ber_worst:.2g}" if exposure else figures.UNKNOWN,
        ]
        yield table_row(cells, RATE_ENDS, names[region.name])
    for region in report.regions:
        yield from wrapped(_about_region(region, names[region.name]), "    ")


def _about_region(region: RegionPart, name: str) -> Iterator[str]:
    part = region.protection
    guard = f"{part.rules}, {storage(part)}" if part else "no protection"
    yield f"  {name}: events {region.events}; {guard}; refresh: {region.refresh}"
    if region.raw is not None:
        dated = f", {region.raw.date}" if region.raw.date else ""
        sure = f", {region.raw.confidence}" if region.raw.confidence else ""
        yield f"    rate: {region.raw.source}{dated} ({region.raw.standing}{sure})"


def _outcomes(report: TargetReport) -> Iterator[str]:
    counted = [region for region in report.regions if not region.swept]
    if not counted:
        return
    heads = ["corrected", "masked", "DUE", "SDC", "interval of SDC", "trials"]
    yield table_row(heads, SHARE_ENDS, "one event in, %")
    yield "─" * COLUMNS
    names = _names(report)
    for region in counted:
        found = region.given_event
        if found is None:
            cells = [figures.UNKNOWN] * 5
        else:
            shares = (found.corrected, found.masked, found.due, found.sdc)
            cells = [figures.estimate(share) for share in shares]
            cells.append(_bounds(found.sdc))
        yield table_row([*cells, f"{region.trials:,}"], SHARE_ENDS, names[region.name])
        if len(region.patterns) > 1:
            yield from _pattern_rows(region)
    yield ""


def _bounds(part: IntervalPart | None) -> str:
    return "exact" if part and part.low == part.high else figures.bounds(part)


def _pattern_rows(region: RegionPart) -> Iterator[str]:
    for pattern in region.patterns:
        name = f"  {pattern.fault} {figures.percent(pattern.share)} %"
        sdc, due = figures.estimate(pattern.sdc), figures.estimate(pattern.due)
        cells = ["", "", due, sdc, _bounds(pattern.sdc), f"{pattern.trials:,}"]
        yield table_row(cells, SHARE_ENDS, name)


def _swept(report: TargetReport) -> Iterator[str]:
    swept = [region for region in report.regions if region.swept]
    if not swept:
        return
    metric = f"{figures.METRIC_NAMES[report.golden.metric]} %"
    yield table_row(["BER", metric, "SDC", "DUE", "trials"], (33, 46, 56, 66, COLUMNS), "swept, %")
    yield "─" * COLUMNS
    names = _names(report)
    for region in swept:
        for row in region.swept:
            cells = [
                f"{row.rate:.3g}",
                figures.estimate(row.metric),
                figures.estimate(row.sdc),
                figures.estimate(row.due),
                f"{row.trials:,}",
            ]
            start = f"{names[region.name]}, {row.moment}"
            yield table_row(cells, (33, 46, 56, 66, COLUMNS), start)
    yield ""


def _fit(report: TargetReport) -> Iterator[str]:
    heads = ["raw", "corrected", "masked", "DUE", "SDC", "interval"]
    total = report.total
    if total.missing:
        return
    if total.windowed:
        for name, part in (("SDC", total.sdc_fit), ("DUE", total.due_fit)):
            if part is not None:
                yield f"FIT of {name}, all regions: {amount(part)} ({amount_bounds(part)})"
        yield ""
        return
    yield table_row(heads, FIT_ENDS, "FIT")
    yield "─" * COLUMNS
    names = _names(report)
    for region in report.regions:
        yield _fit_row(names[region.name], region.fit)
    if len(report.regions) > 1:
        yield _fit_row("all regions", total.fit)
    if total.fit is not None and (critical := total.fit.sdc_critical):
        cells = ["", "", "", "", amount(critical), amount_bounds(critical)]
        yield table_row(cells, FIT_ENDS, "of this SDC, critical")
    for other in report.sensitivity:
        if other.factor != 1.0:
            cells = ["", "", "", amount(other.due_fit), amount(other.sdc_fit)]
            start = f"raw rate x {other.factor:g}"
            yield table_row([*cells, amount_bounds(other.sdc_fit)], FIT_ENDS, start)
    yield ""


def _fit_row(name: str, fit: FitPart | None) -> str:
    if fit is None:
        return table_row([figures.UNKNOWN] * 6, FIT_ENDS, name)
    shares = (fit.corrected, fit.masked, fit.due, fit.sdc)
    bounds = "exact" if fit.sdc.low == fit.sdc.high else amount_bounds(fit.sdc)
    cells = [f"{fit.raw:.4g}", *map(amount, shares), bounds]
    return table_row(cells, FIT_ENDS, name)


def _notes(report: TargetReport) -> Iterator[str]:
    for region in report.regions:
        state = region.bad_state
        if state is not None and state.entries_per_hour.high > 0.0:
            yield (
                f"{region.name}: a silent harmful event comes every "
                f"{_hours_between(state.entries_per_hour.estimate, state.entries_per_hour.high)} "
                f"and stays for {state.mean_hours:.3g} h on average, until the next refresh; it "
                f"spoils {amount(state.inferences_per_hour)} inferences per hour of operation."
            )
    if report.total.missing:
        yield report.total.missing
    if loss := report.total.coding_loss:
        yield (
            f"Coding loss of all protections together, without any fault: "
            f"{100.0 * loss.lost:.2f} points of {figures.METRIC_NAMES[report.golden.metric]}; "
            f"{figures.percent(loss.changed, 2)} % of decisions change."
        )
    yield from part_sentences(report)
    campaign = report.campaign
    each = f"{100 * campaign.interval_confidence:.5g} % each."
    if campaign.looks:
        looks = "one look" if campaign.looks == 1 else f"{campaign.looks} looks"
        yield f"Trials: {campaign.trials:,}, {looks}. {campaign.joint} At the last look: {each}"
    else:
        yield f"Trials: {campaign.trials:,}. {campaign.joint} Intervals of sweeps: {each}"
    if campaign.stop in ("budget", "interrupted"):
        why = "the budget ended" if campaign.stop == "budget" else "it was interrupted"
        yield f"Not finished: {why}; the intervals are valid, but wider."
    crashed = sum(len(region.crashes) for region in report.regions)
    if crashed:
        yield f"{crashed} events killed the process that ran them; they count as DUE."


def _hours_between(rate: float, most: float) -> str:
    """The mean time between events of a rate per hour; a bound where none was seen."""
    if rate > 0.0:
        return f"{1.0 / rate:.3g} h"
    return f"{1.0 / most:.3g} h or more rarely"

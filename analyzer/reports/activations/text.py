"""Distributions of activations as plain text, 80 columns wide or as wide as the terminal."""

from collections.abc import Iterator, Sequence

from analyzer.faults.rates import show_rate
from analyzer.reports.activations.record import (
    ActivationsReport,
    DistributionPart,
    ModelActivationsPart,
    RateActivationsPart,
)
from analyzer.reports.activations.words import (
    WITHOUT,
    beyond,
    beyond_with_limits,
    error_sentence,
    model_lines,
    not_finite,
    plain,
    rate_heading,
    threshold,
)
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.terminal_text import columns, short_names, table_row, wrapped

MOST_ROWS = 60
"""Activations of a table; JSON, HTML and CSV have all."""

CELL = 9
"""Characters of a column of numbers, the gap before it included."""

SHARE, FIXED, LEAST_NAME = 17, (11, 9), 9
"""Characters of a share with its interval; of the columns before it; of the shortest name."""

NARROW = 72
"""Narrower pages have no quartiles."""


def to_text(report: ActivationsReport) -> str:
    """The whole report."""
    lines = wrapped(_head(report))
    for model in report.models:
        lines += ["", *wrapped(_model_head(report, model)), ""]
        lines += _shares(model)
        lines += ["", *_distributions(model, WITHOUT, [site.golden for site in model.sites])]
        lines += list(_under_faults(model, alone=len(report.models) == 1))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _under_faults(model: ModelActivationsPart, *, alone: bool) -> Iterator[str]:
    """The distributions at each rate, or where they are if there are several models."""
    if model.rates and not alone:
        yield ""
    for rate in model.rates:
        if alone and rate.sites:
            yield from ("", *_distributions(model, rate_heading(rate), rate.sites))
        else:
            nothing = "" if rate.sites else "; no activations"
            yield from wrapped([f"{rate_heading(rate)}{nothing}"])
    if model.rates and not alone:
        yield from wrapped(["Distributions under faults: --csv, --html and --json have them."])


def _head(report: ActivationsReport) -> Iterator[str]:
    data, plan = report.data, report.plan
    yield f"{data.name}: {data.images:,} images"
    yield from data.lines
    if plan.rates:
        faults = f"{plan.exposure} faults, fault {plan.fault}, encoding {plan.encoding}"
        yield f"{faults}, seed {plan.seed}"
    yield error_sentence(report)
    yield figures.runtime(report.tool)


def _model_head(report: ActivationsReport, model: ModelActivationsPart) -> Iterator[str]:
    name = model.model.path
    yield (
        f"{f'{model.label}  ' if len(report.models) > 1 else ''}{name}: {len(model.sites)} "
        f"activations; {figures.si(model.model.bits_at_risk)} bits at risk; "
        f"{figures.images_per_run(model.batch)}"
    )
    yield from model_lines(model)


def _shares(model: ModelActivationsPart) -> Iterator[str]:
    """The share beyond the threshold of each activation at each rate: Fig. 8 as a table."""
    rates = [rate for rate in model.rates if rate.sites]
    shown = rates[: max(1, (columns() - LEAST_NAME - sum(FIXED)) // SHARE)]
    widths = [*FIXED, *(SHARE for _ in shown)]
    ends = [columns() - sum(widths[place + 1 :]) for place in range(len(widths))]
    yield "share of the values beyond the threshold, %"
    heads = ["threshold", "no fault", *(show_rate(rate.rate) for rate in shown)]
    yield table_row(heads, ends, "activation")
    yield "─" * columns()
    names = _names(model, columns() - sum(widths))
    for place, site in enumerate(model.sites[:MOST_ROWS]):
        cells = [threshold(site), beyond(site.golden)]
        cells += [beyond_with_limits(rate.sites[place]) for rate in shown]
        yield table_row(cells, ends, names[site.value])
        if odd := _nan(shown, place):
            yield from wrapped([odd], "  ")
    yield from _more(model)
    if len(shown) < len(rates):
        yield f"{len(rates) - len(shown)} more rates: --csv, --html and --json have all"
    if rates:
        yield "In brackets: confidence intervals over fault patterns."


def _nan(rates: Sequence[RateActivationsPart], place: int) -> str:
    """The shares of NaN of one activation, which is beyond no threshold."""
    found = [(rate.rate, rate.sites[place].nan) for rate in rates if rate.sites[place].nan]
    shares = (f"{figures.percent(share)} % at {show_rate(rate)}" for rate, share in found)
    return f"  NaN besides: {', '.join(shares)}" if found else ""


def _distributions(
    model: ModelActivationsPart, title: str, found: Sequence[DistributionPart]
) -> Iterator[str]:
    """Mean, quartiles and extremes of each activation."""
    wide = columns() >= NARROW
    heads = ["mean", "1st q.", "median", "3rd q.", "min.", "max."]
    if not wide:
        heads = ["mean", "median", "min.", "max."]
    ends = [columns() - CELL * place for place in range(len(heads))][::-1]
    yield from wrapped([title])
    yield table_row(heads, ends, "activation")
    yield "─" * columns()
    names = _names(model, ends[0] - CELL)
    for site, part in list(zip(model.sites, found, strict=True))[:MOST_ROWS]:
        yield table_row(_cells(part, wide), ends, names[site.value])
        if odd := not_finite(part):
            yield f"  {odd}"
    yield from _more(model)


def _cells(part: DistributionPart, wide: bool) -> list[str]:
    quartiles = [part.first_quartile, part.median, part.third_quartile]
    middle = quartiles if wide else [part.median]
    return [plain(value) for value in (part.mean, *middle, part.minimum, part.maximum)]


def _names(model: ModelActivationsPart, width: int) -> dict[str, str]:
    return short_names((site.value for site in model.sites), max(8, width))


def _more(model: ModelActivationsPart) -> Iterator[str]:
    if len(model.sites) > MOST_ROWS:
        yield f"and {len(model.sites) - MOST_ROWS} more; --csv, --html and --json have all"

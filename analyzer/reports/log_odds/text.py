"""Log-odds over methods and data sets as plain text, 80 columns wide."""

from collections.abc import Iterator

from analyzer.reports.log_odds.record import LogOddsReport
from analyzer.reports.log_odds.words import change, headline, notes, number, span
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.terminal_text import COLUMNS, short_names, table_row, wrapped

NAME, VARIANT = 22, 15
ENDS = (48, 56, 71, COLUMNS)
"""Last character of each column."""


def log_odds_text(found: LogOddsReport) -> str:
    """The tables, and the notes that explain them."""
    lines = [*wrapped([headline(found)]), "", *_means(found)]
    if found.effects:
        lines += ["", *_effects(found)]
    lines += ["", *wrapped(notes(found))]
    return "\n".join(line.rstrip() for line in lines).rstrip() + "\n"


def _start(name: str, variant: str) -> str:
    return f"{name:<{NAME}} {variant:<{VARIANT}}"


def _names(found: LogOddsReport) -> tuple[dict[str, str], dict[str, str]]:
    return short_names(found.methods, NAME), short_names(found.variants, VARIANT)


def _means(found: LogOddsReport) -> Iterator[str]:
    interval = f"{100 * found.confidence:g} % interval"
    metric = f"{figures.METRIC_NAMES[found.metric]} %"
    head = ["log-odds", "error", interval, metric]
    yield table_row(head, ENDS, _start("method", "variant"))
    yield "─" * COLUMNS
    methods, variants = _names(found)
    last = ""
    for part in found.means:
        name = "" if part.method == last else methods[part.method]
        last = part.method
        cells = [number(part.log_odds), number(part.error), span(part)]
        accuracy = figures.percent(part.accuracy)
        yield table_row([*cells, accuracy], ENDS, _start(name, variants[part.variant]))


def _effects(found: LogOddsReport) -> Iterator[str]:
    yield from wrapped(
        [f"Change from {found.variants[0]}, and the share of the figure that is lost:"]
    )
    yield table_row(["log-odds", "error", "interval", "lost %"], ENDS, _start("method", "variant"))
    yield "─" * COLUMNS
    methods, variants = _names(found)
    for part in found.effects:
        cells = [change(part.log_odds), number(part.error), span(part)]
        lost = f"{100 * part.relative_loss:.1f}"
        start = _start(methods[part.method], variants[part.variant])
        yield table_row([*cells, "0.0" if lost == "-0.0" else lost], ENDS, start)

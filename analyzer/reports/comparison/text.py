"""A comparison as plain text, as wide as the page, for the terminal."""

from collections.abc import Callable, Iterator

from analyzer.faults.rates import show_rate
from analyzer.reports.comparison.gate import gate_lines
from analyzer.reports.comparison.record import (
    ComparedModelPart,
    ComparedRatePart,
    Comparison,
    RateDifferencePart,
    gained_nothing,
)
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.decision import decision_lines
from analyzer.reports.shared.left_out import left_out_sentences
from analyzer.reports.shared.protection import protection_lines
from analyzer.reports.shared.records import IntervalPart
from analyzer.reports.shared.severity import SAID, severity_lines
from analyzer.reports.shared.signed_numbers import DifferencePart, signed, signed_bounds
from analyzer.reports.shared.terminal_text import (
    COLUMNS,
    columns,
    one_line,
    short_names,
    table_row,
    wrapped,
)

NAME_WIDTH = 27
MODELS = (8, 16, 27, 37)
"""Last character of each column of the list of models, behind the name."""

NARROW_NAME = 11
NARROW_MODELS = (8, 15, 26, 34)
"""The same on narrow pages."""

LABELLED = (7, 10, 25, 43, 57, 71, 80)
UNLABELLED = (7, 10, 23, 41, 54, 72, 80)
"""Last character of each column of the table, with a metric and without."""

NARROW = (6, 9, 21, 36, 48, 60)
"""The same on narrow pages, which leave out the trials."""


def _narrow() -> bool:
    return columns() < COLUMNS


def _name_width(comparison: Comparison) -> int:
    """Characters of a model's name: on wide pages, what the longest one needs."""
    longest = max(len(model.model.path) for model in comparison.models) + 2
    room = NAME_WIDTH + columns() - COLUMNS
    return NARROW_NAME if _narrow() else min(room, max(NAME_WIDTH, longest))


def _model_ends(width: int) -> tuple[int, ...]:
    start = 3 + width
    return (start, *(start + end for end in (NARROW_MODELS if _narrow() else MODELS)))


def comparison_text(comparison: Comparison) -> str:
    """Render the models, the table, and the notes that explain it."""
    lines = ["", *_table(comparison), "", *wrapped(_notes(comparison))]
    lines += _critical(comparison)
    lines += wrapped(gate_lines(comparison), "    ")
    return head_text(comparison) + "".join(f"{line.rstrip()}\n" for line in lines)


def head_text(comparison: Comparison) -> str:
    """Render what is known before the first trial: data, decision rule, faults, models."""
    return "".join(f"{line.rstrip()}\n" for line in _head(comparison))


def verdict_text(comparison: Comparison) -> str:
    """Render the gate alone; nothing without one."""
    lines = wrapped(gate_lines(comparison), "    ")
    return "".join(f"{line.rstrip()}\n" for line in lines).lstrip("\n")


def _critical(comparison: Comparison) -> list[str]:
    """Critical and other SDC of each model at each rate."""
    rows = [
        (f"{show_rate(row.rate)} {model.label}", row.critical_sdc, row.noncritical_sdc)
        for index in range(len(comparison.models[0].rates))
        for model in comparison.models
        for row in (model.rates[index],)
    ]
    lines = list(severity_lines(comparison.severity, rows))
    return [*lines, *wrapped([SAID])] if lines else []


def _head(comparison: Comparison) -> Iterator[str]:
    data, plan = comparison.data, comparison.plan
    if data.kind == "generated":
        yield "No data set: inputs are random, judged against the fault-free models."
    for model in comparison.models:
        yield from wrapped(left_out_sentences(model.model))
    kind = "inputs" if data.kind == "generated" else "images"
    yield one_line(f"{data.name}: {data.images} {kind}")
    yield from wrapped([*decision_lines(comparison.decision), *data.lines])
    coupled = any(m.model.coupled for m in comparison.models)
    per_run = f", {figures.images_per_run(plan.batch)}" if coupled else ""
    yield f"faults: {plan.exposure} {plan.fault}, encoding {plan.encoding}{per_run}"
    yield one_line(figures.runtime(comparison.tool))
    for model in comparison.models:
        yield from wrapped([f"note on {model.label}: {note}" for note in model.model.notes])
    yield ""
    width = _name_width(comparison)
    heads = [f"   {'model':<{width}}", "size", "bits", "fault-free", "shared"]
    yield table_row(heads, _model_ends(width)) + "  faults"
    names = short_names((m.model.path for m in comparison.models), width - 1)
    for model in comparison.models:
        yield _model(model, names[model.model.path], width)
        for line in protection_lines(model.protection):
            yield from wrapped([f"   {line}"])


def _model(model: ComparedModelPart, name: str, width: int) -> str:
    golden = "" if model.golden is None else f"{figures.percent(model.golden, 2)} %"
    shared, faults = "", "reference"
    if model.correspondence:
        shared = f"{figures.percent(model.correspondence.of_model)} %"
        faults = model.correspondence.faults
    size, bits = figures.size(model.file_bytes), figures.si(model.model.bits_at_risk)
    named = f"{model.label:<3}{name:<{width}}"
    return f"{table_row([named, size, bits, golden, shared], _model_ends(width))}  {faults}"


def _table(comparison: Comparison) -> list[str]:
    first = comparison.models[0].label
    ends: tuple[int, ...]
    if comparison.metric is None:
        ends = UNLABELLED
        head = ["rate", "", "SDC %", f"less {first}", "DUE %", f"less {first}", "trials"]
    else:
        ends, metric = LABELLED, figures.METRIC_NAMES[comparison.metric]
        head = ["rate", "", f"{metric} %", f"less {first}", "SDC %", "DUE %", "trials"]
    ends = NARROW if _narrow() else ends
    lines = [_line(head, ends), "─" * ends[-1]]
    for index, entry in enumerate(comparison.models[0].rates):
        for number, model in enumerate(comparison.models):
            rate = "" if number else show_rate(entry.rate)
            lines += [
                _line([rate, model.label, *_points(model.rates[index])], ends),
                _line(["", "", *_bounds(model.rates[index])], ends),
            ]
    for number, model in enumerate(comparison.models):
        if comparison.metric is not None:
            name = "" if number else "area"
            change = model.area_difference
            point = "" if change is None else signed(change.estimate)
            bounds = "" if change is None else signed_bounds(change)
            lines += [
                _line([name, model.label, figures.estimate(model.area), point, "", "", ""], ends),
                _line(["", "", figures.bounds(model.area), bounds, "", "", ""], ends),
            ]
    return lines


_MARKS = {"precision": "", "decided": "!"}
"""Behind the trials of a row, by the reason why it ended; any other reason has a star."""


def _line(cells: list[str], ends: tuple[int, ...]) -> str:
    """A line of the table; narrow pages mark an unfinished row at its label."""
    if len(cells) > len(ends):
        mark = cells[-1][-1:] if cells[-1][-1:] in "*!" else ""
        cells = [cells[0], cells[1] + mark, *cells[2:-1]]
    return table_row(cells, ends)


def _points(row: ComparedRatePart) -> list[str]:
    trials = f"{row.trials:,}" + _MARKS.get(row.stop, "*")
    sign = "" if row.difference is None or row.difference.reached else "~"
    changes = [signed(p.estimate) + sign if p else "" for p in _changes(row.difference)]
    return _cells(row, figures.estimate, changes, trials)


def _bounds(row: ComparedRatePart) -> list[str]:
    changes = [signed_bounds(p) if p else "" for p in _changes(row.difference)]
    return _cells(row, figures.bounds, changes, "")


def _cells(
    row: ComparedRatePart,
    show: Callable[[IntervalPart | None], str],
    changes: list[str],
    trials: str,
) -> list[str]:
    if row.sdc is None:
        unknown = [figures.UNKNOWN] * 3 if trials else [""] * 3
        return [unknown[0], "", *unknown[1:], trials]
    metric, sdc, due = changes
    if row.metric is not None:
        return [show(row.metric), metric, show(row.sdc), show(row.due), trials]
    return [show(row.sdc), sdc, show(row.due), due, trials]


def _changes(part: RateDifferencePart | None) -> tuple[DifferencePart | None, ...]:
    """Differences of metric, SDC and DUE; none for the reference."""
    return (None, None, None) if part is None else (part.metric, part.sdc, part.due)


def _notes(comparison: Comparison) -> Iterator[str]:
    first, plan = comparison.models[0].label, comparison.plan
    yield (
        f"Below each figure: its {100 * plan.confidence:g} % confidence interval. Less {first}: "
        f"the model minus {first}, in points."
    )
    rows = [row for model in comparison.models for row in model.rates]
    if comparison.metric is None:
        yield "Without labels, or by agreement, only SDC and DUE are compared."
    else:
        yield "area: mean of the metric over the logarithm of the rate."
    yield from _on_pairs(comparison)
    points = f"±{100 * plan.precision:g} points"
    if any(row.stop == "decided" for row in rows):
        yield "! ended once its gate was decided; its intervals hold at any such end."
    short = {row.stop for row in rows} - {"precision", "decided"}
    if short:
        why = "the budget ended" if "budget" in short else "it was interrupted"
        yield f"* {why} before {points} were reached; the interval is valid, but wider."
    if any(row.sdc is None for row in rows):
        yield figures.NO_ESTIMATE
    if any(p and figures.says_nothing(p) for r in rows for p in (r.metric, r.sdc, r.due)):
        yield figures.TOO_WIDE
    if any(row.difference and not row.difference.reached for row in rows):
        yield (
            f"~ not every difference of this row (SDC and DUE included) is known to {points}; the "
            "interval is valid, but wider."
        )
    yield from _without_gain(comparison)
    crashes = sum(row.crashes for row in rows)
    if crashes:
        yield f"{crashes} patterns killed the process that ran them; they count as DUE."


def _without_gain(comparison: Comparison) -> Iterator[str]:
    """A sentence on rates at which the same faults told no more than other faults would have."""
    for model in comparison.models[1:]:
        rates = [show_rate(row.rate) for row in model.rates if gained_nothing(row)]
        if rates:
            yield (
                f"{model.label}: at {', '.join(rates)} the same faults for both models told no "
                "more than independent campaigns: what faults do to them has little in common."
            )


def _on_pairs(comparison: Comparison) -> Iterator[str]:
    """Models that are the reference's own file, or share few bits with it."""
    first = comparison.models[0].label
    for model in comparison.models[1:]:
        matched = model.correspondence
        if matched is None:
            continue
        if matched.same_file:
            yield (
                f"{model.label} is the same file as {first}: its intervals show what these trials "
                "can tell apart."
            )
        elif matched.faults == "independent":
            share = figures.percent(matched.of_model)
            yield (
                f"{model.label} shares {share} % of its bits with {first}: its faults are its own, "
                "its differences those of two independent campaigns."
            )

"""The report as plain text, as wide as the page, for the terminal."""

from analyzer.faults.rates import show_rate
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.bound_format import beside_bound
from analyzer.reports.shared.decision import decision_lines
from analyzer.reports.shared.left_out import left_out_sentences
from analyzer.reports.shared.protection import memory_lines, protection_lines
from analyzer.reports.shared.repetitions import repetition_lines
from analyzer.reports.shared.severity import SAID, severity_lines
from analyzer.reports.shared.terminal_text import columns, table_row, wrapped
from analyzer.reports.shared.trials import worst_lines
from analyzer.reports.shared.waivers import remarks, word
from analyzer.reports.sweep.record import RatePart, Report
from analyzer.reports.sweep.undecided import why_undecided

USUAL = (6, 15, 31, 47, 62, 71, 80)
"""Last character of each column of the table, from 80 columns on."""

NARROW = (6, 13, 26, 39, 51, 60)
"""The same on narrow pages, which leave out what is masked: the rest of SDC and DUE."""

WIDE = (8, 19, 44, 69, 94, 107, 120)
"""The same on wide pages, where each interval stands beside its figure."""


def _ends() -> tuple[int, ...]:
    """Last character of each column on the page."""
    width = columns()
    return NARROW if width < USUAL[-1] else WIDE if width >= WIDE[-1] else USUAL


def to_text(report: Report) -> str:
    """Render the table, the notes that explain it, and the gate."""
    told = [*wrapped(_notes(report)), *_critical(report), *_worst(report)]
    metric = figures.METRIC_NAMES[report.golden.metric]
    repeated = repetition_lines(report.repetitions, metric)
    lines = ["", *_table(report), *told, *repeated, *_gate(report)]
    return head_text(report) + "\n".join(line.rstrip() for line in lines) + "\n"


def head_text(report: Report) -> str:
    """Render what is known before the first trial: model, data, decision rule, faults."""
    return "".join(f"{line.rstrip()}\n" for line in wrapped(_head(report)))


def verdict_text(report: Report) -> str:
    """Render the gate alone; nothing without one."""
    return "".join(f"{line.rstrip()}\n" for line in _gate(report)[1:])


def _head(report: Report) -> list[str]:
    lines = []
    if report.data.kind == "generated":
        lines += ["No data set: inputs are random, judged by agreement with the fault-free model."]
    model, data, plan = report.model, report.data, report.plan
    lines += left_out_sentences(model)
    metric = figures.METRIC_NAMES[report.golden.metric]
    bits, values = figures.si(model.bits_at_risk), figures.si(model.parameters)
    lines.append(f"{model.path}: {bits} bits at risk in {values} values")
    kind = "inputs" if data.kind == "generated" else "images"
    golden = figures.percent(report.golden.value, 2)
    lines.append(f"{data.name}: {data.images} {kind}, fault-free {metric} {golden} %")
    lines += decision_lines(report.decision)
    lines += data.lines
    per_run = f", {figures.images_per_run(plan.batch)}" if model.coupled else ""
    lines.append(f"faults: {plan.exposure} {plan.fault}, encoding {plan.encoding}{per_run}")
    lines.append(figures.runtime(report.tool))
    return [*lines, *protection_lines(report.protection), *(f"note: {n}" for n in model.notes)]


def _table(report: Report) -> list[str]:
    metric = figures.METRIC_NAMES[report.golden.metric]
    head = ["rate", "upsets", f"{metric} %", "SDC %", "DUE %", "masked %", "trials"]
    ends = _ends()
    lines = [_line(head, ends), "─" * ends[-1]]
    for row in report.rates:
        points, bounds = _points(row), _bounds(row)
        if ends is WIDE:
            both = zip(points, bounds, strict=True)
            points = [f"{p}  {b:>13}" if b else p for p, b in both]
        lines.append(_line(points, ends))
        if row.metric is not None and ends is not WIDE:
            lines.append(_line(bounds, ends))
    return lines


def _line(cells: list[str], ends: tuple[int, ...]) -> str:
    """A line of the table; narrow pages do without the column before the last."""
    kept = cells if len(cells) == len(ends) else [*cells[: len(ends) - 1], cells[-1]]
    return table_row(kept, ends)


_MARKS = {"precision": "", "decided": "!"}
"""Behind the trials of a row, by the reason why it ended; any other reason has a star."""


def _points(row: RatePart) -> list[str]:
    shown = (
        figures.estimate(row.metric),
        *figures.outcomes(row.sdc, row.due, row.masked, row.metric),
    )
    trials = f"{row.trials:,}" + _MARKS.get(row.stop, "*")
    return [show_rate(row.rate), figures.flips(row.expected_flips), *shown, trials]


def _bounds(row: RatePart) -> list[str]:
    parts = (row.metric, row.sdc, row.due)
    spans = map(figures.bounds, parts)
    return ["", "", *spans, "", ""]


def _notes(report: Report) -> list[str]:
    confidence = f"{100 * report.plan.confidence:g}"
    known = any(row.metric is not None for row in report.rates)
    place = "Beside" if _ends() is WIDE else "Below"
    interval = f"{place} each figure: its {confidence} % confidence interval."
    lines = ["", interval] if known else [""]
    if any(row.stop == "decided" for row in report.rates):
        lines.append("! ended once its gate was decided; its intervals hold at any such end.")
    short = {row.stop for row in report.rates} - {"precision", "decided"}
    if short:
        why = "the budget ended" if "budget" in short else "it was interrupted"
        valid = "; the interval is valid, but wider" if known else ""
        lines.append(f"* {why} before ±{100 * report.plan.precision:g} points were reached{valid}.")
    if any(row.metric is None for row in report.rates):
        lines.append(figures.NO_ESTIMATE)
    if any(p and figures.says_nothing(p) for r in report.rates for p in (r.metric, r.sdc, r.due)):
        lines.append(figures.TOO_WIDE)
    for row in report.rates:
        if row.crashes:
            lines.append(
                f"{show_rate(row.rate)}: {len(row.crashes)} patterns killed the process that ran "
                "them; they count as DUE."
            )
        if row.devices:
            lines.append(
                f"{show_rate(row.rate)}: of devices with an upset, 5 % are below "
                f"{figures.percent(row.devices.p05)} %, half below "
                f"{figures.percent(row.devices.median)} %."
            )
    run = (row for row in report.rates if row.trials)
    return [*lines, *memory_lines([(show_rate(row.rate), row.memory) for row in run])]


def _critical(report: Report) -> list[str]:
    """Critical and other SDC of each rate, and what these words mean."""
    rows = [(show_rate(r.rate), r.critical_sdc, r.noncritical_sdc) for r in report.rates]
    lines = list(severity_lines(report.severity, rows))
    return [*lines, *wrapped([SAID])] if lines else []


def _worst(report: Report) -> list[str]:
    return wrapped(worst_lines(report.worst))


def _gate(report: Report) -> list[str]:
    if not report.gate.conditions:
        return []
    lines = ["", f"Gate: {report.gate.verdict}"]
    lines += wrapped([report.gate.scope] if report.gate.scope else [])
    width = 28 if columns() >= USUAL[-1] else 22
    for c in report.gate.conditions:
        evidence = "no estimate"
        decided = c.verdict != "undecided"
        if c.evidence is not None and (decided or not figures.says_nothing(c.evidence)):
            evidence = beside_bound(c.evidence, c.bound)
        lines.append(f"  {word(c):<10} {c.condition:<{width}} {evidence}")
        for remark in remarks(c):
            lines += wrapped([f"    {remark}"], "    ")
        if why := why_undecided(report, c):
            lines += wrapped([f"    {why}"], "    ")
    return lines

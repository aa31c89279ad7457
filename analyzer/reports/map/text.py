"""The vulnerability map as plain text, as wide as the page."""

from collections.abc import Iterator
from itertools import groupby

from analyzer.faults.protections.part import CHECK_BITS
from analyzer.reports.map.gate import gate_lines
from analyzer.reports.map.record import (
    AreaPart,
    BitPart,
    LossPart,
    MapReport,
    advice,
    by_share,
)
from analyzer.reports.map.worth import bit_advice, shares_of_bits
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.decision import decision_lines
from analyzer.reports.shared.left_out import left_out_sentences
from analyzer.reports.shared.protection import protection_lines
from analyzer.reports.shared.severity import critical_lines
from analyzer.reports.shared.terminal_text import (
    COLUMNS,
    columns,
    one_line,
    short_names,
    table_row,
    wrapped,
)

NAME_WIDTH = 24
USUAL = (31, 39, 54, 63, 71, 79)
"""Last character of each column of the tables at 80 columns; the last place is for a mark.

Wider pages have more room for names."""

NARROW_NAME = 18
NARROW = (25, 32, 46, 52, 59)
"""The same on narrow pages, which leave out the trials."""


def _more(report: MapReport) -> int:
    """Columns that names have beyond `NAME_WIDTH`: what the longest one needs, if there is room."""
    longest = max((len(t.name) for t in report.tensors), default=0) + 2
    return min(columns() - COLUMNS, max(0, longest - NAME_WIDTH))


def _name_width(report: MapReport) -> int:
    """Characters of a name, with the gap behind it."""
    more = _more(report)
    return NAME_WIDTH + more if more >= 0 else NARROW_NAME


def _ends(report: MapReport) -> tuple[int, ...]:
    more = _more(report)
    return tuple(end + more for end in USUAL) if more >= 0 else NARROW


SHOWN = 12
"""Tensors in the text; the other forms of the report have all."""


def to_text(report: MapReport) -> str:
    """Render the whole memory, the tensors that carry most SDC, and the bit positions."""
    lines = [
        "",
        *_summary(report),
        "",
        *_tensors(report),
        "",
        *_bits(report),
        *_critical(report),
        "",
        *wrapped(_notes(report)),
        *wrapped(gate_lines(report), "    "),
    ]
    return head_text(report) + "".join(f"{line.rstrip()}\n" for line in map(one_line, lines))


def head_text(report: MapReport) -> str:
    """Render what is known before the first trial: model, data, decision rule, faults."""
    return "".join(f"{line.rstrip()}\n" for line in wrapped(_head(report)))


def verdict_text(report: MapReport) -> str:
    """Render the gate alone; nothing without one."""
    lines = map(one_line, wrapped(gate_lines(report), "    "))
    return "".join(f"{line.rstrip()}\n" for line in lines).lstrip("\n")


def _head(report: MapReport) -> list[str]:
    lines = []
    if report.data.kind == "generated":
        lines += ["No data set: inputs are random, judged by agreement with the fault-free model."]
    model, plan, data = report.model, report.plan, report.data
    lines += left_out_sentences(model)
    bits, values = figures.si(model.bits_at_risk), figures.si(model.parameters)
    golden = figures.percent(report.golden.value, 2)
    metric = figures.METRIC_NAMES[report.golden.metric]
    kind = "inputs" if data.kind == "generated" else "images"
    per_run = f", {figures.images_per_run(plan.batch)}" if model.coupled else ""
    lines += [
        f"{model.path}: {bits} bits at risk in {values} values",
        f"{data.name}: {data.images} {kind}, fault-free {metric} {golden} %",
        *decision_lines(report.decision),
        *data.lines,
        f"one upset ({plan.fault}, encoding {plan.encoding}) placed uniformly in each part"
        + per_run,
        figures.runtime(report.tool),
    ]
    return [*lines, *protection_lines(report.protection), *(f"note: {n}" for n in model.notes)]


def _row(report: MapReport, name: str, area: AreaPart, last: str) -> str:
    exact = area.sdc is not None and area.sdc.low == area.sdc.high
    bounds = "exact" if exact else figures.bounds(area.sdc)
    sdc, due = figures.estimate(area.sdc), figures.estimate(area.due)
    cells = [figures.si(area.bits), sdc, bounds, due, last, f"{area.trials:,}"]
    ends = _ends(report)
    return table_row(cells[: len(ends)], ends, name)


def _table_head(report: MapReport, name: str, last: str) -> list[str]:
    heads = ["bits", "SDC %", "interval", "DUE %", last, "trials"]
    ends = _ends(report)
    return [table_row(heads[: len(ends)], ends, name), "─" * (ends[-1] + 1)]


def _summary(report: MapReport) -> list[str]:
    loss = "loss %" if report.golden.metric != "agreement" else "lost %"
    lines = _table_head(report, "one upset in", loss)
    lines.append(_row(report, "the whole memory", report.whole, _points(report.whole.loss)))
    if len(report.kinds) > 1:
        lines += [_row(report, f"  {k.kind}", k, _points(k.loss)) for k in report.kinds]
    return lines


def _points(loss: LossPart | None) -> str:
    if loss is None:
        return figures.UNKNOWN
    change = loss.estimate
    return ("-" if change < 0 else "") + figures.percent(abs(change), 2)


def _share(share: float | None) -> str:
    return figures.UNKNOWN if share is None else figures.percent(share)


def _tensors(report: MapReport) -> list[str]:
    ranked = by_share(report)
    lines = _table_head(report, "tensor", "share %")
    names = short_names((t.name for t in ranked[:SHOWN]), _name_width(report) - 1)
    for tensor in ranked[:SHOWN]:
        mark = "" if tensor.stop == "precision" else "*"
        lines.append(_row(report, names[tensor.name], tensor, _share(tensor.sdc_share)) + mark)
    if len(ranked) > SHOWN:
        rest = [t.sdc_share for t in ranked[SHOWN:]]
        known = sum(share for share in rest if share is not None)
        carried = f" with {figures.percent(known)} %" if None not in rest else ""
        lines.append(f"  and {len(rest)} more tensors{carried}")
    return lines


def _bits(report: MapReport) -> list[str]:
    lines = _table_head(report, "bit position", "share %" if report.worth else "")
    for label, part, share in _bit_rows(report):
        lines.append(_row(report, label, part, share))
    return lines


def _critical(report: MapReport) -> list[str]:
    """Critical SDC of the whole memory, of kinds and of the tensors that are shown."""
    names = short_names((t.name for t in by_share(report)[:SHOWN]), NAME_WIDTH - 1)
    parts: list[tuple[str, AreaPart]] = [("the whole memory", report.whole)]
    parts += [(kind.kind, kind) for kind in report.kinds if len(report.kinds) > 1]
    parts += [(names[t.name], t) for t in by_share(report)[:SHOWN]]
    return list(critical_lines(report.severity, [(n, p.sdc, p.critical_sdc) for n, p in parts]))


def _bit_rows(report: MapReport) -> Iterator[tuple[str, AreaPart, str]]:
    """Rows of the bit table, with their labels and their shares of the SDC.

    Neighbouring positions at which nothing was seen share a row, with the widest interval; so do
    neighbours that are not known.
    """
    shares = shares_of_bits(report)
    for (dtype, encoding), bits in groupby(report.bits, lambda b: (b.dtype, b.encoding)):
        held = dtype if encoding == "stored" else f"{dtype} as {encoding}"
        held = encoding if encoding.startswith(CHECK_BITS) else held
        for alike, run in groupby(bits, _alike):
            parts = list(run)
            if not alike or len(parts) == 1:
                for b in parts:
                    yield f"{held} {b.bit} {b.field}", b, _bit_share([b], shares)
                continue
            widest = max(parts, key=_reach)
            bits_of_all = sum(b.bits for b in parts)
            trials = sum(b.trials for b in parts)
            yield (
                f"{held} {parts[0].bit}–{parts[-1].bit} each",
                widest.model_copy(update={"bits": bits_of_all, "trials": trials}),
                _bit_share(parts, shares),
            )


def _bit_share(bits: list[BitPart], shares: dict[tuple[str, str, int], float]) -> str:
    """Share of some bit positions in the SDC; nothing where it is not known."""
    known = [shares.get((b.dtype, b.encoding, b.bit)) for b in bits]
    return "" if None in known else figures.percent(min(1.0, sum(s or 0.0 for s in known)))


def _alike(bit: BitPart) -> str:
    """Bits are shown together where nothing was seen, and where there is no estimate."""
    if bit.sdc is None or bit.due is None:
        return "unknown"
    return "" if bit.sdc.estimate or bit.due.estimate else "quiet"


def _reach(bit: BitPart) -> tuple[float, float]:
    return (bit.sdc.high if bit.sdc else 1.0), (bit.due.high if bit.due else 1.0)


def _notes(report: MapReport) -> list[str]:
    plan = report.plan
    confidence = f"{100 * plan.confidence:g}"
    lines = [
        advice(report),
        *filter(None, [bit_advice(report)]),
        f"Intervals: {confidence} %. share: of the SDC of an upset anywhere, the part that falls "
        "to this tensor or bit (its size times its SDC). loss: accuracy lost.",
    ]
    exhaustive = sum(t.exhaustive for t in report.tensors)
    if exhaustive:
        lines.append(
            f"Exhaustive: {exhaustive} of {len(report.tensors)} tensors, where every upset met "
            "every image."
        )
    short = {t.stop for t in report.tensors} - {"precision"}
    if report.trials:
        lines.append(f"Trials: {report.trials:,}." + ("" if short else _beside_leveugle(report)))
    if any(t.sdc is None for t in (report.whole, *report.tensors)):
        lines.append(
            f"{figures.UNKNOWN} no estimate: too much of it is untried. Of the bits at risk "
            f"{figures.percent(report.whole.untried)} % are untried and enter no total."
        )
    if any(p and figures.says_nothing(p) for t in report.tensors for p in (t.sdc, t.due)):
        lines.append(figures.TOO_WIDE)
    if short:
        why = "the budget ended" if "budget" in short else "it was interrupted"
        lines.append(
            f"* {why} before ±{100 * plan.margin:g} points were reached; the intervals are valid, "
            "but wider."
        )
    crashed = sum(len(t.crashes) for t in report.tensors)
    if crashed:
        lines.append(f"{crashed} upsets killed the process that ran them; they count as DUE.")
    return lines


def _beside_leveugle(report: MapReport) -> str:
    """The number of trials that Leveugle's formula asks for."""
    return (
        f" Leveugle's formula asks for {report.leveugle:,} at ±{100 * report.plan.margin:g} points "
        f"per tensor: {report.leveugle / report.trials:.1f} times as many."
    )

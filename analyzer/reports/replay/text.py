"""Replayed patterns as plain text, 80 columns wide."""

from collections.abc import Iterator

from analyzer.reports.replay.record import AnswerPart, ImagePart, PatternPart, ReplayReport
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.decision import decision_lines
from analyzer.reports.shared.protection import protection_lines
from analyzer.reports.shared.severity import severity_sentence
from analyzer.reports.shared.terminal_text import COLUMNS, one_line, table_row, wrapped
from analyzer.reports.shared.trials import element_line

MOST_PATTERNS, MOST_IMAGES = 40, 20
"""Rows of the tables; JSON and CSV have all."""

WORDS = {"masked": "masked", "sdc": "SDC", "due": "DUE"}


def to_text(report: ReplayReport) -> str:
    """One pattern in detail, or a table of several."""
    lines = [*wrapped(_head(report)), ""]
    if len(report.patterns) == 1:
        lines += _detail(report.patterns[0])
    else:
        lines += _table(report)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def verdict_text(report: ReplayReport) -> str:
    """Name the patterns that a report, or an edited file, contradicts; nothing without any."""
    lines = []
    for part in report.patterns:
        said = [*_edited(part), *_reproduced(part)]
        if part.edited_file == "different" or part.reproduced is False:
            lines += wrapped([f"{part.name}: {' '.join(said)}"])
    return "".join(f"{line.rstrip()}\n" for line in map(one_line, lines))


def _head(report: ReplayReport) -> Iterator[str]:
    model, data, plan = report.model, report.data, report.plan
    bits, values = figures.si(model.bits_at_risk), figures.si(model.parameters)
    yield f"{model.path}: {bits} bits at risk in {values} values"
    golden = figures.percent(report.golden.value, 2)
    metric = figures.METRIC_NAMES[report.golden.metric]
    yield f"{data.name}: {data.images} images, fault-free {metric} {golden} %"
    yield from decision_lines(report.decision)
    yield f"patterns of {plan.source}: fault {plan.fault}, encoding {plan.encoding}"
    yield from protection_lines(report.protection)
    if report.severity:
        yield f"critical: by {severity_sentence(report.severity)}"
    yield figures.runtime(report.tool)


def _detail(part: PatternPart) -> Iterator[str]:
    upsets = "upset changes" if part.upsets == 1 else "upsets change"
    values = "value" if part.changed == 1 else "values"
    yield from wrapped([f"{part.name}: {part.upsets:,} {upsets} {part.changed:,} stored {values}"])
    for element in part.elements:
        yield from wrapped([f"  {element_line(element)}"], "     ")
    if part.changed > len(part.elements):
        yield f"  and {part.changed - len(part.elements):,} that move less"
    yield ""
    yield from wrapped([_outcome(part)])
    yield from _images(part)
    yield ""
    yield from wrapped(_proofs(part))


def _outcome(part: PatternPart) -> str:
    critical = "" if part.critical_sdc is None else f" ({part.critical_sdc} critical)"
    images = "image" if part.images == 1 else "images"
    return (
        f"{part.images:,} {images}: {part.sdc:,} SDC{critical}, {part.due:,} DUE, "
        f"{part.masked:,} masked"
    )


def _images(part: PatternPart) -> Iterator[str]:
    harmed = [image for image in part.shown if image.outcome != "masked"]
    shown = (harmed + [image for image in part.shown if image.outcome == "masked"])[:MOST_IMAGES]
    if not shown:
        return
    yield f"{'image':>8}  {'outcome':<15}{'golden':<28}under faults"
    yield "─" * COLUMNS
    for image in shown:
        golden, faulty = _answer(image.golden), _answer(image.faulty)
        yield one_line(f"{image.image:>8}  {_word(image):<15}{golden:<28}{faulty}")
    if part.images > len(shown):
        yield f"{'':>8}  and {part.images - len(shown):,} more images"


def _word(image: ImagePart) -> str:
    return "SDC, critical" if image.critical else WORDS[image.outcome]


def _answer(part: AnswerPart | None) -> str:
    """A class with its score, short enough for its column."""
    if part is None:
        return figures.UNKNOWN
    unnamed = part.name in ("", str(part.number))
    name = f"class {part.number}" if unnamed else f"{part.number} {part.name}"
    score = "" if part.score is None else f" ({part.score:.4g})"
    room = 26 - len(score)
    return f"{name if len(name) <= room else name[: room - 1] + '…'}{score}"


def _proofs(part: PatternPart) -> Iterator[str]:
    yield f"outputs: SHA-256 {part.outputs_sha256}"
    yield from _edited(part)
    yield from _reproduced(part)


def _edited(part: PatternPart) -> Iterator[str]:
    if part.edited_file == "same":
        yield "A copy of the file with these bits changed gives the same outputs, bit for bit."
    elif part.edited_file == "different":
        yield "A copy of the file with these bits changed gives OTHER outputs: please report this."


def _reproduced(part: PatternPart) -> Iterator[str]:
    if part.reproduced is False:
        yield (
            "The outcomes are NOT those of the report: another processor, or another version of "
            "ONNX Runtime, may round otherwise."
        )
    elif part.reproduced:
        yield "The outcomes are those of the report."


def _table(report: ReplayReport) -> Iterator[str]:
    heads = ["upsets", "images", "SDC", "DUE", "masked", "critical"]
    ends = (30, *(30 + 10 * i for i in range(1, 6)))
    used = heads if report.severity else heads[:-1]
    yield table_row(used, ends[: len(used)], "injection")
    yield "─" * COLUMNS
    for part in report.patterns[:MOST_PATTERNS]:
        counts = [part.upsets, part.images, part.sdc, part.due, part.masked]
        counts += [part.critical_sdc or 0] if report.severity else []
        name = one_line(part.name)
        short = name if len(name) <= 20 else name[:19] + "…"
        yield table_row([f"{count:,}" for count in counts], ends[: len(used)], short)
    if len(report.patterns) > MOST_PATTERNS:
        yield f"and {len(report.patterns) - MOST_PATTERNS:,} more; --csv and --json have all"
    yield ""
    yield from wrapped(_sums(report))


def _sums(report: ReplayReport) -> Iterator[str]:
    parts = report.patterns
    harmful = sum(part.sdc > 0 for part in parts)
    found = sum(part.due > 0 for part in parts)
    yield (
        f"{len(parts):,} patterns: {harmful:,} with SDC on some image, {found:,} with DUE on some "
        "image."
    )
    compared = [part for part in parts if part.edited_file]
    if compared:
        same = sum(part.edited_file == "same" for part in compared)
        of = f"{same:,} of {len(compared):,} patterns"
        yield f"Edited files give the same outputs, bit for bit, under {of}."

"""A protection plan as plain text, 80 columns wide."""

from analyzer.reports.protect.amounts import evidence, saving, unit_sentence, verdict_sentence, why
from analyzer.reports.protect.bounds import chosen_bounds, file_sentence
from analyzer.reports.protect.bounds_text import variant_lines
from analyzer.reports.protect.record import BudgetPart, ProtectionPlanReport
from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.amounts import number
from analyzer.reports.shared.decision import decision_lines
from analyzer.reports.shared.left_out import left_out_sentences
from analyzer.reports.shared.terminal_text import COLUMNS, one_line, table_row, wrapped

ENDS = (41, 51, 61, 71, COLUMNS)
"""Last character of each column of the table of alternatives."""

NAME_WIDTH = 30

RULE_WIDTH = 46
"""Characters of a rule where its reason is given; the plan has all of it."""

SHOWN = 12
"""Rules in the text; the other forms of the report have all."""


def to_text(report: ProtectionPlanReport) -> str:
    """Render the verdict, the plan, its storage beside other plans, and why each rule is there."""
    lines = [
        *wrapped(_head(report)),
        "",
        *_verdict(report),
        "",
        *variant_lines(report),
        *_alternatives(report),
        "",
        *_rules(report),
        *wrapped(_notes(report)),
    ]
    return "\n".join(line.rstrip() for line in map(one_line, lines)) + "\n"


def verdict_text(report: ProtectionPlanReport) -> str:
    """Render the verdict, the plan as ``--protect`` writes it, and the budgets."""
    return "".join(f"{line.rstrip()}\n" for line in map(one_line, _verdict(report)))


def _head(report: ProtectionPlanReport) -> list[str]:
    lines = []
    if report.data.kind == "generated":
        lines += ["No data set: inputs are random, judged by agreement with the fault-free model."]
    model, data = report.model, report.data
    lines += left_out_sentences(model)
    metric = figures.METRIC_NAMES[report.golden.metric]
    bits, values = figures.si(model.bits_at_risk), figures.si(model.parameters)
    kind = "inputs" if data.kind == "generated" else "images"
    golden = figures.percent(report.golden.value, 2)
    lines += [
        f"{model.path}: {bits} bits at risk in {values} values",
        f"{data.name}: {data.images} {kind}, fault-free {metric} {golden} %",
        *decision_lines(report.decision),
        *data.lines,
        *_regions(report),
        f"schemes that may be used: {', '.join(report.search.schemes)}",
        figures.runtime(report.tool),
    ]
    return [*lines, *(f"note: {n}" for n in [*model.notes, *report.notes])]


def _regions(report: ProtectionPlanReport) -> list[str]:
    if not report.target:
        return [f"one event: {report.regions[0].fault}, placed uniformly in the memory"]
    return [
        f"{report.target}: {region.name}, {figures.si(region.data_bits)} bits, "
        f"events {region.fault}"
        for region in report.regions
    ]


def _verdict(report: ProtectionPlanReport) -> list[str]:
    lines = wrapped([f"{report.verdict.upper()}: {verdict_sentence(report)}"])
    if bounded := chosen_bounds(report.variants):
        lines += wrapped([f"  bounds by {bounded.bounds}: {file_sentence(bounded)}"], "    ")
    for region in report.regions:
        name = f"{region.name}: " if report.target else ""
        lines += wrapped([f"  {name}--protect {_quoted(region.protect)}"], "    ")
    for budget in report.budgets:
        lines += wrapped(_budget(budget), "    ")
    return lines


def _quoted(rules: str) -> str:
    """Rules as a shell takes them."""
    plain = all(c.isalnum() or c in ":@=,.+-_/" for c in rules)
    return rules if plain else f"'{rules}'"


def _budget(budget: BudgetPart) -> list[str]:
    planned = f"{number(budget.planned)} ± {number(budget.planned_deviation)}"
    confirmed = " confirmed" if budget.found else ""
    return [
        f"  {budget.condition}: {evidence(budget.found, budget.bound)}{confirmed}",
        f"    {planned} expected by the survey, {number(budget.unprotected)} without protection",
    ]


def _alternatives(report: ProtectionPlanReport) -> list[str]:
    unit = report.budgets[0].unit
    heads = ["check bits", "storage", f"SDC {'FIT' if unit == 'FIT' else ''}".strip(), "DUE"]
    lines = [table_row([*heads, "meets"], ENDS, f"expected, {unit}"), "─" * COLUMNS]
    for row in report.alternatives:
        cells = [
            figures.si(row.check_bits),
            f"+{100.0 * row.overhead:.3g} %",
            number(row.sdc),
            number(row.due),
            "yes" if row.meets else "no",
        ]
        lines.append(table_row(cells, ENDS, _cut(row.name)))
    return lines


def _cut(name: str, width: int = NAME_WIDTH) -> str:
    return name if len(name) <= width else f"{name[: width - 1]}…"


def _rules(report: ProtectionPlanReport) -> list[str]:
    lines = []
    for rule in report.rules[:SHOWN]:
        bits = f"{figures.si(rule.protected_bits)} bits of {rule.tensors} tensors"
        if rule.tensors == 1:
            bits = f"{figures.si(rule.protected_bits)} bits of a tensor"
        lines += wrapped(
            [f"{_cut(rule.rule, RULE_WIDTH)}: {bits}, {figures.si(rule.check_bits)} check bits"],
            "  ",
        ) + wrapped([f"  {why(rule, report.budgets)}"], "  ")
    if len(report.rules) > SHOWN:
        lines.append(f"and {len(report.rules) - SHOWN} more rules")
    return [*lines, ""] if lines else []


def _notes(report: ProtectionPlanReport) -> list[str]:
    search = report.search
    lines = [unit_sentence(report), *filter(None, [saving(report)])]
    if report.reached and not search.optimal:
        lines.append(
            f"By the survey no plan for {100 * search.part_of_budget:g} % of the budget has fewer "
            f"than {search.least_check_bits:,} check bits; this one has {report.check_bits:,}."
        )
    trials = sum(region.trials for region in report.regions)
    lines.append(
        f"Intervals: {100 * search.interval_confidence:.4g} % each, so that all rounds (at most "
        f"{search.rounds_allowed}) and budgets hold with {100 * search.confidence:g} % "
        f"together. Trials: {search.survey_trials:,} of the survey, {trials:,} of the last "
        f"confirmation; {_tried(len(report.rounds))}."
    )
    return lines


def _tried(rounds: int) -> str:
    if not rounds:
        return "no plan was confirmed"
    return "1 plan was tried" if rounds == 1 else f"{rounds} plans were tried"

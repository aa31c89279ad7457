"""Findings of ``relcheck check``: the fault-free figure of a model under each usual recipe."""

from textwrap import wrap

from analyzer.reports.shared import number_format as figures
from analyzer.reports.shared.records import Count, Digest, Fraction, MetricName, Name, ReportRecord
from analyzer.reports.shared.terminal_text import one_line

COLUMNS = 80
INDENT = 31


class RecipePart(ReportRecord):
    """One recipe.

    Attributes:
        recipe: In words.
        flags: That ask for it, by name, beside what the model states.
        stated: Whether it is followed if nothing more is said.
        right: Images whose answer is right; None: the model failed.
        value: Their share.
        low: Lower end of the 95 % interval of this share, as a sample.
        high: Upper end.
        failure: Why the model failed; empty: it did not.
    """

    recipe: Name
    flags: dict[str, str]
    stated: bool
    right: Count | None
    value: Fraction | None
    low: Fraction | None
    high: Fraction | None
    failure: Name = ""


class RecipesReport(ReportRecord):
    """All recipes that were tried, the best first."""

    model: Name
    model_sha256: Digest
    data: Name
    images: Count
    metric: MetricName
    decision: str
    recipes: list[RecipePart]
    note: Name
    remarks: list[Name]
    run: Name
    annotate: Name

    @property
    def best(self) -> RecipePart:
        """The one with most right answers."""
        return self.recipes[0]

    @property
    def stated(self) -> RecipePart:
        """The one that is followed if nothing more is said."""
        return next(r for r in self.recipes if r.stated)

    @property
    def settled(self) -> bool:
        """True if the stated recipe is as good as the best."""
        return self.stated.right == self.best.right


def recipes_text(report: RecipesReport) -> str:
    """The table, and what to do."""
    metric = figures.METRIC_NAMES[report.metric]
    head = [f"{report.model} on {report.data}: {report.images:,} images, without faults"]
    head += [f"decision: {report.decision}"]
    head += [f"note: {text}" for text in (report.note, *report.remarks) if text]
    lines = [part for line in head for part in wrap(one_line(line), COLUMNS)]
    lines += ["", f"{metric + ' %':>9}{'95 % interval':>18}   recipe", "─" * COLUMNS]
    lines += [part for recipe in report.recipes for part in _row(recipe)]
    lines += ["", *_conclusion(report, metric)]
    return "\n".join(lines) + "\n"


def _row(part: RecipePart) -> list[str]:
    value, interval = figures.UNKNOWN, ""
    if part.value is not None and part.low is not None and part.high is not None:
        value = figures.percent(part.value)
        interval = f"{figures.percent(part.low)} – {figures.percent(part.high)}"
    words = part.recipe + (" (as stated)" if part.stated else "")
    words += f": {part.failure}" if part.failure else ""
    first, *rest = wrap(one_line(words), COLUMNS - INDENT) or [""]
    return [f"{value:>9}{interval:>18}   {first}", *(" " * (INDENT - 1) + line for line in rest)]


def _conclusion(report: RecipesReport, metric: str) -> list[str]:
    best, stated = report.best, report.stated
    if best.value is None:
        told = "No recipe works: the model fails on these images whatever they are made into."
        return wrap(told, COLUMNS)
    if report.settled:
        equal = sum(r.right == best.right for r in report.recipes) - 1
        same = f" ({equal} others are as good on these images)" if equal else ""
        return wrap(f"What is stated is the best of them{same}: nothing needs to change.", COLUMNS)
    told = f"Best: {best.recipe}, {metric} {figures.percent(best.value)} %."
    if stated.high is not None and best.value <= stated.high:
        told += " The difference to what is stated may be chance; more --images would tell."
    use = ["Use it:", f"  {report.run}", "Or write it into the file:", f"  {report.annotate}"]
    return [*wrap(one_line(told), COLUMNS), *map(one_line, use)]

"""One comparison from settings to exit code: prepare every model, run, top up, report."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from analyzer.answers import Answer
from analyzer.campaign.comparison.additional_blocks import run_more
from analyzer.campaign.comparison.difference import (
    ComparedModel,
    Wanted,
    compare,
    missing_blocks,
    wanted_blocks,
)
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import run_campaign
from analyzer.cli.app import Exit
from analyzer.cli.devices import on_device
from analyzer.cli.output import check_targets, say, tell, write_whole
from analyzer.cli.progress import show_progress
from analyzer.errors import (
    BadOption,
    EmptySelection,
    InputError,
    NotComparable,
    RelcheckError,
)
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.outcome import class_count
from analyzer.faults.pairing import Pairing, correspond
from analyzer.jobs.journals import journal_in, why_cut_short
from analyzer.jobs.prepare import Analysis, data_beside, prepare_analysis
from analyzer.jobs.provenance import run_part, tool_part
from analyzer.jobs.settings import NO_JOURNAL, Settings
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.sweep import open_pool
from analyzer.model import load_model
from analyzer.reports.comparison.build import Entry, build_comparison
from analyzer.reports.comparison.record import Comparison
from analyzer.reports.comparison.text import comparison_text
from analyzer.reports.shared.number_format import METRIC_NAMES


class FairShare:
    """A budget for one of several campaigns: an equal share of what is left."""

    def __init__(self, watch: Stopwatch, total: float, campaigns: int) -> None:
        """Start.

        Args:
            watch: the clock of the whole comparison.
            total: CPU seconds that the whole may take.
            campaigns: how many are still to come, this one included.
        """
        used = watch.cpu_seconds
        self._watch = watch
        self._limit = used + (total - used) / campaigns

    def charge(self, cpu_seconds: float) -> None:
        """Take CPU time that workers spent."""
        self._watch.charge(cpu_seconds)

    def spent(self) -> Stop | None:
        """Why to stop now; None to go on."""
        late = self._watch.cpu_seconds > self._limit
        return self._watch.spent() or (Stop.BUDGET if late else None)


def compare_models(paths: Sequence[Path], settings: Settings) -> Exit:
    """Compare models and write what was asked for."""
    _check_request(paths)
    settings = on_device(settings)
    targets = [path for path in (settings.json_path, settings.html_path) if path]
    check_targets(targets, [*paths, *([settings.data] if settings.data else [])])
    watch = Stopwatch(settings.budget, settings.inline)
    analyses, compared_models = prepare_models(paths, settings)
    with watch.interruptible():
        _run(analyses, compared_models, settings, watch)
        _top_up(analyses, compared_models, settings, watch)
    found = compare(compared_models)
    models = (analysis.model for analysis in analyses)
    entries = [Entry(*parts) for parts in zip(models, compared_models, found, strict=True)]
    report = build_comparison(
        entries, _said_together(analyses), tool_part(analyses[0].device), run_part(watch, None)
    )
    _write(report, settings)
    say(comparison_text(report))
    for target in targets:
        tell(f"wrote {target}")
    stops = {stop for c in compared_models for stop in c.found.cut_short}
    if stops and settings.journal != NO_JOURNAL:
        tell(f"{why_cut_short(stops)}; to go on, run the same command again: finished work is kept")
    return Exit.UNDECIDED if stops else Exit.OK


def _said_together(analyses: Sequence[Analysis]) -> Dataset:
    """The reference's data, with a remark on every model that is fed otherwise."""
    data = analyses[0].data
    others = (a for a in analyses[1:] if a.data.recipe.plain != data.recipe.plain)
    return data.remarked(
        *(f"{a.model.path.name} is fed otherwise: {a.data.recipe.summary}" for a in others)
    )


def _check_request(paths: Sequence[Path]) -> None:
    if len(paths) < 2:
        raise BadOption("relcheck compare takes two models or more; the first is the reference")


def prepare_models(
    paths: Sequence[Path], settings: Settings
) -> tuple[list[Analysis], list[ComparedModel]]:
    """Read every model before any of them runs; the first is the reference.

    Raises:
        RelcheckError: whatever is wrong with the request, a model or the data.
        NotComparable: models that answer different questions.
    """
    reference = _one(paths[0], settings)
    data = settings.data or data_beside(reference.model)
    shared = settings.model_copy(update={"data": data, "batch": reference.context.plan.batch})
    analyses, compared_models = [reference], [ComparedModel(reference.context)]
    for path in paths[1:]:
        analysis = _sharing(reference, _one(path, shared, settings.batch))
        _check_comparable(reference, analysis)
        analysis, compared = _matched(reference, analysis)
        analyses.append(analysis)
        compared_models.append(compared)
    return analyses, compared_models


def _one(path: Path, settings: Settings, asked: int | None = None) -> Analysis:
    """Prepare one model; what is wrong with it is said with its name."""
    try:
        model = load_model(path).filed()
        fixed = model.signature.fixed_batch
        if settings.batch != asked and fixed not in (None, settings.batch):
            raise NotComparable(
                f"{path} fixes batches of {fixed} images, and the reference would be run with "
                f"{settings.batch} at a time; every model must see the same: use --batch {fixed}"
            )
        analysis = prepare_analysis(model, settings)
    except (InputError, EmptySelection) as error:
        if str(path) in str(error):
            raise
        raise _about(path, error) from error
    analysis.rest()
    return analysis


def _about(path: Path, error: RelcheckError) -> RelcheckError:
    """The same error, with the name of the model that it is about."""
    return type(error)(f"{path}: {error}")


def _sharing(reference: Analysis, analysis: Analysis) -> Analysis:
    """The same with the reference's inputs where they are equal, so that memory holds them once."""
    first, second = reference.data, analysis.data
    padded = {a.model.signature.fixed_batch for a in (reference, analysis)}
    # The names of further inputs may be others in each model.
    several = any(data.further or data.states for data in (first, second))
    if several or len(padded) > 1 or first.streamed or second.streamed:
        return analysis
    if first.inputs.dtype != second.inputs.dtype:
        return analysis
    if not np.array_equal(first.inputs, second.inputs):
        return analysis
    context = replace(analysis.context, batches=reference.context.batches)
    return replace(analysis, data=reference.data, context=context)


def _check_comparable(reference: Analysis, analysis: Analysis) -> None:
    """Refuse models that answer different questions.

    Raises:
        NotComparable: other outputs, other classes, or other inputs where none were given.
    """
    first, second = reference.model.path, analysis.model.path
    if reference.data.sha256 != analysis.data.sha256:
        raise NotComparable(
            f"no data set was given, and {second} takes other random inputs than {first}; give "
            "--data"
        )
    outputs = [len(a.context.golden[0].outputs) for a in (reference, analysis)]
    if outputs[0] != outputs[1]:
        raise NotComparable(
            f"{second} has {outputs[1]} outputs and {first} {outputs[0]}: they answer different "
            "questions"
        )
    classes = [class_count(Answer(a.context.golden[0].outputs)) for a in (reference, analysis)]
    if classes[0] != classes[1]:
        shown = ["no classes" if c is None else f"{c} classes" for c in classes]
        raise NotComparable(
            f"{second} scores {shown[1]} and {first} {shown[0]}: they answer different questions"
        )


def _matched(reference: Analysis, analysis: Analysis) -> tuple[Analysis, ComparedModel]:
    """Let the patterns of a model follow the reference's, if enough of their bits correspond."""
    lead, own = reference.context, analysis.context
    matched = correspond(reference.space, analysis.space)
    if matched.enough:
        plan = replace(own.plan, paired=lead.plan.id)
        pairing = Pairing(lead.plan.id, lead.severity, matched)
        own = replace(own, plan=plan, pairing=pairing)
    return replace(analysis, context=own), ComparedModel(own, matched)


def _run(
    analyses: Sequence[Analysis],
    compared_models: Sequence[ComparedModel],
    settings: Settings,
    watch: Stopwatch,
) -> None:
    """Run the campaign of each model, in turn."""
    for number, (analysis, compared) in enumerate(zip(analyses, compared_models, strict=True)):
        tell(f"{number + 1}/{len(analyses)} {analysis.model.path.name}")
        budget = FairShare(watch, settings.budget, len(analyses) - number)
        plan = analysis.context.plan
        with (
            journal_in(settings.journal, analysis) as journal,
            open_pool(analysis, settings) as pool,
            show_progress(plan.rates, METRIC_NAMES[plan.metric]) as observer,
        ):
            store = compared.store.over(journal)
            result = run_campaign(analysis.context, pool, store, budget, observer)
        compared.store.over(None)
        compared.finish(result)


def _top_up(
    analyses: Sequence[Analysis],
    compared_models: Sequence[ComparedModel],
    settings: Settings,
    watch: Stopwatch,
) -> None:
    """Run what differences need beyond what each model needed by itself."""
    wanted = wanted_blocks(compared_models)
    for analysis, compared, more in zip(analyses, compared_models, wanted, strict=True):
        _run_missing(analysis, compared, more, settings, watch)
        compared.count(more)


def _run_missing(
    analysis: Analysis,
    compared: ComparedModel,
    wanted: Wanted,
    settings: Settings,
    watch: Stopwatch,
) -> None:
    if not wanted or watch.spent():
        return
    with journal_in(settings.journal, analysis) as journal:
        store = compared.store.over(journal)
        blocks = missing_blocks(compared, wanted)
        if blocks:
            tell(f"for the differences: {len(blocks)} blocks more of {analysis.model.path.name}")
            with open_pool(analysis, settings) as pool:
                run_more(blocks, pool, store, watch)
    compared.store.over(None)


def _write(report: Comparison, settings: Settings) -> None:
    if settings.json_path:
        from analyzer.reports.comparison.record import comparison_json

        write_whole(settings.json_path, comparison_json(report))
    if settings.html_path:
        from analyzer.reports.comparison.html import comparison_html

        write_whole(settings.html_path, comparison_html(report))

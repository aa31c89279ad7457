"""Several models made ready for one comparison, or the reason why they cannot be compared."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analyzer.campaign.comparison.difference import ComparedModel
from analyzer.errors import EmptySelection, InputError, NotComparable, RelcheckError
from analyzer.evaluation.dataset import Dataset
from analyzer.evaluation.outcome import Judge
from analyzer.evaluation.rules.classification import ClassDecisions
from analyzer.faults.pairing import Pairing, correspond
from analyzer.jobs.analysis import Analysis, Start
from analyzer.jobs.data import data_beside
from analyzer.jobs.devices import start_device
from analyzer.jobs.observer import SILENT, Observer
from analyzer.jobs.prepare import prepare_analysis
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.sources import ModelSource, open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.runtime.ort.device import Device


def prepare_models(
    request: ComparisonRequest,
    observer: Observer = SILENT,
    device: Device | None = None,
    watch: Stopwatch | None = None,
) -> tuple[list[Analysis], list[ComparedModel]]:
    """Read every model before any of them runs; the first is the reference.

    Args:
        request: what is asked for.
        observer: is told how it goes.
        device: where to run, started; None: start the one that the request names.
        watch: the clock whose budget the golden runs must not exceed by far.

    Raises:
        RelcheckError: whatever is wrong with the request, a model or the data.
        NotComparable: models that answer different questions.
    """
    device = device or start_device(request.device, observer, request.precise_int8)
    (first, protection), *others = request.entries
    start = Start(device, observer, watch=watch)
    reference = _one(first, request, replace(start, protection=protection))
    data = request.data or data_beside(reference.model)
    shared = request.model_copy(update={"data": data, "batch": reference.context.plan.batch})
    analyses, compared_models = [reference], [ComparedModel(reference.context)]
    for source, protection in others:
        own = _one(source, shared, replace(start, protection=protection), request.batch)
        analysis = _sharing(reference, own)
        _check_comparable(reference, analysis)
        analysis = _judged_alike(reference, analysis)
        analysis, compared = _matched(reference, analysis)
        analyses.append(analysis)
        compared_models.append(compared)
    return analyses, compared_models


def _one(
    source: ModelSource,
    request: ComparisonRequest,
    start: Start,
    asked: int | None = None,
) -> Analysis:
    """Prepare one model; a refusal names the model.

    Args:
        source: the model.
        request: with the reference's batch size, once that is known.
        start: where to run, and what is told of it.
        asked: the batch size that the user asked for.
    """
    try:
        model = open_model(source).filed()
        fixed = model.signature.fixed_batch
        if request.batch != asked and fixed not in (None, request.batch):
            raise NotComparable(
                f"{source} fixes batches of {fixed} images, and the reference would be run with "
                f"{request.batch} at a time; every model must see the same: use --batch {fixed}"
            )
        analysis = prepare_analysis(model, request, start)
    except (InputError, EmptySelection) as error:
        if str(source) in str(error):
            raise
        raise _about(source, error) from error
    analysis.rest()
    return analysis


def _about(source: ModelSource, error: RelcheckError) -> RelcheckError:
    """The same error, with the name of the model that it is about."""
    return type(error)(f"{source}: {error}")


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
    golden = replace(analysis.context.golden, batches=reference.context.golden.batches)
    context = replace(analysis.context, golden=golden)
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
    one, other = (a.context.golden.judge.definition for a in (reference, analysis))
    if len(one.names) != len(other.names):
        raise NotComparable(
            f"{second} has {len(other.names)} outputs and {first} {len(one.names)}: they answer "
            "different questions"
        )
    if (found := _question(analysis)) != (asked := _question(reference)):
        raise NotComparable(
            f"{second} {found} and {first} {asked}: they answer different questions"
        )


def _question(analysis: Analysis) -> str:
    """The question that a model answers, in words: rules, and the numbers that they judge."""
    golden = analysis.context.golden
    definition, first = golden.judge.definition, golden.by_batch[0]
    if isinstance(first.decisions.decisions, ClassDecisions):
        return f"scores {first.decisions.decisions.classes} classes"
    places = [definition.watched.index(index) for index in definition.judged]
    shapes = ", ".join(str(first.forms[place].shape[1:]) for place in places)
    rules = getattr(definition.rule, "parts", ())
    names = ", ".join(part.rule.name for part in rules) or definition.rule.name
    return f"is judged by {names}, with answers of shape {shapes}"


def _judged_alike(reference: Analysis, analysis: Analysis) -> Analysis:
    """The analysis with the rule of the reference, whose tolerances follow from its own answers."""
    golden = analysis.context.golden
    first, own = reference.context.golden.judge.definition, golden.judge.definition
    if first.rule == own.rule or first.rule.name != own.rule.name:
        return analysis
    definition = replace(own, rule=first.rule)
    plan = replace(analysis.context.plan, decision=definition.content)
    patterns = replace(analysis.context.patterns, plan=plan)
    context = replace(
        analysis.context, golden=replace(golden, judge=Judge(definition)), patterns=patterns
    )
    return replace(analysis, context=context)


def _matched(reference: Analysis, analysis: Analysis) -> tuple[Analysis, ComparedModel]:
    """Let the patterns of a model follow the reference's, if enough of their bits correspond."""
    lead, own = reference.context, analysis.context
    matched = correspond(reference.space, analysis.space)
    if matched.enough:
        plan = replace(own.plan, paired=lead.plan.id)
        pairing = Pairing(lead.plan.id, lead.patterns.severity, matched)
        own = replace(own, patterns=replace(own.patterns, plan=plan, pairing=pairing))
    return replace(analysis, context=own), ComparedModel(own, matched)


def said_together(analyses: Sequence[Analysis]) -> Dataset:
    """The reference's data, with a remark on every model that is fed otherwise."""
    data = analyses[0].data
    others = (a for a in analyses[1:] if a.data.recipe.plain != data.recipe.plain)
    return data.remarked(
        *(f"{a.model.path.name} is fed otherwise: {a.data.recipe.summary}" for a in others)
    )

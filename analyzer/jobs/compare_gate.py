"""``compare --until gate``: models get trials, look by look, until conditions are decided.

All conditions of a rate are judged at the same looks, which share the error
(`analyzer.stats.spending`), so that what is shown at the end is what decided.
"""

from collections.abc import Callable, Sequence

from analyzer.campaign.cells import Cell
from analyzer.campaign.comparison.blocks_wanted import Wanted, next_look
from analyzer.campaign.comparison.difference import ComparedModel, difference_at
from analyzer.campaign.result import Stop
from analyzer.campaign.runner import Budget
from analyzer.errors import BadGate
from analyzer.evaluation.metrics import metric_named
from analyzer.gate import OUTCOME_METRICS, Judgement, Level, Verdict, judge, without_hope
from analyzer.gate.difference import AnyCondition, DifferenceCondition
from analyzer.stats.intervals import Interval

LEAST_GROWTH, MOST_GROWTH = 1.25, 2.0
"""Factors by which trials grow between two looks."""

AIM = 1.05
"""A look is planned this factor beyond where its conditions are expected to be decided."""

Run = Callable[[Sequence[Wanted]], None]
"""Runs blocks of each model, as far as the budget reaches, and counts them."""


def check_compared(conditions: Sequence[AnyCondition], metric: str) -> None:
    """Refuse conditions on a metric that a comparison does not compare.

    Args:
        conditions: of the gate.
        metric: of the campaigns.

    Raises:
        BadGate: a condition is on agreement with a model's own fault-free answers.
    """
    for condition in conditions:
        if condition.metric == metric and not metric_named(metric).needs_labels:
            raise BadGate(
                f"gate {str(condition)!r} asks for {metric}, and without labels only sdc and due "
                "are compared"
            )


def decide(
    models: Sequence[ComparedModel],
    conditions: Sequence[AnyCondition],
    run: Run,
    budget: Budget,
) -> None:
    """Run until every condition is decided for every model but the first, or the budget is spent.

    Args:
        models: the first is the reference; each has had its first look.
        conditions: those that are to be decided.
        run: runs further blocks.
        budget: says when to stop early.
    """
    waiting = sorted({condition.rate for condition in conditions})
    for model in models:
        model.looks.update(dict.fromkeys(waiting, 1))
    while True:
        asked = {rate: [c for c in conditions if c.rate == rate] for rate in waiting}
        judged = {rate: _judged(models, asked[rate]) for rate in waiting}
        _end(models, [rate for rate in waiting if _is_decided(judged[rate])], Stop.DECIDED)
        waiting = [rate for rate in waiting if not _is_decided(judged[rate])]
        if not waiting:
            return
        before = _trials(models, waiting)
        stop = budget.spent()
        if stop is None:
            _go_on(models, {rate: _growth(judged[rate]) for rate in waiting}, run)
            # Where not one more block may begin, the budget is spent though some of it is left.
            stop = budget.spent() or (Stop.BUDGET if _trials(models, waiting) == before else None)
        if stop is not None:
            _end_late(models, waiting, conditions, stop)
            return


def _go_on(models: Sequence[ComparedModel], growths: dict[float, float], run: Run) -> None:
    """The next look at each rate."""
    wanted: list[Wanted] = [{} for _ in models]
    for rate, growth in growths.items():
        for model, whole, more in zip(models, wanted, next_look(models, rate, growth), strict=True):
            model.looks[rate] += 1
            whole |= more
    run(wanted)


def _end_late(
    models: Sequence[ComparedModel],
    rates: Sequence[float],
    conditions: Sequence[AnyCondition],
    stop: Stop,
) -> None:
    """End rates at the end of the budget; the last trials may have decided some of them."""
    for rate in rates:
        done = _is_decided(_judged(models, [c for c in conditions if c.rate == rate]))
        _end(models, [rate], Stop.DECIDED if done else stop)


def _end(models: Sequence[ComparedModel], rates: Sequence[float], stop: Stop) -> None:
    for model in models:
        model.ended.update(dict.fromkeys(rates, stop))


def _trials(models: Sequence[ComparedModel], rates: Sequence[float]) -> int:
    return sum(model.trials(rate) for model in models for rate in rates)


def _judged(
    models: Sequence[ComparedModel], conditions: Sequence[AnyCondition]
) -> list[tuple[Judgement, int]]:
    """Judgements of conditions for every model but the first, and the trials behind each."""
    reference, *variants = models
    return [_judge(reference, model, condition) for model in variants for condition in conditions]


def _judge(
    reference: ComparedModel, model: ComparedModel, condition: AnyCondition
) -> tuple[Judgement, int]:
    plan, rate = model.context.plan, condition.rate
    name = condition.metric if condition.metric in OUTCOME_METRICS else "metric"
    trials = model.trials(rate)
    if isinstance(condition, DifferenceCondition):
        found = difference_at(rate, reference, model)
        trials = found.trials or trials
        interval: Interval | None = getattr(found.difference, name, None)
    else:
        interval = getattr(model.estimate(rate), name, None)
    judged = judge(condition, interval, trials)
    return without_hope(judged, plan.metric, model.context.golden.metric), trials


def _is_decided(judged: Sequence[tuple[Judgement, int]]) -> bool:
    """A failed error decides a rate; else all must be decided."""
    verdicts = {(found.verdict, found.condition.level) for found, _ in judged}
    if (Verdict.FAIL, Level.ERROR) in verdicts:
        return True
    return all(verdict is not Verdict.UNDECIDED for verdict, _ in verdicts)


def _growth(judged: Sequence[tuple[Judgement, int]]) -> float:
    """The factor by which the trials of a rate grow until its next look."""
    factors = [
        MOST_GROWTH if found.more_trials is None else AIM * (1.0 + found.more_trials / trials)
        for found, trials in judged
        if found.verdict is Verdict.UNDECIDED
    ]
    return min(MOST_GROWTH, max(LEAST_GROWTH, *factors, LEAST_GROWTH))


def keep_counted(model: ComparedModel, rates: Sequence[float]) -> dict[Cell, int]:
    """The blocks that count at some rates, to be counted again after another campaign.

    Args:
        model: one of a comparison.
        rates: of the plan.
    """
    return {cell: model.blocks[cell] for rate in rates for cell in model.cells(rate)}

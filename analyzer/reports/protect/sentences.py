"""Sentences of a protection plan: what the figures leave out, and what is assumed."""

from collections.abc import Sequence

from analyzer.campaign.plan import Plan
from analyzer.evaluation.dataset import Dataset
from analyzer.reports.shared.assumptions import ReportAssumptions, assumptions

NO_MARGIN = (
    "the survey is not precise enough for a plan with a margin for its uncertainty; a larger "
    "--budget makes it so"
)
SURVEY_CUT = (
    "the survey ended early, with its part of the --budget: the plan may protect more than is "
    "needed; what is untried counts as if every event there did harm"
)
SURVEY_INTERRUPTED = (
    "the survey was interrupted: what is untried counts as if every event there did harm"
)


def unjudged_note(bounds: Sequence[str]) -> str:
    """A sentence on bounds of a target that no plan is judged by; empty without any.

    Args:
        bounds: as a target file writes them.

    >>> unjudged_note(["metric_mean = 0.9"])[:67]
    'the target also asks for metric_mean = 0.9, which no plan is judged'
    """
    if not bounds:
        return ""
    return (
        f"the target also asks for {', '.join(bounds)}, which no plan is judged by here; relcheck "
        "run --target judges the target with this plan"
    )


def plan_assumptions(
    plan: Plan, data: Dataset, part: float, deviations: float, rounds: int
) -> list[str]:
    """The assumptions of a protection plan, in sentences.

    Args:
        plan: of the survey.
        data: the data set.
        part: of the budgets, what plans are drafted for, in (0, 1].
        deviations: standard deviations of the survey's figures that a plan allows for.
        rounds: plans that may be tried.
    """
    own = ReportAssumptions(
        faults=[
            "Each figure counts single upset events, one at a time, on one image of the data set "
            "chosen uniformly. An event may hit check bits.",
            "What a scheme does to an event was found by running its decoder. A decoder, a copy "
            "that words are written anew from, and the voter are taken to be fault-free.",
        ],
        trials=(
            f"A plan was drafted from a survey for {part:.0%} of the budget, where that can be "
            f"met, and allows for {deviations:g} standard deviations of its figures. It was "
            "confirmed by single events on the protected memory with another seed. The error is "
            f"shared among at most {rounds} plans.",
        ),
        covered="the choice of upsets and of images from it, not that of the data set",
    )
    return [line for line in assumptions(plan, data, own) if "not jointly" not in line]

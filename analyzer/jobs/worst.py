"""The worst trials of a finished sweep with their patterns, which are drawn again."""

from analyzer.campaign.cells import Cell
from analyzer.campaign.patterns import Draw
from analyzer.campaign.result import CampaignResult, WorstTrial
from analyzer.campaign.worst import worst_trials
from analyzer.faults.bit_changes import PatternChanges, element_changes
from analyzer.faults.elements import Values
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.reports.shared.trials import TrialPart, trial_part


def worst_parts(analysis: Analysis, result: CampaignResult) -> list[TrialPart]:
    """The worst trials of all rates, the worst one first.

    Args:
        analysis: the campaign; its executor may be released.
        result: what it found.
    """
    worst = worst_trials(trial for rate in result.rates for trial in rate.worst)
    return [_part(analysis, number, trial) for number, trial in enumerate(worst, 1)]


def _part(analysis: Analysis, number: int, trial: WorstTrial) -> TrialPart:
    pattern = draw_again(analysis, Cell(trial.rate, trial.place), trial.index).pattern
    critical = analysis.context.golden.judge.definition.confusions is not None
    return trial_part(number, trial, len(pattern), changes_of(analysis, pattern), critical)


def draw_again(analysis: Analysis, cell: Cell, index: int) -> Draw:
    """The batches and the pattern of a trial.

    Args:
        analysis: the campaign.
        cell: stratum of a rate.
        index: of the trial in it, 0 or more.
    """
    context = analysis.context
    return cell.draw(context.patterns, context.golden.ends, index)


def changes_of(analysis: Analysis, pattern: FaultPattern) -> PatternChanges:
    """The stored elements that a pattern changes.

    Args:
        analysis: the campaign; values of tensors that are not hit are not read.
        pattern: the upsets.
    """
    tensors = {tensor.name: tensor for tensor in analysis.model.inventory.at_risk}

    def values(name: str) -> Values:
        return tensors[name].values

    return element_changes(analysis.space, pattern, values)

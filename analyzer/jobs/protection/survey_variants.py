"""Surveys of all variants of a model: as it is, and with the bounds of each method."""

from collections.abc import Sequence
from dataclasses import dataclass

from analyzer.campaign.result import Stop
from analyzer.errors import InputError, UsageError
from analyzer.faults.selection import Selection
from analyzer.gate.harm_budget import HarmBudget
from analyzer.jobs.observer import Observer
from analyzer.jobs.protection.bounded import (
    BoundedModel,
    NotConsidered,
    bounded_models,
    request_for,
)
from analyzer.jobs.protection.confirm import OnTarget
from analyzer.jobs.protection.draft import choices_in, schemes_of
from analyzer.jobs.protection.regions import regions_at_risk
from analyzer.jobs.protection.survey import stops_of, survey_events
from analyzer.jobs.protection.variants import Variant
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.jobs.sources import open_model
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.model import Model
from analyzer.planning.offers import Limits
from analyzer.reports.protect.bounds import INTERRUPTED
from analyzer.runtime.ort.device import Device
from analyzer.targets.target import DeploymentTarget


@dataclass(frozen=True)
class Surveyor:
    """The means and terms of the surveys.

    Attributes:
        target: The target.
        budgets: What plans have to meet.
        limits: The same, as the planner takes them.
        seconds: CPU time of all surveys together.
        device: Where to run, started.
        observer: Is told how it goes.
        watch: The clock of the search.
    """

    target: DeploymentTarget
    budgets: Sequence[HarmBudget]
    limits: Limits
    seconds: float
    device: Device
    observer: Observer
    watch: Stopwatch

    def variant(
        self,
        request: ProtectRequest,
        parts: int,
        bounded: BoundedModel | None = None,
        stored: int = 0,
    ) -> Variant:
        """Survey one model.

        Args:
            request: for that model.
            parts: among which the time is shared.
            bounded: the bounded model; None: it is the model as it is.
            stored: bits of all stored values of the model as it is.

        Raises:
            RelcheckError: whatever is wrong with the model, the target or the data.
        """
        model = open_model(request.model)
        space = model.space(request.selection, request.encoding)
        regions = regions_at_risk(space, self.target)
        survey = survey_events(
            request,
            self.target,
            regions,
            self.limits,
            self.seconds / parts,
            self.device,
            self.observer,
            self.watch,
        )
        added = max(0, stored_bits(model, request) - stored) if bounded else 0
        campaign = OnTarget(request, self.target, self.budgets, self.observer, self.watch)
        surveyed = choices_in(survey, regions, schemes_of(request))
        return Variant(bounded, added, surveyed, campaign)


def stored_bits(model: Model, request: ProtectRequest) -> int:
    """Bits of all stored values of a model, at risk or not.

    Args:
        model: the model.
        request: says how values are held.
    """
    return model.space(Selection(), request.encoding).bits


def survey_variants(
    model: Model, request: ProtectRequest, surveyor: Surveyor
) -> tuple[list[Variant], list[NotConsidered]]:
    """Survey the model as it is, then with the bounds of each method.

    Args:
        model: as it is.
        request: what is asked for.
        surveyor: surveys one of them.

    Returns:
        The variants, the model as it is first; and bounds that are not considered.

    Raises:
        RelcheckError: whatever is wrong with the request, the target, the model or the data.
    """
    made = bounded_models(model, request, surveyor.observer)
    left = [one for one in made if isinstance(one, NotConsidered)]
    usable = [one for one in made if isinstance(one, BoundedModel)]
    parts = 1 + len(usable)
    found = [surveyor.variant(request, parts)]
    stored = stored_bits(model, request)
    for one in usable:
        if Stop.INTERRUPTED in stops_of(found[-1].surveyed[0].survey):
            left.append(NotConsidered(one.method, INTERRUPTED, one))
            continue
        own = request_for(request, model, one)
        try:
            found.append(surveyor.variant(own, parts, one, stored))
        except (InputError, UsageError) as error:  # a target without a place for the bounds ...
            left.append(NotConsidered(one.method, str(error), one))
    return found, left

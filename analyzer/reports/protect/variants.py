"""The variants of a model that a plan may take: as it is, or with bounds on its activations."""

from typing import Annotated, Literal

from pydantic import Field

from analyzer.reports.shared.records import Count, Name, ReportRecord

Amount = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]

State = Literal["chosen", "takes more", "less margin", "not confirmed", "no plan", "not considered"]


class RatioPart(ReportRecord):
    """Latency over that of the model as it is, fault-free, one thread, pairs of runs by turns.

    ``ratio``: median over the pairs; ``low`` and ``high``: its quartiles.
    """

    ratio: Amount
    low: Amount
    high: Amount
    pairs: Count


class VariantHarmPart(ReportRecord):
    """One outcome by the survey, in the unit of the budgets.

    ``unprotected``: without protection of the memory, ``deviation`` its standard deviation;
    ``planned``: behind the plan of this variant, absent where it has none.
    """

    outcome: Literal["sdc", "due"]
    unprotected: Amount
    deviation: Amount
    planned: Amount | None


class VariantPart(ReportRecord):
    """One variant, and the cheapest plan for it.

    ``bounds``: the method, empty for the model as it is. ``state``: ``chosen``; ``takes more``
    storage than the chosen one, or as much; ``less margin``: less storage, for a larger part of the
    budget or without the margin for the uncertainty of the survey; ``not confirmed``, its plan was
    tried and did not pass; ``no plan`` of it meets the budgets by the survey; ``not considered``,
    for the ``reason``.
    ``sha256``: of the file, also where none was written; absent where the model could not be
    bounded. ``calibration``: the source of the bounds. ``accuracy``: fault-free, as a fraction, by
    the metric ``accuracy_metric``.
    ``added_bits``: values that the bounds store; ``storage``: those and the check bits of the plan.
    """

    bounds: str
    state: State
    reason: str
    model: Name
    sha256: str | None
    written: bool
    activations: Count
    calibration: str
    calibration_note: str
    accuracy: float | None
    accuracy_metric: str
    latency: RatioPart | None
    survey_trials: Count
    harm: list[VariantHarmPart]
    added_bits: Count
    protect: list[str]
    check_bits: Count | None
    storage: Count | None

    @property
    def word(self) -> str:
        """Its name in tables."""
        return f"bounds: {self.bounds}" if self.bounds else "as it is"

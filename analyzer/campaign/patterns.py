"""The fault patterns of a campaign: the law of each rate, split into strata.

A cell (`analyzer.campaign.cells`) draws its trials from a `PatternSource`. Nothing here runs a
model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from analyzer.campaign.plan import Plan
from analyzer.faults.count_law import CountLaw
from analyzer.faults.events import EventStrata
from analyzer.faults.models import FaultPattern
from analyzer.faults.pairing import PairedLaw, Pairing
from analyzer.faults.pattern_strata import StratifiedLaw
from analyzer.faults.severity import Severity
from analyzer.faults.site_strata import SiteStrata
from analyzer.faults.space import FaultSpace


class Draw(NamedTuple):
    """The random part of one trial.

    Attributes:
        batches: Indices of the batches that are run under the pattern.
        pattern: The faults.
    """

    batches: Sequence[int]
    pattern: FaultPattern


@dataclass(frozen=True)
class PatternSource:
    """Everything that decides which pattern a trial meets.

    Attributes:
        plan: The campaign.
        space: The bits at risk.
        severity: Partition of these bits into severe and mild ones; None: patterns are not
            stratified.
        pairing: How patterns follow from those of the reference of a comparison; None: they are
            drawn independently.
        sites: The fault sites of a vulnerability map in strata; None in other campaigns.
        events: The single events of the regions of a target in strata; None in other campaigns.
    """

    plan: Plan
    space: FaultSpace
    severity: Severity | None
    pairing: Pairing | None = None
    sites: SiteStrata | None = None
    events: EventStrata | None = None

    @property
    def plan_id(self) -> str:
        """The plan from whose id the random numbers follow: the reference's, where paired."""
        return self.plan.id if self.pairing is None else self.pairing.plan_id

    def law(self, rate: float) -> CountLaw:
        """Law of the number of upsets at one bit error rate."""
        return CountLaw(self.space.bits, rate)

    def split(self, rate: float) -> StratifiedLaw | PairedLaw:
        """Law of the patterns at one rate of the plan, in strata.

        Raises:
            KeyError: the plan has no such rate.
        """
        return self._laws[rate]

    @cached_property
    def _laws(self) -> Mapping[float, StratifiedLaw | PairedLaw]:
        rates, fault = self.plan.rates, self.plan.fault
        if self.pairing is not None:
            return {rate: self.pairing.law(rate, fault) for rate in rates}
        return {rate: StratifiedLaw(self.space.bits, self.severity, rate, fault) for rate in rates}

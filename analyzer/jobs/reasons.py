"""The routes and accelerations of an engine with their reasons, for ``--verbose``."""

from collections import Counter

from analyzer.faults.space import FaultSpace
from analyzer.jobs.observer import Observer
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.layout.restrict import routes_of


def tell_engine(executor: CampaignExecutor, space: FaultSpace, observer: Observer) -> None:
    """Tell how tensors are faulted, and which accelerations are in force.

    Args:
        executor: of the campaign.
        space: the bits at risk.
        observer: is told.
    """
    routes, reasons = routes_of(executor.layout, [t.name for t in space.members])
    for route, count in Counter(routes.values()).items():
        observer.reason(f"{count} of {len(routes)} tensors are faulted by this route: {route}")
    for reason, count in Counter(reasons.values()).items():
        observer.reason(f"{count} tensors are not faulted in place: {reason}")
    for state in executor.accelerations:
        force = "in force" if state.in_force else "not in force"
        observer.reason(f"{state.name} {force}: {state.reason}")

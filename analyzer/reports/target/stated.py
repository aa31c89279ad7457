"""Targets as their files state them, and the rates that follow, as lines of text."""

from collections.abc import Iterator, Mapping

from analyzer.reports.shared.number_format import UNKNOWN, percent
from analyzer.reports.shared.terminal_text import wrapped
from analyzer.targets.arithmetic import BITS_PER_MBIT, SENSITIVITY
from analyzer.targets.exposure import RegionExposure, exposure_of
from analyzer.targets.target import DeploymentTarget, Region


def list_lines(targets: Mapping[str, DeploymentTarget]) -> list[str]:
    """Every target with its rates, and their standing.

    Args:
        targets: those that come with the tool, by name.
    """
    lines = []
    for name, target in targets.items():
        lines += wrapped([f"{name}: {target.about}"], "    ")
        for region in target.region:
            lines += wrapped([f"    {region.name}: {_rate(region)}"], "      ")
    lines += ["", "relcheck target show NAME tells more; relcheck target new FILE.toml --from NAME"]
    return [*lines, "begins a target of your own."]


def target_lines(target: DeploymentTarget, where: str) -> list[str]:
    """A target, and the rates that follow from its figures for each Mbit.

    Args:
        target: the target.
        where: the place of its file.
    """
    lines = wrapped(_head(target, where), "    ")
    for region in target.region:
        lines += ["", *wrapped(_region(target, region), "    ")]
    return lines


def _head(target: DeploymentTarget, where: str) -> Iterator[str]:
    environment, use = target.environment, target.use
    yield f"{target.name} ({where})"
    if target.about:
        yield target.about
    source = f" ({environment.source}; {environment.standing})" if environment.source else ""
    yield f"environment: {environment.name}, flux factor {environment.flux_factor:g}{source}"
    if environment.ambient:
        yield f"ambient: {environment.ambient}"
    yield (
        f"use: {use.inferences_per_hour:g} inferences per hour, mission of {use.mission_hours:g} h"
    )
    bounds = [f"{name} {bound:g}" for name, bound in target.budget if bound is not None]
    yield f"budget: {', '.join(bounds) or 'none'}"


def _region(target: DeploymentTarget, region: Region) -> Iterator[str]:
    exposure = exposure_of(target, region, int(BITS_PER_MBIT))
    held = [
        *(f"name {glob}" for glob in region.tensors),
        *(f"kind {kind}" for kind in region.kinds),
        *(f"type {dtype}" for dtype in region.types),
    ]
    yield f"region {region.name}: {', '.join(held) or 'every tensor'}"
    yield f"  rate: {_rate(region)}"
    yield f"  events: {region.events}; protection: {region.protection}"
    yield f"  refresh: {region.refresh}, a window of {exposure.window_hours:g} h"
    yield from (f"  {line}" for line in _follows(exposure))


def _follows(exposure: RegionExposure) -> Iterator[str]:
    if not exposure.is_rated:
        yield f"each Mbit: {UNKNOWN}, without a raw rate"
        return
    low, _, high = (factor * exposure.raw_fit for factor in SENSITIVITY)
    yield (
        f"each Mbit: {exposure.raw_fit:.4g} FIT of events ({low:.3g} to {high:.3g} at 0.3 and 3 "
        f"times the rate), {exposure.events_per_window:.3g} events per window, of the windows hit "
        f"{percent(exposure.neglected)} % several times"
    )
    yield f"bit error rate at the end of a window: {exposure.rates.worst:.3g}"


def _rate(region: Region) -> str:
    if region.raw_fit_per_mbit is None:
        return "no raw rate is published; fill it in"
    dated = f", {region.date}" if region.date else ""
    return f"{region.raw_fit_per_mbit:g} FIT/Mbit ({region.source}{dated}; {region.standing})"

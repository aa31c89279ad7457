"""Targets that come with the tool, targets of the user, and new ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import UnwritableOutput
from analyzer.jobs.files import check_targets, write_whole
from analyzer.reports.shared.number_format import UNKNOWN, percent
from analyzer.reports.shared.terminal_text import one_line, wrapped
from analyzer.targets.arithmetic import BITS_PER_MBIT, SENSITIVITY
from analyzer.targets.exposure import RegionExposure, exposure_of
from analyzer.targets.read import SHIPPED, find_target, read_target, shipped_targets
from analyzer.targets.target import DeploymentTarget, Region
from analyzer.targets.template import template_text


@dataclass(frozen=True)
class TargetText:
    """Text about targets.

    Attributes:
        lines: Of it.
    """

    lines: tuple[str, ...]

    def to_text(self) -> str:
        """The text, 80 columns wide."""
        return "\n".join(line.rstrip() for line in map(one_line, self.lines)) + "\n"


def list_targets() -> TargetText:
    """Every target that comes with the tool: its rates, and their standing."""
    lines = []
    for name, path in shipped_targets().items():
        target = read_target(path)
        lines += wrapped([f"{name}: {target.about}"], "    ")
        for region in target.region:
            lines += wrapped([f"    {region.name}: {_rate(region)}"], "      ")
    lines += ["", "relcheck target show NAME tells more; relcheck target new FILE.toml --from NAME"]
    return TargetText((*lines, "begins a target of your own."))


def _rate(region: Region) -> str:
    if region.raw_fit_per_mbit is None:
        return "no raw rate is published; fill it in"
    dated = f", {region.date}" if region.date else ""
    return f"{region.raw_fit_per_mbit:g} FIT/Mbit ({region.source}{dated}; {region.standing})"


def show_target(text: str) -> TargetText:
    """A target, and what follows from its figures for each Mbit.

    Args:
        text: a path, or the name of a target that comes with the tool.

    Raises:
        BadTarget: there is no such target, or it is none.
    """
    path = find_target(text)
    target = read_target(path)
    lines = wrapped(_head(target, path), "    ")
    for region in target.region:
        lines += ["", *wrapped(_region(target, region), "    ")]
    return TargetText(tuple(lines))


def _head(target: DeploymentTarget, path: Path) -> Iterator[str]:
    environment, use = target.environment, target.use
    where = "comes with the tool" if path.parent == SHIPPED else str(path)
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


def new_target(path: Path, base: str | None) -> TargetText:
    """Write a target to fill in.

    Args:
        path: the file, which must not exist.
        base: a target to begin with, by path or name; None: a template without figures.

    Raises:
        BadTarget: there is no such base.
        UnwritableOutput: the file exists, or cannot be written.
    """
    if path.exists():
        raise UnwritableOutput(f"{path} is there already; name another file")
    text = template_text(path.stem)
    if base is not None:
        source = find_target(base)
        read_target(source)
        text = source.read_text("utf-8")
    check_targets([path], [])
    write_whole(path, text)
    return TargetText(
        (f"wrote {path}; fill it in, then: relcheck run MODEL --target {path} --data DATA",)
    )

"""Targets that come with the tool, targets of the user, and new ones."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from analyzer.errors import BadTarget, UnwritableOutput
from analyzer.jobs.files import check_targets, write_whole
from analyzer.reports.shared.terminal_text import one_line
from analyzer.reports.tables import Row
from analyzer.reports.target.stated import list_lines, target_lines
from analyzer.targets.read import (
    IN_MEMORY,
    TargetSource,
    find_target,
    is_shipped,
    loaded_target,
    read_target,
    shipped_targets,
)
from analyzer.targets.target import DeploymentTarget
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

    def __str__(self) -> str:
        """The text."""
        return self.to_text()


@dataclass(frozen=True, repr=False)
class ShippedTargets(Mapping[str, DeploymentTarget]):
    """The targets that come with the tool, by name.

    Attributes:
        targets: Each by its name.
    """

    targets: Mapping[str, DeploymentTarget]

    def __getitem__(self, name: str) -> DeploymentTarget:
        """The target of a name."""
        return self.targets[name]

    def __iter__(self) -> Iterator[str]:
        """Their names."""
        return iter(self.targets)

    def __len__(self) -> int:
        """Number of targets."""
        return len(self.targets)

    def to_text(self) -> str:
        """Each with its rates and their standing, 80 columns wide."""
        return TargetText(tuple(list_lines(self.targets))).to_text()

    def rows(self) -> list[Row]:
        """One row per memory; a rate that nobody published is None."""
        return [
            {
                "target": name,
                "region": region.name,
                "raw_fit_per_mbit": region.raw_fit_per_mbit,
                "standing": region.standing,
                "source": region.source,
                "date": region.date,
                "flux_factor": target.environment.flux_factor,
            }
            for name, target in self.items()
            for region in target.region
        ]

    def __str__(self) -> str:
        """The text."""
        return self.to_text()

    def __repr__(self) -> str:
        """The type, and the names."""
        return f"<{type(self).__name__} {', '.join(self)}>"


def list_targets() -> ShippedTargets:
    """The targets that come with the tool: a mapping from name to target.

    >>> list_targets()["fpga-bram-28nm"].environment.name
    'sea level, New York'
    """
    return ShippedTargets({name: read_target(path) for name, path in shipped_targets().items()})


TargetLike: TypeAlias = str | os.PathLike[str] | DeploymentTarget
"""A target: its file, the name of one that comes with the tool, or one that was read."""


def target_source(given: TargetLike) -> TargetSource:
    """The source of a target, as requests hold it.

    Args:
        given: path, name or target.

    Raises:
        BadTarget: it is none of these.
    """
    if isinstance(given, DeploymentTarget):
        return given
    if isinstance(given, str | os.PathLike):
        return find_target(os.fspath(given))
    raise BadTarget(
        f"a target of type {type(given).__name__} is neither a path, nor the name of a target that "
        "comes with the tool, nor one that analyzer.read_target returned"
    )


def load_target(source: TargetLike) -> DeploymentTarget:
    """A target, from its file.

    Args:
        source: a path, the name of a target that comes with the tool, or a target.

    Raises:
        BadTarget: there is no such target, or it is none.
    """
    return loaded_target(target_source(source))


def show_target(source: TargetLike) -> TargetText:
    """A target, and what follows from its figures for each Mbit.

    Args:
        source: a path, the name of a target that comes with the tool, or a target.

    Raises:
        BadTarget: there is no such target, or it is none.
    """
    found = target_source(source)
    file = str(found) if isinstance(found, Path) else IN_MEMORY
    where = "comes with the tool" if is_shipped(found) else file
    lines = target_lines(loaded_target(found), where)
    return TargetText(tuple(lines))


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

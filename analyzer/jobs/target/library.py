"""Targets that come with the tool, targets of the user, and new ones."""

from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import UnwritableOutput
from analyzer.jobs.files import check_targets, write_whole
from analyzer.reports.shared.terminal_text import one_line
from analyzer.reports.target.stated import list_lines, target_lines
from analyzer.targets.read import SHIPPED, find_target, read_target, shipped_targets
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
    targets = {name: read_target(path) for name, path in shipped_targets().items()}
    return TargetText(tuple(list_lines(targets)))


def show_target(text: str) -> TargetText:
    """A target, and what follows from its figures for each Mbit.

    Args:
        text: a path, or the name of a target that comes with the tool.

    Raises:
        BadTarget: there is no such target, or it is none.
    """
    path = find_target(text)
    where = "comes with the tool" if path.parent == SHIPPED else str(path)
    return TargetText(tuple(target_lines(read_target(path), where)))


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

"""Files of settings: ``relcheck.toml``, or the table ``[tool.relcheck]`` of ``pyproject.toml``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import BadConfig
from analyzer.evaluation.user_code import is_user_code

OWN_NAME, PROJECT_NAME = "relcheck.toml", "pyproject.toml"
PROJECT_TABLE = ("tool", "relcheck")
SECTIONS = ("run", "map", "compare")
"""Commands that read settings; a table of this name holds settings of that command alone."""

REPOSITORY_MARKS = (".git", ".hg", ".svn")
"""Whichever of these a folder has, it is the root of a repository."""


@dataclass(frozen=True)
class ConfigFile:
    """A file of settings.

    Attributes:
        path: The file.
        passed_over: Settings that other commands have, and this one may pass over: a file that
            was found is for all commands, one that was named is for this one.
        named: Somebody named it. One that was found may be a stranger's: it runs no code.
        unused: Settings that another flag makes void, in whichever table they stand.
    """

    path: Path
    passed_over: frozenset[str] = frozenset()
    named: bool = True
    unused: frozenset[str] = frozenset()

    def read(self, job: str) -> dict[str, Any]:
        """The settings of one command; its own table is over those that stand before all tables.

        Args:
            job: name of the command.

        Raises:
            BadConfig: the file cannot be read, or names code though nobody named the file.
        """
        content = _content(self.path)
        for name in SECTIONS:
            if not isinstance(content.get(name, {}), dict):
                raise BadConfig(
                    f"{self.path}: {name!r} is the name of a command; write its settings below "
                    f"[{name}]"
                )
        common = {key: value for key, value in content.items() if key not in SECTIONS}
        for key in self.passed_over & common.keys():
            del common[key]
        settings = {**common, **content.get(job, {})}
        for key in self.unused & settings.keys():
            del settings[key]
        for key, value in settings.items():
            if not self.named and isinstance(value, str) and is_user_code(value):
                raise BadConfig(
                    f"{self.path} was found, not named, and its {key} is code to run ({value}); "
                    f"read it, and allow it by --config {self.path}"
                )
        return settings


def find_config(start: Path) -> Path | None:
    """The file of settings of a folder, or of one above it in the same repository.

    Outside of a repository no other folder is looked at: a file of settings may name code to run,
    and a folder above, such as that of temporary files, may be anybody's.

    Args:
        start: the folder, absolute.
    """
    above = [start, *start.parents]
    root = next((f for f in above if any((f / mark).exists() for mark in REPOSITORY_MARKS)), start)
    for folder in above[: above.index(root) + 1]:
        if (folder / OWN_NAME).is_file():
            return folder / OWN_NAME
        if _has_table(folder / PROJECT_NAME):
            return folder / PROJECT_NAME
    return None


def _has_table(path: Path) -> bool:
    """True if a project's file has settings of ours; one that is no TOML is not ours to judge."""
    try:
        text = path.read_text("utf-8")
        return PROJECT_TABLE[1] in text and _table(tomllib.loads(text)) is not None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return False


def _table(content: Mapping[str, Any]) -> dict[str, Any] | None:
    outer = content.get(PROJECT_TABLE[0])
    table = outer.get(PROJECT_TABLE[1]) if isinstance(outer, dict) else None
    return table if isinstance(table, dict) else None


def _content(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadConfig(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"configuration file {path} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"configuration file {path} is no TOML: {error}") from error
    if path.name != PROJECT_NAME:
        return content
    table = _table(content)
    if table is None:
        raise BadConfig(f"configuration file {path} has no table [{'.'.join(PROJECT_TABLE)}]")
    return table

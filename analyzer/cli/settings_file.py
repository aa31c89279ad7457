"""The file of settings of a command: the one that was named, or the one that is found."""

import os
from pathlib import Path

from analyzer.cli import options
from analyzer.cli.output import tell
from analyzer.cli.verbosity import VERBOSITY
from analyzer.jobs.requests.config_file import ConfigFile, find_config
from analyzer.reports.formats import RecordKind, formats_of

NO_FILE = Path("none")
"""Named as the file: none is read."""

COMMANDS = {
    "run": (options.RUN, RecordKind.RUN),
    "map": (options.MAP, RecordKind.MAP),
    "compare": (options.COMPARE, RecordKind.COMPARISON),
}
"""Commands that read settings: their options, and the record that they write."""


def settings_names(command: str) -> frozenset[str]:
    """Names of settings that a command takes from a file.

    Args:
        command: one of `COMMANDS`.
    """
    flags, kind = COMMANDS[command]
    return frozenset(flags.keys() - {"config"} | formats_of([kind]).keys())


def named_settings(named: Path | None) -> ConfigFile | None:
    """The file that ``--config`` names, of a command that looks for none.

    Args:
        named: the file; None, or `NO_FILE`: there is none.
    """
    return None if named is None or named == NO_FILE else ConfigFile(named)


def settings_of(named: Path | None, command: str) -> ConfigFile | None:
    """The file that a command reads; a file that nobody named is told.

    Args:
        named: by ``--config``; None: look for one.
        command: one of `COMMANDS`.
    """
    if named is not None:
        return named_settings(named)
    found = find_config(Path.cwd())
    if found is None:
        return None
    if not VERBOSITY.quiet:
        tell(f"settings: {os.path.relpath(found)} (--config none leaves them out)")
    others = frozenset().union(*map(settings_names, COMMANDS)) - settings_names(command)
    return ConfigFile(Path(os.path.relpath(found)), others, named=False)

"""The command line that asked for a job, for its report."""

import shlex
import sys
from pathlib import Path

from analyzer.jobs.provenance import relative

PROGRAM = "relcheck"


def command_line() -> str:
    """The words of this process's command line; paths in it tell nothing of folders above."""
    name = Path(sys.argv[0]).name
    # ``python -m analyzer`` has the path of a file here, which is no command.
    program = PROGRAM if name == "__main__.py" else name
    return shlex.join([program, *map(_word, sys.argv[1:])])


def _word(text: str) -> str:
    """A word with its path made relative: ``/a/b`` or ``--flag=/a/b``."""
    flag, equals, value = text.partition("=")
    if flag.startswith("--") and equals:
        return f"{flag}={relative(value)}"
    return relative(text)

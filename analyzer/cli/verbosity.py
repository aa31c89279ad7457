"""The amount of text that a command prints: ``--quiet``, ``--verbose``, or neither."""

from enum import IntEnum


class Level(IntEnum):
    """Amounts of text, less to more.

    Attributes:
        QUIET: Verdicts and errors alone.
        USUAL: The report, and how far the work is.
        VERBOSE: Stages with their times, and reasons, as well.
    """

    QUIET = 0
    USUAL = 1
    VERBOSE = 2


class Verbosity:
    """The level of the command that runs in this process."""

    def __init__(self) -> None:
        self.level = Level.USUAL

    def choose(self, quiet: bool, verbose: bool) -> None:
        """Take the level from two flags.

        Args:
            quiet: ``--quiet`` was given.
            verbose: ``--verbose`` was given.

        Raises:
            BadCommandLine: both were.
        """
        self.level = Level.QUIET if quiet else Level.VERBOSE if verbose else Level.USUAL
        if quiet and verbose:
            from analyzer.errors import BadCommandLine

            raise BadCommandLine("--quiet and --verbose contradict each other; leave one out")

    @property
    def quiet(self) -> bool:
        """True if only verdicts and errors are wanted."""
        return self.level is Level.QUIET

    @property
    def verbose(self) -> bool:
        """True if reasons and times are wanted."""
        return self.level is Level.VERBOSE


VERBOSITY = Verbosity()
"""The level of this process."""

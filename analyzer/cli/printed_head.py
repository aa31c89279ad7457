"""The head of a report, which is printed before the work, and not once more after it."""

from analyzer.cli.output import say, tell_lines
from analyzer.cli.verbosity import VERBOSITY


class PrintedHead:
    """The part of the report that this process printed already."""

    def __init__(self) -> None:
        self._text = ""

    def forget(self) -> None:
        """A command begins: nothing is printed yet."""
        self._text = ""

    def show(self, text: str, beside: bool) -> None:
        """Print the head.

        Args:
            text: of it, line by line.
            beside: whether standard output is for another form of the report.
        """
        if VERBOSITY.quiet:
            return
        self._text = text
        (tell_lines if beside else say)(text)

    def rest(self, text: str) -> str:
        """The part of a report's text that is not printed yet."""
        return text.removeprefix(self._text)


HEAD = PrintedHead()
"""The head of this process."""

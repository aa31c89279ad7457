"""Interruptions: the signals that end a campaign, and one that leaves no report."""

import signal

ENDING = (signal.SIGINT, signal.SIGTERM)
"""Signals that end a campaign and keep its results: Ctrl-C, and what CI servers send."""


class StoppedAtOnce(KeyboardInterrupt):
    """A second signal came while the first was obeyed: the process ends without a report."""

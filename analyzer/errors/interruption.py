"""An interruption that leaves no report."""


class StoppedAtOnce(KeyboardInterrupt):
    """A second signal came while the first was obeyed: the process ends without a report."""

"""One run under one fault pattern."""

from analyzer.answers import Feeds, Result
from analyzer.faults.models import FaultPattern
from analyzer.runtime.executor import Executor


def run_under(executor: Executor, pattern: FaultPattern, feeds: Feeds) -> Result:
    """The answer to ``feeds`` under ``pattern``.

    Args:
        executor: runs the model.
        pattern: the faults.
        feeds: one batch, by the names of the model's inputs.

    Raises:
        NotRestored: afterwards a weight is not golden.
    """
    with executor.inject(pattern) as run:
        return run(feeds)

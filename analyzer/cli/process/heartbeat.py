"""How long a guarded command may give no sign of life before the system ends it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from analyzer.cli.process.isolation import sign_of_life

SLOWER = 160.0
"""During a campaign, signs come block by block. The patience grows by so many times what the
preparation took: each of a block's 16 trials may load the model anew or run the whole data set, as
the preparation did, on a machine that is ten times as busy."""


class Heartbeat:
    """Of no effect until it begins, which it does in a guarded process only."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began = 0.0

    def begin(self, seconds: float) -> None:
        """From now on, signs of life are expected at least this often."""
        self._seconds, self._began = seconds, time.monotonic()
        self.renew()

    def renew(self) -> None:
        """Give a sign of life."""
        if self._seconds:
            sign_of_life(self._seconds)

    def prepared(self) -> None:
        """Give a sign of life, and fewer of them from now on: a campaign begins."""
        if self._seconds:
            self._seconds += SLOWER * (time.monotonic() - self._began)
            self.renew()

    @contextmanager
    def suspended(self) -> Iterator[None]:
        """Within the context no signs are expected: work without ONNX Runtime, however long."""
        if self._seconds:
            sign_of_life(0)
        yield
        self.renew()

    def end(self) -> None:
        """Expect no signs any more."""
        if self._seconds:
            self._seconds = 0.0
            sign_of_life(0)


HEARTBEAT = Heartbeat()
"""That of this process."""

"""The watchdog of a guarded command: the system ends a process that gives no sign of life."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from analyzer.cli.process.isolation import sign_of_life

SLOWER = 160.0
"""During a campaign, signs come block by block. The time allowed between two signs grows by so many
times the duration of the preparation: each of a block's 16 trials may load the model anew or run
the whole data set, as the preparation did, on a machine that is ten times as busy."""


class Heartbeat:
    """Signs of life for the system; without effect until `begin`, which guarded processes call."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._began = 0.0

    def begin(self, seconds: float) -> None:
        """Expect a sign of life at least every ``seconds`` from now on."""
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
        """Expect no signs within the context: work without ONNX Runtime, however long."""
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
"""The heartbeat of this process."""

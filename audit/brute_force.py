"""Plain Monte Carlo: draw bits, edit the file, run it in a default session, judge, average."""

import math
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from audit.stored import Memory, open_memory

OUTCOMES = ("sdc", "due", "masked", "metric")
CHUNK = 100
"""Trials that one process runs at a time."""


@dataclass(frozen=True)
class Campaign:
    """Trials of one network, alike but for their random numbers."""

    model: Path
    data: Path
    """``.npz`` with ``images``, as the model takes them, and ``labels``."""
    trials: int
    images: int
    """Of each trial, drawn anew without replacement."""
    seed: tuple[int, ...]
    rate: float | None = None
    """Every bit is hit with this probability; None: exactly one upset."""
    encoding: str = "stored"
    only: str = ""
    """The one tensor at risk; empty: all."""


@dataclass(frozen=True)
class Mean:
    """A plain mean of trials, and its standard error."""

    value: float
    error: float


class Network:
    """A model's memory, its images, and what the unfaulted file answers."""

    def __init__(self, model: Path, data: Path, encoding: str, only: str) -> None:
        """The arguments are those of `Campaign`."""
        self.memory: Memory = open_memory(model, encoding, only)
        with np.load(data) as arrays:
            self.images, self.labels = arrays["images"], arrays["labels"]
        self.golden = _scores(self.memory.edited(np.zeros(0, np.int64)), self.images)
        self.decisions = self.golden.argmax(axis=1)

    @property
    def accuracy(self) -> float:
        """Share of images that the unfaulted file gets right."""
        return float(np.mean(self.decisions == self.labels))

    def trial(self, campaign: Campaign, number: int) -> tuple[float, ...]:
        """Shares of the trial's images, in the order of `OUTCOMES`.

        Args:
            campaign: the campaign.
            number: the trial's number, which with the seed decides all its random numbers.
        """
        rng = np.random.default_rng([*campaign.seed, number])
        chosen = rng.choice(len(self.images), campaign.images, replace=False)
        bits = self.memory.bits
        upsets = 1 if campaign.rate is None else int(rng.binomial(bits, campaign.rate))
        if upsets:
            sites = rng.choice(bits, upsets, replace=False).astype(np.int64)
            answers = _scores_or_none(self.memory.edited(sites), self.images[chosen])
        else:
            answers = self.golden[chosen]
        return self._judge(answers, chosen)

    def _judge(
        self, answers: npt.NDArray[Any] | None, chosen: npt.NDArray[np.int64]
    ) -> tuple[float, ...]:
        if answers is None:
            return 0.0, 1.0, 0.0, 0.0
        due = ~np.isfinite(answers).all(axis=1)
        decided = np.where(due, -1, answers.argmax(axis=1))
        same = decided == self.decisions[chosen]
        shares = (~due & ~same, due, ~due & same, decided == self.labels[chosen])
        return tuple(float(np.mean(share)) for share in shares)


def _scores(file: bytes, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Answers of an ordinary session: default options, but for one thread and no log."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    scores: npt.NDArray[Any] = session.run(None, {session.get_inputs()[0].name: images})[0]
    return scores


def _scores_or_none(file: bytes, images: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    try:
        return _scores(file, images)
    except Exception:  # whatever the runtime raises, the fault was detected
        return None


@lru_cache(maxsize=2)
def _network(model: Path, data: Path, encoding: str, only: str) -> Network:
    return Network(model, data, encoding, only)


def _chunk(campaign: Campaign, first: int) -> list[tuple[float, ...]]:
    network = _network(campaign.model, campaign.data, campaign.encoding, campaign.only)
    last = min(first + CHUNK, campaign.trials)
    return [network.trial(campaign, number) for number in range(first, last)]


class BruteForce:
    """Runs campaigns in processes."""

    def __init__(self, processes: int) -> None:
        """Start so many processes."""
        self._pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown(cancel_futures=True)

    def means(self, campaign: Campaign) -> dict[str, Mean]:
        """The plain mean of each outcome.

        One more event than was seen is allowed for in each standard error, sqrt((s² + 1/n)/n), so
        that an outcome that no trial showed is not taken to be impossible.
        """
        starts = range(0, campaign.trials, CHUNK)
        chunks: Iterator[Any] = self._pool.map(_chunk, [campaign] * len(starts), starts)
        shares = np.array([shares for chunk in chunks for shares in chunk])
        n = campaign.trials
        errors = np.sqrt((shares.var(axis=0, ddof=1) + 1 / n) / n)
        means = shares.mean(axis=0)
        return {o: Mean(float(means[i]), float(errors[i])) for i, o in enumerate(OUTCOMES)}


def difference(second: Mean, first: Mean) -> Mean:
    """``second`` - ``first``, of campaigns with independent draws."""
    return Mean(second.value - first.value, math.hypot(second.error, first.error))

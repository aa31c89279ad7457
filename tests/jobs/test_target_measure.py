"""Parts of the measurement of a target: their clocks, a signal, their precision, their trials."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from analyzer.campaign.result import Stop
from analyzer.jobs.observer import Silent
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.target import TargetRequest
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.target.measure import Measured, measure_target
from analyzer.stats.estimate import RateEstimate
from tests.campaign.targets import region, target_of
from tests.support import tiny_cnn, tiny_data

SWEPT: dict[str, Any] = {"raw_fit_per_mbit": 1e10}
"""So many events that windows hold several."""


class Interrupting(Silent):
    """Sends this process a signal at the first news of a sweep, as Ctrl-C does."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.sent = False

    def message(self, text: str) -> None:
        self.messages.append(text)

    def progress(self, rate: float, trials: int, share: float, found: RateEstimate | None) -> None:
        if not self.sent:
            self.sent = True
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("measure")
    tiny_cnn(found / "tiny.onnx")
    tiny_data(found / "tiny.npz")
    return found


def measured(
    folder: Path,
    *regions: dict[str, Any],
    outer: Stopwatch | None = None,
    observer: Silent,
    **more: Any,
) -> Measured:
    request = TargetRequest.model_validate(
        {
            "model": folder / "tiny.onnx",
            "data": folder / "tiny.npz",
            "target": folder / "t.toml",
            "jobs": 0,
            "journal": NOWHERE,
            **more,
        }
    )
    target = target_of(*regions)
    return measure_target(request, target, observer, outer)


def test_workers_of_sweeps_are_charged_to_the_whole_job(folder: Path) -> None:
    job = Stopwatch(60.0)
    found = measured(folder, region(**SWEPT), outer=job, observer=Silent(), jobs=1, precision=0.1)
    assert found.watch.worker_seconds > 0.0
    assert job.worker_seconds == found.watch.worker_seconds


def test_a_signal_in_one_sweep_ends_all_parts(folder: Path) -> None:
    regions = [
        region("a", kinds=("weight",), **SWEPT),
        region("b", kinds=("bias",)),
    ]
    observer, job = Interrupting(), Stopwatch(60.0)
    gate = ("sdc_fit <= 1", "metric_event >= 0.9")
    found = measured(folder, *regions, outer=job, observer=observer, gate=gate)
    assert found.cut_short == {Stop.INTERRUPTED}
    assert found.events is not None
    assert found.events.stop is Stop.INTERRUPTED
    assert job.spent() is Stop.INTERRUPTED
    assert sum("interrupted" in text for text in observer.messages) == 1


@pytest.mark.parametrize(("asked", "reached"), [({}, 0.01), ({"precision": 0.1}, 0.1)])
def test_sweeps_are_as_precise_as_asked(
    asked: dict[str, Any], reached: float, folder: Path
) -> None:
    found = measured(folder, region(**SWEPT), observer=Silent(), **asked)
    assert found.swept[0].record.plan.precision == reached


def test_a_score_after_one_event_takes_trials_of_rare_regions_too(folder: Path) -> None:
    """Of 10,000 events one hits the last layer, whose score after an event is bounded as well."""
    regions = [
        region("often", tensors=("conv*",), raw_fit_per_mbit=1e4),
        region("rarely", tensors=("fc*",), raw_fit_per_mbit=1.0),
    ]
    found = measured(
        folder, *regions, observer=Silent(), gate="metric_event >= 0.83", budget=10.0
    ).events
    assert found is not None
    assert (found.stop, found.looks) == (Stop.DECIDED, 2)

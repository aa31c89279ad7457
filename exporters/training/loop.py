"""The training engine: one loop for every objective."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analyzer.errors import BadData, TrainingDiverged
from analyzer.evaluation.sources import ImageSource
from exporters.torch.optional_package import need
from exporters.training.batches import Batches
from exporters.training.checkpoint import read_checkpoint, write_checkpoint
from exporters.training.devices import Device, choose_device, repeatable
from exporters.training.event_log import EventLog
from exporters.training.history import EpochFigures, best_of, is_best
from exporters.training.objective import Objective
from exporters.training.observer import SILENT, TrainingObserver
from exporters.training.optimizers import make_optimizer
from exporters.training.schedules import ENDLESS, make_schedule
from exporters.training.settings import FitSettings
from exporters.training.state import TrainingState
from exporters.training.steps import Steps, remedy

EPOCH_SEEDS = 1_000_003
"""torch's random numbers in epoch e begin with the seed ``EPOCH_SEEDS * seed + e``."""


@dataclass(frozen=True)
class FitResult:
    """A finished training. The objective's network holds the weights that were asked for.

    Attributes:
        history: Its epochs, those before an interruption included.
        kept: The epoch whose weights are in the network.
        converged: True if the schedule ended it.
        taken_over: Epochs that an earlier, interrupted call had done.
        device: For people.
        precision: Likewise.
        steps: Of one epoch.
    """

    history: tuple[EpochFigures, ...]
    kept: EpochFigures
    converged: bool
    taken_over: int
    device: str
    precision: str
    steps: int


def fit(
    objective: Objective,
    source: ImageSource,
    validation: ImageSource | None,
    settings: FitSettings,
    folder: Path | None,
    observer: TrainingObserver = SILENT,
) -> FitResult:
    """Train, going on from the checkpoint in ``folder`` if there is one.

    An interrupted training that is called again ends with the weights of an undisturbed one, bit
    for bit: batches and random numbers are functions of seed, epoch and step.

    Args:
        objective: what is trained; its network is moved to the device, and changed.
        source: training images, one or more.
        validation: images that decide which epoch is best; None: the last is.
        settings: all the rest.
        folder: of ``checkpoint.pt`` and of TensorBoard's log; None: nothing is kept.
        observer: progress and clocks.

    Returns:
        What happened; the network is in evaluation mode, on the CPU.

    Raises:
        BadTrainingState: the checkpoint belongs to another training.
        TrainingDiverged: a loss, a weight or a figure is NaN or infinite.
        DeviceUnavailable: a GPU is asked for, and there is none.
        BadOption: a setting names nothing that there is.
        BadData: there are no images, or one cannot be read.
        UnwritableOutput: checkpoint or log cannot be written.
        KeyboardInterrupt: as it came; the checkpoint of the last epoch stays.
    """
    if not len(source):
        raise BadData(f"{source.name} has no images to train on")
    device = choose_device(settings.device, settings.mixed)
    with repeatable():
        training = _Training(objective, source, validation, settings, folder, observer, device)
        try:
            return training.to_the_end()
        except KeyboardInterrupt:
            training.say_how_to_go_on()
            raise


class _Training:
    """One call of `fit`."""

    def __init__(
        self,
        objective: Objective,
        source: ImageSource,
        validation: ImageSource | None,
        settings: FitSettings,
        folder: Path | None,
        observer: TrainingObserver,
        device: Device,
    ) -> None:
        self._objective, self._validation, self._settings = objective, validation, settings
        self._folder, self._observer, self._device = folder, observer, device
        self._batches = Batches(source, objective, settings.batch, settings.seed)
        self._identity = _identity(objective, source, validation, settings, device)
        objective.network.to(device.name)
        optimizer = make_optimizer(objective.parameters(), settings)
        schedule = make_schedule(settings, self._batches.steps)
        self._state = TrainingState(objective, optimizer, schedule, device.scaler())
        self._steps = Steps(self._batches, self._state, settings, device, observer)
        self._log_size = self._take_up()
        self._taken_over = len(self._state.history)

    def _take_up(self) -> int:
        """Restore the checkpoint, if there is one; returns the bytes of its part of the log."""
        kept = None if self._folder is None else read_checkpoint(self._folder, self._identity)
        if kept is None:
            return 0
        self._state.restore(kept)
        return int(kept["log bytes"])

    def to_the_end(self) -> FitResult:
        state, log = self._state, self._open_log()
        while not self._finished():
            done = self._epoch(len(state.history))
            state.add(done)
            if log is not None and self._folder is not None:
                log.add(self._observer.now(), done.epoch * self._batches.steps, _scalars(done))
                content = {**state.content(), "log bytes": log.size}
                write_checkpoint(self._folder, self._identity, content)
            self._observer.epoch(done)
        return self._result()

    def _open_log(self) -> EventLog | None:
        if self._folder is None:
            return None
        return EventLog(self._folder, self._observer.now(), self._log_size)

    def _finished(self) -> bool:
        epochs, done = self._settings.epochs, len(self._state.history)
        return self._state.schedule.converged if epochs is None else done >= epochs

    def _epoch(self, epoch: int) -> EpochFigures:
        need("torch").manual_seed(self._settings.seed * EPOCH_SEEDS + epoch)
        began, cpu = self._observer.now(), self._observer.cpu_seconds()
        share = self._state.schedule.share((epoch + 1) * self._batches.steps - 1)
        loss = self._steps.run(epoch)
        validation = self._evaluated(epoch)
        return EpochFigures(
            epoch=epoch + 1,
            loss=loss,
            learning_rate=self._settings.learning_rate * share,
            validation=validation,
            best=is_best(validation, self._objective.better, self._state.history),
            seconds=self._observer.now() - began,
            cpu_seconds=self._observer.cpu_seconds() - cpu,
        )

    def _evaluated(self, epoch: int) -> Mapping[str, float]:
        if self._validation is None:
            return {}
        self._objective.network.eval()
        with need("torch").no_grad():
            found = self._objective.evaluate(self._validation)
        figures = {name: float(value) for name, value in found.items()}
        for name, value in figures.items():
            if not math.isfinite(value):
                raise TrainingDiverged(
                    f"{name} on the validation images is {value} after epoch {epoch + 1}; "
                    f"{remedy(self._settings, self._device)}"
                )
        return figures

    def _result(self) -> FitResult:
        state, network = self._state, self._objective.network
        network.to("cpu")
        kept = best_of(state.history)
        if self._settings.keep == "last":
            kept = state.history[-1]
        else:
            network.load_state_dict(state.best)
        network.eval()
        return FitResult(
            history=tuple(state.history),
            kept=kept,
            converged=state.schedule.converged,
            taken_over=self._taken_over,
            device=self._device.name,
            precision=self._device.precision,
            steps=self._batches.steps,
        )

    def say_how_to_go_on(self) -> None:
        done = len(self._state.history)
        if self._folder is None or not done:
            self._observer.say("Stopped before an epoch was done: nothing is kept.")
            return
        epochs = "1 epoch is" if done == 1 else f"{done} epochs are"
        self._observer.say(
            f"Stopped: {epochs} done and kept in {self._folder}; the same command goes on from "
            "there."
        )


def _identity(
    objective: Objective,
    source: ImageSource,
    validation: ImageSource | None,
    settings: FitSettings,
    device: Device,
) -> dict[str, str]:
    """All that decides the weights, by name."""
    ends = settings.schedule not in ENDLESS or settings.weight_decay_end is not None
    return {
        **objective.identity,
        **settings.identity(ends),
        "device": "GPU" if device.on_gpu else "CPU",
        "precision": device.precision,
        "training images": source.sha256,
        "validation images": "none" if validation is None else validation.sha256,
    }


def _scalars(done: EpochFigures) -> dict[str, float]:
    validation = {f"{name}/validation": value for name, value in done.validation.items()}
    return {"loss/training": done.loss, **validation, "learning rate": done.learning_rate}

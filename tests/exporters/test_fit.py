"""One engine for all objectives: repeatable, resumable, and never silent about a broken loss."""

import dataclasses
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.errors import (
    BadOption,
    BadTrainingState,
    DeviceUnavailable,
    TrainingDiverged,
    UnwritableOutput,
)

torch = pytest.importorskip("torch")

from exporters.training.batches import Batches, ahead  # noqa: E402
from exporters.training.devices import Device  # noqa: E402
from exporters.training.loop import fit  # noqa: E402
from exporters.training.objective import MaskedObjective, Objective  # noqa: E402
from exporters.training.observer import TrainingObserver  # noqa: E402
from exporters.training.optimizers import OPTIMIZERS  # noqa: E402
from exporters.training.schedules import SCHEDULES, make_schedule  # noqa: E402
from exporters.training.settings import FitSettings  # noqa: E402
from tests.exporters.fit_nets import Tiny, images  # noqa: E402

SETTINGS = FitSettings(epochs=4, batch=8, learning_rate=0.02, patience=0)


def same(first: Any, second: Any) -> bool:
    pairs = zip(first.state_dict().items(), second.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def interrupting(epoch: int, step: int) -> TrainingObserver:
    """Ctrl-C in the middle of an epoch."""

    @contextmanager
    def count(total: int, label: str) -> Iterator[Any]:
        def told(index: int) -> None:
            if label == f"epoch {epoch}" and index == step:
                raise KeyboardInterrupt

        yield told

    return TrainingObserver(count=count)


def test_the_tiny_objective_is_one() -> None:
    assert isinstance(Tiny(), Objective)
    assert not isinstance(Tiny(), MaskedObjective)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_an_interrupted_training_ends_where_an_undisturbed_one_does(
    optimizer: str, schedule: str, tmp_path: Path
) -> None:
    settings = dataclasses.replace(
        SETTINGS, optimizer=optimizer, schedule=schedule, weight_decay=0.1, weight_decay_end=0.2
    )
    whole = Tiny()
    wanted = fit(whole, images(), images(10, 1), settings, None)
    for epoch in (1, 2, 4):
        with pytest.raises(KeyboardInterrupt):
            fit(Tiny(), images(), images(10, 1), settings, tmp_path, interrupting(epoch, 1))
    # The weights it begins with are of no account: the checkpoint has all of them.
    parts = Tiny(seed=5)
    found = fit(parts, images(), images(10, 1), settings, tmp_path)
    assert found.taken_over == 3
    assert same(whole.network, parts.network)
    assert (found.history, found.kept) == (wanted.history, wanted.kept)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.pt", "events.out.tfevents.0.relcheck"]


class Stuck(Tiny):
    """Never better on validation images."""

    def evaluate(self, source: Any) -> dict[str, float]:
        return {"top1": 0.5}


def test_a_plateau_goes_on_where_it_was(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, patience=1, epochs=5)
    wanted = fit(Stuck(), images(), images(9), settings, None)
    assert len({done.learning_rate for done in wanted.history}) > 1
    for epoch in (2, 3, 4):  # before the rate falls, as it does, and after
        with pytest.raises(KeyboardInterrupt):
            fit(Stuck(), images(), images(9), settings, tmp_path, interrupting(epoch, 0))
    assert fit(Stuck(), images(), images(9), settings, tmp_path).history == wanted.history


def test_the_log_of_an_interrupted_training_is_that_of_an_undisturbed_one(tmp_path: Path) -> None:
    fit(Tiny(), images(), None, SETTINGS, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        fit(Tiny(), images(), None, SETTINGS, tmp_path / "parts", interrupting(3, 0))
    log = tmp_path / "parts" / "events.out.tfevents.0.relcheck"
    log.write_bytes(log.read_bytes() + b"of an epoch that the checkpoint does not know")
    fit(Tiny(), images(), None, SETTINGS, tmp_path / "parts")
    assert log.read_bytes() == (tmp_path / "whole" / log.name).read_bytes()


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_threads_change_nothing(threads: int) -> None:
    one, other = Tiny(), Tiny()
    fit(one, images(), None, SETTINGS, None)
    fit(other, images(), None, dataclasses.replace(SETTINGS, threads=threads), None)
    assert one.losses == other.losses
    assert same(one.network, other.network)


@pytest.mark.parametrize("reduced", ["bfloat16", "float16"])
def test_reduced_precision_is_resumed_too(
    reduced: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a GPU, but for the device: autocast, and for float16 scaled losses."""
    device = Device("cpu", reduced)
    monkeypatch.setattr("exporters.training.loop.choose_device", lambda *_: device)
    settings = dataclasses.replace(SETTINGS, clip_norm=1.0)
    whole, parts = Tiny(), Tiny()
    wanted = fit(whole, images(), images(9), settings, None)
    assert wanted.precision == f"{reduced} and float32"
    with pytest.raises(KeyboardInterrupt):
        fit(Tiny(), images(), images(9), settings, tmp_path, interrupting(3, 1))
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert bool(kept["scaler"]) == (reduced == "float16")
    fit(parts, images(), images(9), settings, tmp_path)
    assert same(whole.network, parts.network)
    full = Tiny()
    monkeypatch.undo()
    fit(full, images(), images(9), settings, None)
    assert not same(whole.network, full.network)


def test_another_seed_is_another_training() -> None:
    one, other = Tiny(), Tiny()
    fit(one, images(), None, SETTINGS, None)
    fit(other, images(), None, dataclasses.replace(SETTINGS, seed=1), None)
    assert one.losses != other.losses


def test_a_training_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    first, second = Tiny(), Tiny(seed=3)
    fit(first, images(), images(9), SETTINGS, tmp_path)
    fit(second, images(), images(9), SETTINGS, tmp_path)
    assert second.losses == []
    assert same(first.network, second.network)


def test_more_epochs_go_on(tmp_path: Path) -> None:
    longer = dataclasses.replace(SETTINGS, epochs=6)
    whole, parts = Tiny(), Tiny()
    fit(whole, images(), images(9), longer, None)
    fit(Tiny(), images(), images(9), SETTINGS, tmp_path)
    assert fit(parts, images(), images(9), longer, tmp_path).taken_over == 4
    assert same(whole.network, parts.network)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": 7}, "seed '0', now '7'"),
        ({"learning_rate": 0.5}, "learning rate '0.02', now '0.5'"),
        ({"schedule": "cosine"}, "schedule 'plateau', now 'cosine'"),
    ],
)
def test_a_checkpoint_of_other_settings_is_refused(
    change: dict[str, Any], says: str, tmp_path: Path
) -> None:
    fit(Tiny(), images(), None, SETTINGS, tmp_path)
    with pytest.raises(BadTrainingState, match=says):
        fit(Tiny(), images(), None, dataclasses.replace(SETTINGS, **change), tmp_path)


def test_a_checkpoint_of_other_images_or_another_network_is_refused(tmp_path: Path) -> None:
    fit(Tiny(), images(), None, SETTINGS, tmp_path)
    with pytest.raises(BadTrainingState, match="training images"):
        fit(Tiny(), images(seed=3), None, SETTINGS, tmp_path)
    with pytest.raises(BadTrainingState, match="validation images 'none', now"):
        fit(Tiny(), images(), images(9), SETTINGS, tmp_path)
    other = Tiny()
    other.identity = {"network": "large"}
    with pytest.raises(BadTrainingState, match="network 'tiny', now 'large'"):
        fit(other, images(), None, SETTINGS, tmp_path)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 cut short"])
def test_a_damaged_checkpoint_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "checkpoint.pt").write_bytes(content)
    with pytest.raises(BadTrainingState, match="cannot be loaded"):
        fit(Tiny(), images(), None, SETTINGS, tmp_path)


def test_a_checkpoint_of_something_else_is_a_sentence(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "checkpoint.pt")
    with pytest.raises(BadTrainingState, match="no state of a training"):
        fit(Tiny(), images(), None, SETTINGS, tmp_path)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableOutput):
        fit(Tiny(), images(), None, SETTINGS, tmp_path / "file" / "folder")


class Worsening(Tiny):
    """Its figure on validation images is the best in its second epoch."""

    figures = (0.5, 0.8, 0.8, 0.3)

    def evaluate(self, source: Any) -> dict[str, float]:
        self.states = [*getattr(self, "states", []), self.network["student"][0].weight.clone()]
        return {"top1": self.figures[len(self.states) - 1]}


def test_among_equal_epochs_the_next_figure_decides() -> None:
    class Equal(Tiny):
        losses_told = iter((3.0, 1.0, 2.0, 1.0))

        def evaluate(self, source: Any) -> dict[str, float]:
            return {"top1": 0.5, "loss": next(self.losses_told)}

    result = fit(Equal(), images(), images(9), SETTINGS, None)
    assert [done.best for done in result.history] == [True, True, False, False]


@pytest.mark.parametrize(("keep", "epoch"), [("best", 2), ("last", 4)])
def test_the_weights_that_are_left_are_those_asked_for(keep: Any, epoch: int) -> None:
    objective = Worsening()
    result = fit(objective, images(), images(9), dataclasses.replace(SETTINGS, keep=keep), None)
    assert result.kept.epoch == epoch
    assert torch.equal(objective.network["student"][0].weight, objective.states[epoch - 1])
    assert [done.best for done in result.history] == [True, True, False, False]


def test_a_training_without_end_ends_when_it_has_converged() -> None:
    settings = dataclasses.replace(SETTINGS, epochs=None, floor=0.002, patience=1)
    result = fit(Stuck(), images(), images(9), settings, None)
    assert result.converged
    # One that counts as the first improvement, then twice two without: at the base, at the floor.
    assert [done.learning_rate for done in result.history] == pytest.approx(
        [0.02] * 3 + [0.002] * 2
    )


class Broken(Tiny):
    """Its loss is NaN from the sixth step on."""

    def loss(self, batch: Any, step: Any) -> Any:
        return super().loss(batch, step) * (float("nan") if step.step >= 5 else 1.0)


def test_a_loss_that_is_not_finite_is_a_sentence_and_keeps_the_last_epoch(tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match=r"nan in epoch 2, between steps 1 and 3 of 3"):
        fit(Broken(), images(), None, SETTINGS, tmp_path)
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert len(kept["history"]) == 1
    assert all(torch.isfinite(value).all() for value in kept["network"].values())


def test_weights_and_figures_that_are_not_finite_are_sentences() -> None:
    class Overflowing(Tiny):
        def after_step(self, step: Any) -> None:
            self.network["student"][1].running_var.fill_(float("inf"))

    with pytest.raises(TrainingDiverged, match=r"student\.1\.running_var holds NaN or infinity"):
        fit(Overflowing(), images(), None, SETTINGS, None)

    class Undefined(Tiny):
        def evaluate(self, source: Any) -> dict[str, float]:
            return {"top1": float("nan")}

    with pytest.raises(TrainingDiverged, match="top1 on the validation images is nan"):
        fit(Undefined(), images(), images(9), SETTINGS, None)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"optimizer": "radm"}, BadOption, "did you mean radam"),
        ({"schedule": "cosin"}, BadOption, "did you mean cosine"),
        ({"schedule": "cosine", "epochs": None}, BadOption, "needs a number of epochs"),
        ({"device": "gpu"}, BadOption, "use cpu, cuda"),
        ({"device": "cpu:1"}, BadOption, "use cpu, cuda"),
        ({"device": "cuda:99"}, DeviceUnavailable, "use --device cpu or auto"),
    ],
)
def test_settings_that_name_nothing_are_sentences(
    change: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        fit(Tiny(), images(), None, dataclasses.replace(SETTINGS, **change), None)


def test_no_image_comes_twice_in_an_epoch_and_every_epoch_has_its_order() -> None:
    batches = Batches(images(), Tiny(), 8, 0)
    epochs = [np.concatenate([b.rows.numpy() for b in batches.epoch(e, 2)]) for e in range(3)]
    assert all(len(set(rows)) == len(rows) == 24 for rows in epochs)
    assert len({tuple(rows) for rows in epochs}) == 3
    assert Batches(images(5), Tiny(), 8, 0).steps == 1
    assert [len(b.rows) for b in Batches(images(5), Tiny(), 8, 0).epoch(0, 0)] == [5]


def test_batches_are_made_ahead_in_bounded_number() -> None:
    made: list[int] = []

    def make(task: int) -> int:
        made.append(task)
        return task

    handed = ahead(make, list(range(100)), 2)
    assert [next(handed) for _ in range(3)] == [0, 1, 2]
    assert len(made) <= 3 + 3
    handed.close()
    assert len(made) <= 3 + 3


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    def fail(task: int) -> int:
        raise ValueError(task)

    with pytest.raises(ValueError, match="0"):
        list(ahead(fail, [0, 1, 2], 2))


class Masked(Tiny):
    """Hands on the mask that came with each image."""

    def masked_views(self, image: Any, mask: Any, rng: Any) -> Any:
        return self.views(image, rng), torch.from_numpy(mask.astype(np.int64))


def test_masks_come_with_their_images() -> None:
    plain = images(8)
    masks = np.arange(8, dtype=np.uint8)[:, None, None] * np.ones((1, 8, 8), np.uint8)
    source = dataclasses.replace(plain, masks=masks)
    (batch,) = Batches(source, Masked(), 8, 0).epoch(0, 0)
    assert batch.masks is not None
    assert torch.equal(batch.masks[:, 0, 0], batch.rows)
    (without,) = Batches(source, Tiny(), 8, 0).epoch(0, 0)
    assert without.masks is None


def test_plateau_is_torchs() -> None:
    rng = np.random.default_rng(0)
    losses = np.round(rng.random(200) * np.linspace(2, 0.5, 200), 2)
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], 1.0)
    oracle = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=3, eps=0)
    settings = FitSettings(learning_rate=1.0, factor=0.5, patience=3, floor=1e-15)
    own = make_schedule(settings, 1)
    for loss in losses:
        oracle.step(float(loss))
        own.epoch_done(float(loss))
        assert own.share(0) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-12)


def test_one_cycle_and_cosine_are_torchs() -> None:
    weight = torch.nn.Parameter(torch.zeros(1))
    for name in ("one-cycle", "cosine"):
        optimizer = torch.optim.SGD([weight], 1.0, momentum=0.9)
        oracle = (
            torch.optim.lr_scheduler.OneCycleLR(optimizer, 1.0, total_steps=40)
            if name == "one-cycle"
            else torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 40, eta_min=1e-6)
        )
        settings = FitSettings(learning_rate=1.0, epochs=4, schedule=name)
        own = make_schedule(settings, 10)
        for step in range(40):
            assert own.share(step) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-9)
            optimizer.step()
            if step < 39:
                oracle.step()

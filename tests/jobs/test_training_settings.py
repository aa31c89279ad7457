"""What a recipe says, and what a user says otherwise."""

from pathlib import Path
from typing import Any

import pytest

from analyzer.jobs.requests.train import TrainRequest
from analyzer.jobs.training_settings import fit_settings
from exporters.training.recipes import PAPER, SMALL, find_recipe


def request(**given: Any) -> TrainRequest:
    words = {"source": "cifar:resnet20", "data": Path("data"), "out": Path("m.pt"), **given}
    return TrainRequest.model_validate(words)


def test_the_papers_settings() -> None:
    """Milazzo et al. 2025, section IV-C."""
    found = fit_settings(request(), PAPER, begins=True)
    assert (found.optimizer, found.batch, found.learning_rate) == ("radam", 128, 1e-3)
    assert (found.schedule, found.factor, found.patience) == ("plateau", 0.1, 5)
    assert (found.epochs, found.weight_decay, found.floor) == (None, 0.0, 1e-6)


def test_small_images() -> None:
    found = fit_settings(request(), SMALL, begins=True)
    assert (found.optimizer, found.learning_rate, found.epochs) == ("nesterov", 0.2, 40)
    assert fit_settings(request(batch=32), SMALL, begins=True).learning_rate == 0.05
    assert fit_settings(request(batch=32), PAPER, begins=True).learning_rate == 1e-3
    assert fit_settings(request(), SMALL, begins=False).learning_rate == pytest.approx(0.02)
    assert fit_settings(request(lr=0.3), SMALL, begins=False).learning_rate == 0.3


def test_a_plateau_of_small_images_ends_by_itself() -> None:
    assert fit_settings(request(schedule="plateau"), SMALL, begins=True).epochs is None
    assert fit_settings(request(schedule="plateau", epochs=3), SMALL, begins=True).epochs == 3


@pytest.mark.parametrize(("side", "recipe"), [(32, SMALL), (64, SMALL), (65, PAPER)])
def test_the_recipe_follows_from_the_input(side: int, recipe: object) -> None:
    assert find_recipe(None, (3, side, side)) is recipe
    assert find_recipe("paper", (3, side, side)) is PAPER


@pytest.mark.parametrize(
    ("field", "value", "setting"),
    [
        ("epochs", 7, "epochs"),
        ("optimizer", "adamw", "optimizer"),
        ("momentum", 0.5, "momentum"),
        ("weight_decay", 0.1, "weight_decay"),
        ("schedule", "cosine", "schedule"),
        ("factor", 0.3, "factor"),
        ("patience", 2, "patience"),
        ("min_lr", 0.01, "floor"),
        ("warmup", 1.5, "warmup"),
        ("clip_norm", 3.0, "clip_norm"),
        ("seed", 4, "seed"),
        ("device", "auto", "device"),
        ("threads", 3, "threads"),
    ],
)
def test_every_setting_is_an_option(field: str, value: Any, setting: str) -> None:
    for recipe in (PAPER, SMALL):
        assert getattr(fit_settings(request(**{field: value}), recipe, True), setting) == value
    assert fit_settings(request(full_precision=True), PAPER, True).mixed is False

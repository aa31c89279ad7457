"""Training can be interrupted, and the little transformations of images are what they say."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exporters.datasets.images import LabelledImages
from exporters.training.sgd import PADDING, Recipe

torch = pytest.importorskip("torch")

from exporters.training.cifar_nets import mobilenet, resnet20  # noqa: E402
from exporters.training.sgd import augment, normalize, train  # noqa: E402

RECIPE = Recipe(epochs=3, batch=8, learning_rate=0.05)


def images(count: int = 24, seed: int = 0) -> LabelledImages:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(256, size=(count, 32, 32, 3), dtype=np.uint8)
    return LabelledImages(pixels, rng.integers(10, size=count))


def small() -> Any:
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 3, 2),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(4, 10),
    )


class Interrupted(Exception):
    """Ctrl-C, as far as the training can tell."""


def test_an_interrupted_training_ends_where_an_undisturbed_one_does(tmp_path: Path) -> None:
    data, told = images(), list[str]()
    wanted = train(small, data, RECIPE, tmp_path / "whole", told.append)
    assert len(told) == RECIPE.epochs

    def stop(_: str) -> None:
        raise Interrupted

    for _ in range(RECIPE.epochs - 1):
        with pytest.raises(Interrupted):
            train(small, data, RECIPE, tmp_path / "parts", stop)
    told.clear()
    found = train(small, data, RECIPE, tmp_path / "parts", told.append)
    assert len(told) == 1
    pairs = zip(wanted.state_dict().values(), found.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert sorted(os.listdir(tmp_path / "parts")) == ["checkpoint.pt"]


def test_every_epoch_has_an_order_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = []
    draw = torch.randperm

    def recorded(count: int, **options: object) -> Any:
        orders.append(draw(count, **options))
        return orders[-1]

    monkeypatch.setattr(torch, "randperm", recorded)
    train(small, images(), RECIPE, tmp_path, lambda _: None)
    assert len({tuple(order.tolist()) for order in orders}) == RECIPE.epochs


@pytest.mark.parametrize("change", ["recipe", "images"])
def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path, change: str) -> None:
    recipe = Recipe(epochs=1, batch=8)
    train(small, images(), recipe, tmp_path, lambda _: None)
    other = Recipe(epochs=1, batch=8, seed=1) if change == "recipe" else recipe
    with pytest.raises(ValueError, match="belongs to another training"):
        train(small, images(seed=int(change == "images")), other, tmp_path, lambda _: None)


def test_augmented_images_are_shifted_and_mirrored_ones() -> None:
    """Each must be found, whole, among the 9 x 9 x 2 that there can be."""
    pixels = torch.from_numpy(images(20).pixels)
    found = augment(pixels, RECIPE, torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(normalize(pixels, RECIPE), (PADDING,) * 4)
    chosen = []
    for one, source in zip(found, padded, strict=True):
        offered = {
            (row, column, mirrored): (part.flip(2) if mirrored else part)
            for row in range(2 * PADDING + 1)
            for column in range(2 * PADDING + 1)
            for mirrored in (False, True)
            for part in [source[:, row : row + 32, column : column + 32]]
        }
        chosen.append([key for key, part in offered.items() if torch.equal(part, one)])
    assert all(len(keys) == 1 for keys in chosen)
    rows, columns, mirrored = zip(*(keys[0] for keys in chosen), strict=True)
    assert len(set(rows)) > 3
    assert len(set(columns)) > 3
    assert set(mirrored) == {False, True}


def test_normalized_images_are_what_the_exported_file_is_told() -> None:
    from exporters.training.cifar import prepare

    data = images(3)
    wanted = prepare(data, RECIPE)
    assert np.allclose(normalize(torch.from_numpy(data.pixels), RECIPE), wanted, atol=1e-6)


@pytest.mark.parametrize(("build", "parameters"), [(resnet20, 272_474), (mobilenet, 150_978)])
def test_networks_have_their_size_and_give_ten_classes(build: object, parameters: int) -> None:
    assert callable(build)
    network = build().eval()
    assert sum(p.numel() for p in network.parameters()) == parameters
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 32, 32)).shape == (2, 10)

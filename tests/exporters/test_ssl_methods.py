"""``--method``: names, fields, their limits, and the settings that follow from the papers."""

from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import BadOption
from exporters.pretraining.methods import METHODS, method_named
from exporters.pretraining.settings import batch_for, settings_for


@pytest.mark.parametrize("method", METHODS)
def test_every_number_has_limits_that_its_default_keeps(method: Any) -> None:
    for field in fields(method):
        if isinstance(field.default, bool):
            continue
        low, high = method.limits[field.name]
        assert low <= field.default <= high, field.name
    assert method.limits.keys() <= {field.name for field in fields(method)}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_found_by_its_name_and_documented(method: Any) -> None:
    assert method_named(method.name) == method()
    assert method_named(method.name.upper()) == method()
    assert "arXiv:" in method.source
    for field in fields(method):
        assert f"        {field.name}: " in (method.__doc__ or ""), field.name


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("simsam", "did you mean simsiam"),
        ("simsiam:width=3", "simsiam takes dim, hidden"),
        ("simsiam:dim", "not 'dim'"),
        ("simsiam:dim=many", "a whole number, not 'many'"),
        ("simsiam:dim=-1", "a number from 0 to 1e+06, not -1"),
        ("simsiam:stop_gradient=no", "true or false"),
        ("swav:epsilon=0", "a number from 0.001 to 100, not 0.0"),
        ("swav:epsilon=nan", "not nan"),
        ("ssql:w_low=9", "w_low is 9 and w_high is 8"),
        ("dino:momentum=1.5", "a number from 0 to 1, not 1.5"),
    ],
)
def test_what_no_method_takes_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadOption, match="--method") as caught:
        method_named(text)
    assert told in str(caught.value)


def test_settings_are_those_of_the_paper() -> None:
    found = settings_for(method_named("simsiam"), 1_281_167, {})
    assert (found.batch, found.epochs, found.optimizer) == (512, 100, "sgd")
    assert (found.learning_rate, found.weight_decay, found.momentum) == (0.1, 1e-4, 0.9)
    assert (found.schedule, found.warmup, found.keep) == ("cosine", 0.0, "last")
    assert settings_for(method_named("ssql"), 1_281_167, {}) == found
    dino = settings_for(method_named("dino"), 10**6, {"epochs": 20, "learning_rate": None})
    assert (dino.epochs, dino.warmup, dino.learning_rate) == (20, 2.0, 0.03)


def test_what_is_asked_for_counts() -> None:
    asked = {"batch": 128, "epochs": 3, "learning_rate": 0.7, "optimizer": "adamw", "seed": 4}
    found = settings_for(method_named("swav"), 10**6, asked)
    assert {name: getattr(found, name) for name in asked} == asked


@given(st.integers(1, 10**7), st.sampled_from([256, 512, 1024]))
def test_batches_of_few_images_are_smaller(images: int, paper: int) -> None:
    batch = batch_for(images, paper)
    assert 32 <= batch <= paper
    assert images // batch >= 32 or batch == 32
    assert batch == paper or images // (2 * batch) < 32

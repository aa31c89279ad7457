"""Looks of a comparison that decides a gate: they share the error, and pairs stay pairs."""

from pathlib import Path

import pytest

from analyzer.campaign.comparison.blocks_wanted import next_look
from analyzer.campaign.comparison.difference import difference_at
from analyzer.campaign.result import Stop
from analyzer.faults.pairing import OWN
from analyzer.stats.spending import confidence_at
from tests.campaign.variants import compared, prepared

RATE = 1e-2


def test_a_later_look_has_wider_intervals_of_the_same_trials(tmp_path: Path) -> None:
    """Fails if a look spends all of the error: then more looks would err more often."""
    _, models = prepared(tmp_path)
    compared(models)
    reference, variant = models
    assert variant.confidence(RATE) == 0.95
    widths = []
    for look in (1, 2, 5):
        for model in models:
            model.looks[RATE] = look
        assert variant.confidence(RATE) == confidence_at(look, 0.95)
        found, own = difference_at(RATE, reference, variant).difference, variant.estimate(RATE)
        assert found is not None
        assert own is not None
        widths.append((found.sdc.high - found.sdc.low, own.sdc.high - own.sdc.low))
    assert widths == sorted(widths)
    assert len(set(widths)) == 3
    assert variant.confidence(1e-3) == 0.95


@pytest.mark.parametrize("growth", [1.25, 2.0])
def test_paired_models_get_the_same_trials_and_never_fewer(tmp_path: Path, growth: float) -> None:
    _, models = prepared(tmp_path, capped=2)
    compared(models)
    variants = models[1:]
    most = max(model.trials(RATE) for model in models)
    wanted = next_look(models, RATE, growth)
    for model, more in zip(models, wanted, strict=True):
        assert set(more) == set(model.cells(RATE))
        assert all(more[cell] >= model.blocks[cell] for cell in more)
    assert 16 * sum(wanted[0].values()) >= most * growth - 16
    for variant, more in zip(variants, wanted[1:], strict=True):
        names = [s.name for s in variant.context.patterns.split(RATE).strata]
        for cell, name in zip(variant.cells(RATE), names, strict=True):
            if name != OWN:
                assert more[cell] == wanted[0][cell]


def test_a_rate_that_is_decided_is_reached_and_not_cut_short(tmp_path: Path) -> None:
    _, models = prepared(tmp_path, precision=0.4)
    compared(models)
    for model in models:
        model.ended[RATE] = Stop.BUDGET
    assert models[1].cut_short == {Stop.BUDGET}
    for model in models:
        model.ended[RATE] = Stop.DECIDED
    assert models[1].cut_short == frozenset()
    assert difference_at(RATE, *models).reached

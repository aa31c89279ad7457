"""The fitted law finds laws that are known, as often as its intervals say."""

import math
import random

import numpy as np
import pytest

from paper.findings.interval import Interval
from paper.findings.law import fit
from paper.findings.results import Curve
from tests.paper.synthetic import RATES

GOLDEN = 0.7


def simulated(shape: float, rate: float, floor: float, deviation: float, seed: int) -> Curve:
    luck = random.Random(seed)
    metric = []
    for r in RATES:
        true = floor + (GOLDEN - floor) * math.exp(-((r / rate) ** shape))
        seen = luck.gauss(true, deviation)
        metric.append(Interval(seen, seen - 1.959964 * deviation, seen + 1.959964 * deviation))
    return Curve("float", GOLDEN, 1, 1, 1, RATES, tuple(metric), (), metric[0])


@pytest.mark.parametrize("shape", [0.6, 1.0, 1.5])
@pytest.mark.parametrize(("rate", "floor"), [(3e-6, 0.1), (1e-5, 0.0)])
def test_exact_curves_give_their_law_back(shape: float, rate: float, floor: float) -> None:
    law = fit(simulated(shape, rate, floor, 1e-9, 0))
    assert law is not None
    assert law.shape.estimate == pytest.approx(shape, rel=1e-3)
    assert law.rate.estimate == pytest.approx(rate, rel=1e-3)
    assert law.floor.estimate == pytest.approx(floor, abs=1e-4)
    assert law.fatal == pytest.approx(1 / rate, rel=1e-3)  # of a memory of one bit
    assert law.at(np.array([rate]))[0] == pytest.approx(floor + (GOLDEN - floor) / math.e, rel=1e-3)


def test_intervals_cover_shape_and_rate() -> None:
    laws = [fit(simulated(0.9, 5e-6, 0.1, 0.01, seed)) for seed in range(300)]
    found = [law for law in laws if law]
    assert len(found) == 300
    shapes = sum(law.shape.low <= 0.9 <= law.shape.high for law in found)
    rates = sum(law.rate.low <= 5e-6 <= law.rate.high for law in found)
    assert 270 <= shapes <= 299  # widened where the misfit is above 1: 95 % at least, nearly
    assert 270 <= rates <= 299
    assert np.mean([law.misfit for law in found]) == pytest.approx(1.0, abs=0.12)


def test_a_fall_that_is_no_such_law_shows_in_the_misfit() -> None:
    steps = [0.7, 0.7, 0.5, 0.5, 0.5, 0.2, 0.2, 0.2, 0.0]
    metric = tuple(Interval(v, v - 0.01, v + 0.01) for v in steps)
    law = fit(Curve("float", GOLDEN, 1, 1, 1, RATES, metric, (), metric[0]))
    assert law is not None
    assert law.misfit > 10
    assert law.worst > 2


def test_a_curve_that_hardly_falls_is_not_fitted() -> None:
    assert fit(simulated(1.0, 1e-2, 0.1, 0.01, 0)) is None

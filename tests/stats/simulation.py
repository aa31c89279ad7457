"""Simulated campaigns with a known truth, many at a time, and how often an interval covers it."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.stats.limits import difference_limits, mean_limits

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Limits = tuple[Floats, Floats]
# (mean, variance, trials, images, confidence) -> limits, like analyzer.stats.limits.mean_limits.
Method = Callable[[Floats, Floats, Any, Any, float], Limits]

CONFIDENCE = 0.95


class Batches(NamedTuple):
    """Image counts of trials, int64 (campaigns, trials)."""

    lost: Counts
    gained: Counts


class World(NamedTuple):
    """A kind of campaign whose truth is known.

    draw maps (generator, shape) to Batches of that shape; lost and gained are the true expected
    shares; batch is the number of images per trial.
    """

    draw: Callable[[np.random.Generator, tuple[int, int]], Batches]
    lost: float
    gained: float
    batch: int


class Coverage(NamedTuple):
    """Share of campaigns whose interval holds the truth, lies above it, or below; mean width."""

    inside: float
    above: float
    below: float
    half_width: float


def beta_binomial(mean: float, correlation: float, batch: int = 32) -> World:
    """Images of a trial share a random loss probability: intraclass correlation as given."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        chance: float | Floats = mean
        if correlation > 0.0:
            size = (1.0 - correlation) / correlation
            chance = rng.beta(mean * size, (1.0 - mean) * size, shape)
        return Batches(rng.binomial(batch, chance, shape), np.zeros(shape, np.int64))

    return World(draw, mean, 0.0, batch)


def explosive(rare: float, small: float = 0.0, base: float = 0.0, batch: int = 32) -> World:
    """Fault injection: a rare trial loses nearly all images.

    Args:
        rare: probability that a trial explodes; it then loses 95 % of its images.
        small: probability that a trial loses exactly one image instead.
        base: probability of loss of each image of a trial that does neither.
        batch: images per trial.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        kind = rng.random(shape)
        lost = rng.binomial(batch, base, shape) if base else np.zeros(shape, np.int64)
        lost[kind < rare + small] = 1
        exploded = kind < rare
        lost[exploded] = rng.binomial(batch, 0.95, int(exploded.sum()))
        return Batches(lost, np.zeros(shape, np.int64))

    mean = rare * 0.95 + small / batch + (1.0 - rare - small) * base
    return World(draw, mean, 0.0, batch)


def exploding_swap(rare: float) -> World:
    """As many images gained as lost, trial by trial, until a rare trial loses 28 of 32."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        exploded = rng.random(shape) < rare
        swapped = rng.binomial(16, 0.3, shape)
        return Batches(np.where(exploded, 28, swapped), np.where(exploded, 4, swapped))

    usual = (1.0 - rare) * 16 * 0.3 / 32
    return World(draw, usual + rare * 28 / 32, usual + rare * 4 / 32, 32)


def exploding_model(rare: float) -> World:
    """29 of 32 images right in the golden run; explosions lose 90 % of them, gain 10 % of 3."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        exploded = rng.random(shape) < rare
        lost = rng.binomial(29, np.where(exploded, 0.9, 0.005))
        return Batches(lost, rng.binomial(3, np.where(exploded, 0.1, 0.03)))

    lost = 29 / 32 * (rare * 0.9 + (1.0 - rare) * 0.005)
    return World(draw, lost, 3 / 32 * (rare * 0.1 + (1.0 - rare) * 0.03), 32)


def one_or_the_other(rare: float) -> World:
    """A faulty trial either gains (40 %) or loses (60 %) four fifths of 32 images."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        faulty, gains = rng.random(shape) < rare, rng.random(shape) < 0.4
        images = np.where(faulty, rng.binomial(32, 0.8, shape), 0)
        return Batches(np.where(gains, 0, images), np.where(gains, images, 0))

    return World(draw, rare * 0.8 * 0.6, rare * 0.8 * 0.4, 32)


def single_images(lost: float, gained: float) -> World:
    """One image per trial: lost, gained or neither."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        kind = rng.random(shape)
        is_lost = kind < lost
        is_gained = ~is_lost & (kind < lost + gained)
        return Batches(is_lost.astype(np.int64), is_gained.astype(np.int64))

    return World(draw, lost, gained, 1)


def moving_together(mean: float) -> World:
    """Gains and losses share their trial's severity: positive correlation."""

    def draw(rng: np.random.Generator, shape: tuple[int, int]) -> Batches:
        chance = rng.beta(4.0 * mean, 4.0 * (1.0 - mean), shape)
        return Batches(rng.binomial(16, chance), rng.binomial(16, 0.9 * chance))

    return World(draw, mean / 2.0, 0.9 * mean / 2.0, 32)


class Sums(NamedTuple):
    """Sums over trials, int64 (campaigns,): of counts, of squares, of products."""

    lost: Counts
    lost_squares: Counts
    gained: Counts
    gained_squares: Counts
    products: Counts

    @classmethod
    def of(cls, batches: Batches) -> "Sums":
        lost, gained = batches
        terms = (lost, lost * lost, gained, gained * gained, lost * gained)
        return cls(*(term.sum(axis=1) for term in terms))

    def plus(self, other: "Sums") -> "Sums":
        return Sums(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


def moments(
    total: Counts, squares: Counts, trials: int | Counts, batch: int
) -> tuple[Floats, Floats]:
    """Mean and variance (divisor trials) of the shares count / batch."""
    variance = (trials * squares - total**2) / (trials * batch) ** 2
    return total / (trials * batch), variance


def limits_of_loss(
    sums: Sums, trials: int | Counts, batch: int, method: Method = mean_limits
) -> Limits:
    mean, variance = moments(sums.lost, sums.lost_squares, trials, batch)
    return method(mean, variance, trials, trials * batch, CONFIDENCE)


def limits_of_net(sums: Sums, trials: int | Counts, batch: int) -> Limits:
    covariance = (trials * sums.products - sums.lost * sums.gained) / (trials * batch) ** 2
    gained = moments(sums.gained, sums.gained_squares, trials, batch)
    lost = moments(sums.lost, sums.lost_squares, trials, batch)
    return difference_limits(gained, lost, covariance, trials, trials * batch, CONFIDENCE)


def coverage(limits: Limits, truth: float) -> Coverage:
    low, high = limits
    above, below = float(np.mean(low > truth + 1e-12)), float(np.mean(high < truth - 1e-12))
    return Coverage(1.0 - above - below, above, below, float(np.mean(high - low)) / 2.0)


def coverage_of_loss(
    world: World, trials: int, campaigns: int, seed: int, method: Method = mean_limits
) -> Coverage:
    sums = Sums.of(world.draw(np.random.default_rng(seed), (campaigns, trials)))
    return coverage(limits_of_loss(sums, trials, world.batch, method), world.lost)


def coverage_of_net(world: World, trials: int, campaigns: int, seed: int) -> Coverage:
    sums = Sums.of(world.draw(np.random.default_rng(seed), (campaigns, trials)))
    return coverage(limits_of_net(sums, trials, world.batch), world.gained - world.lost)

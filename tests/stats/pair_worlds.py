"""Two models under the same faults whose difference is known: what a pattern does to both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.int64]
"""int64 (trials, 7): images, sdc, due, masked, lost, gained, right."""


@dataclass(frozen=True)
class Joint:
    """What a pattern of one stratum does to two models.

    Attributes:
        both: probability that it kills both.
        first: that it kills the first alone.
        second: that it kills the second alone.
        mild: probability that an image is lost to both, one by one.
        apart: that an image is lost to the first alone, and, independently, to the second alone.
        due: share of killing patterns that end in a detected error.
    """

    both: float = 0.0
    first: float = 0.0
    second: float = 0.0
    mild: float = 0.0
    apart: float = 0.0
    due: float = 0.0


@dataclass(frozen=True)
class World:
    """Two models at one rate: strata with weights, and the fault-free metrics.

    Where ``gains`` is set, a killed model answers by chance: it gains that share of the images
    that were wrong without faults.
    """

    strata: tuple[tuple[float, Joint], ...]
    golden: tuple[float, float] = (1.0, 1.0)
    images: int = 4
    gains: float = 0.0


def drawn(rng: np.random.Generator, joint: Joint, world: World, trials: int) -> tuple[Table, Table]:
    """Outcomes of both models in the same trials."""
    fate, n = rng.random(trials), world.images
    both = fate < joint.both
    killed = [
        both | ((fate >= joint.both) & (fate < joint.both + joint.first)),
        both
        | ((fate >= joint.both + joint.first) & (fate < joint.both + joint.first + joint.second)),
    ]
    announced = rng.random(trials) < joint.due
    chance, shared = rng.random((trials, n)), rng.random((trials, n)) < joint.mild
    tables = []
    for dead, golden in zip(killed, world.golden, strict=True):
        right = chance < golden  # the same images are hard for both
        hurt = shared | (rng.random((trials, n)) < joint.apart)
        wrong = dead[:, None] | hurt
        lucky = dead[:, None] & ~announced[:, None] & (rng.random((trials, n)) < world.gains)
        due = np.where(dead & announced, n, 0)
        sdc = np.where(dead & announced, 0, wrong.sum(axis=1))
        lost, gained = (wrong & right).sum(axis=1), (lucky & ~right).sum(axis=1)
        full = np.full(trials, n)
        counts = [full, sdc, due, full - sdc - due, lost, gained, right.sum(axis=1)]
        tables.append(np.stack(counts, axis=1))
    return tables[0], tables[1]


def truth(world: World) -> tuple[float, float, float]:
    """Expected difference, second minus first, of metric, SDC and DUE."""
    before, after = world.golden
    metric, sdc, due = after - before, 0.0, 0.0
    for weight, joint in world.strata:
        hurt = joint.mild + (1 - joint.mild) * joint.apart
        effects = []
        for golden, alone in zip(world.golden, (joint.first, joint.second), strict=True):
            dead = joint.both + alone
            lost = golden * (dead + (1 - dead) * hurt)
            gained = (1 - golden) * dead * (1 - joint.due) * world.gains
            silent = dead * (1 - joint.due) + (1 - dead) * hurt
            effects.append((gained - lost, silent, dead * joint.due))
        metric += weight * (effects[1][0] - effects[0][0])
        sdc += weight * (effects[1][1] - effects[0][1])
        due += weight * (effects[1][2] - effects[0][2])
    return metric, sdc, due


WORLDS: dict[str, World] = {
    "the same model twice": World(
        ((0.40, Joint(0.001, mild=0.02)), (0.35, Joint(0.35, mild=0.1)), (0.2, Joint(0.6)))
    ),
    "the same, low rate": World(
        ((0.2, Joint(mild=0.004)), (0.028, Joint(0.4, mild=0.1)), (0.0005, Joint(0.7)))
    ),
    "equal means, nothing shared": World(
        ((0.40, Joint(0, 0.01, 0.01, 0, 0.02)), (0.55, Joint(0.0, 0.3, 0.3, 0.0, 0.05)))
    ),
    "equal means, half shared": World(
        ((0.40, Joint(0.01, 0.01, 0.01, 0.02)), (0.55, Joint(0.2, 0.1, 0.1, 0.05, 0.02)))
    ),
    "nothing ever happens": World(((0.9, Joint()), (0.08, Joint()))),
    "clipping helps": World(
        ((0.40, Joint(0.0, 0.01, 0.0, 0.02)), (0.35, Joint(0.05, 0.5, 0.0, 0.05, 0.01, 0.3)))
    ),
    "clipping helps, one image": World(
        ((0.40, Joint(0.0, 0.01, 0.0, 0.02)), (0.35, Joint(0.05, 0.5, 0.0, 0.05, 0.01, 0.3))),
        images=1,
    ),
    "one pattern in 500 differs": World(
        ((0.9, Joint(0.2, 0.002, 0.0, 0.02)), (0.05, Joint(0.5, 0.002, 0.0)))
    ),
    "one in 500 differs, one image": World(
        ((0.9, Joint(0.2, 0.002, 0.0, 0.02)), (0.05, Joint(0.5, 0.002, 0.0))), images=1
    ),
    "second is worse, rarely": World(((0.9, Joint(0.05, 0.0, 0.004, 0.01, 0.0, 0.5)),)),
    "gains, other fault-free metric": World(
        ((0.5, Joint(0.3, 0.2, 0.02, 0.05)), (0.3, Joint(0.6, 0.3, 0.0, 0.05))),
        golden=(0.7, 0.65),
        gains=0.1,
    ),
    "perfect clipping": World(
        ((0.40, Joint(first=0.01)), (0.35, Joint(first=0.5, due=0.3))), golden=(0.9, 0.9), images=1
    ),
    "everything fails, or nothing": World(
        ((0.1, Joint(first=0.01)), (0.9, Joint(0.05, 0.94, 0.0, 0.02, 0.0, 0.3))),
        golden=(0.8, 0.78),
        gains=0.1,
        images=1,
    ),
    "everything fails, the same right": World(
        ((0.1, Joint(first=0.01)), (0.9, Joint(0.05, 0.94, 0.0, 0.02, 0.0, 0.3))),
        golden=(0.8, 0.8),
        gains=0.1,
        images=1,
    ),
    "gains, one image, small difference": World(
        ((0.5, Joint(0.3, 0.01, 0.005, 0.05)), (0.3, Joint(0.6, 0.02, 0.0, 0.05))),
        golden=(0.9, 0.92),
        gains=0.1,
        images=1,
    ),
}

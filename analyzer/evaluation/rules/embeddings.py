"""Decisions of models that answer with an embedding: a vector of which the direction counts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.facts import SEVERAL, UNIT_MARGIN, OutputFacts
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

Vectors = npt.NDArray[np.float64]

DISTANCE = 0.1
ROUNDING = 1e-9
"""Cosines that differ by less are equal."""


@dataclass(frozen=True, slots=True)
class Cosine:
    """An image is answered differently if its vector turns away from golden's.

    Attributes:
        distance: The cosine distance (1 less the cosine of the angle) that is still the same,
            from 0 to 2.
    """

    distance: float = DISTANCE

    name = "embedding"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        return {"distance": self.distance}

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        return (
            f"embedding; an image differs if its cosine distance to golden's is above "
            f"{self.distance:g}"
        )

    def decide(self, outputs: Outputs, images: int) -> Vectors:
        """As in `DecisionRule`: float64 (images, dimensions), of length 1."""
        return _golden_directions(outputs, images)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        before = cast(Vectors, golden.decisions)
        after = directions(outputs[0], golden.images)
        if after is None or after.shape != before.shape:
            return np.ones(golden.images, bool)
        # Half the squared distance of unit vectors: exactly 0 of equal ones.
        turned = 0.5 * ((after - before) ** 2).sum(axis=1)
        return np.asarray(~(turned <= self.distance))  # NaN has turned


@dataclass(frozen=True, slots=True)
class NearestNeighbour:
    """An image is answered differently if another vector of a gallery becomes the nearest.

    Attributes:
        gallery: float64 (entries, dimensions), golden's directions of the whole data set. Without
            faults each image is its own neighbour, or its twin's. None: not known yet, see
            `fitted`.
    """

    gallery: Vectors | None = field(default=None, repr=False, compare=False)

    name = "neighbour"

    @property
    def needs_outputs(self) -> bool:
        """True while the gallery is not known, which is made from golden's outputs."""
        return self.gallery is None

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        if self.gallery is None:
            return {}
        digest = hashlib.sha256(self.gallery.tobytes()).hexdigest()
        return {"gallery": len(self.gallery), "gallery-sha256": digest}

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        count = "all" if self.gallery is None else str(len(self.gallery))
        return (
            f"nearest of {count} golden embeddings by cosine; an image differs if another one "
            "becomes the nearest"
        )

    def fitted(self, golden: Sequence[Outputs]) -> "NearestNeighbour":
        """The rule with golden's vectors of every batch as its gallery.

        Args:
            golden: the judged outputs of every batch, without faults.
        """
        vectors = [_golden_directions(outputs, len(outputs[0])) for outputs in golden]
        return NearestNeighbour(np.concatenate(vectors))

    def decide(self, outputs: Outputs, images: int) -> npt.NDArray[np.int64]:
        """As in `DecisionRule`: int64 (images,), the place in the gallery, 0 without one."""
        found = _golden_directions(outputs, images)
        if self.gallery is None:
            return np.zeros(images, np.int64)
        places: npt.NDArray[np.int64] = (found @ self.gallery.T).argmax(axis=1)
        return places

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        after = directions(outputs[0], golden.images)
        gallery = self._gallery()
        if after is None or after.shape[1] != gallery.shape[1]:
            return np.ones(golden.images, bool)
        cosines = after @ gallery.T
        own = cosines[np.arange(golden.images), golden.decisions]
        # Twins in the gallery are equally near, whichever of them rounding prefers.
        return np.asarray(~(own >= cosines.max(axis=1) - ROUNDING))  # NaN is near to none

    def _gallery(self) -> Vectors:
        assert self.gallery is not None, "a rule is fitted before it decides"
        return self.gallery


def directions(vectors: npt.NDArray[Any], images: int) -> Vectors | None:
    """Vectors scaled to length 1: float64 (images, dimensions); NaN for those without a direction.

    Args:
        vectors: numbers (images, dimensions), further axes of length 1 allowed.
        images: how many of the rows count.

    Returns:
        None if there is no vector per image.
    """
    if vectors.ndim < 2 or len(vectors) < images or vectors.dtype.kind != "f":
        return None
    if vectors.shape[1] != vectors[:1].size:
        return None
    rows = vectors[:images].reshape(images, -1).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        # Scaled by the largest number first: squares of float32 may leave no range of float64,
        # those of float64 do.
        rows = rows / np.abs(rows).max(axis=1, initial=0, keepdims=True)
        return np.asarray(rows / np.sqrt((rows**2).sum(axis=1, keepdims=True)))


def _golden_directions(outputs: Outputs, images: int) -> Vectors:
    found = directions(outputs[0], images)
    if found is None:
        raise GoldenFailed(
            f"an output of shape {outputs[0].shape} is no embedding (images, dimensions); name "
            "another rule by --task"
        )
    if np.isnan(found).any():
        raise GoldenFailed("an embedding has no direction: it is 0, or not finite")
    return found


EMBEDDING_WORDS = ("embed", "feature", "descriptor", "pooler", "sentence_vec")
FEWEST = 16


def suits(facts: OutputFacts) -> Cosine | str:
    """The rule for embeddings, or why the outputs are none. See `Recognizer`.

    A row of 16 numbers or more per image is an embedding if its name says so, or if all rows have
    length 1 and numbers below 0.
    """
    if len(facts.outputs) != 1:
        return SEVERAL
    found = directions(facts.outputs[0], facts.images)
    if found is None or found.shape[1] < FEWEST or np.isnan(found).any():
        return f"no embeddings: not {FEWEST} real numbers or more per image"
    rows = facts.outputs[0].reshape(facts.images, -1).astype(np.float64)
    scaled = np.abs((rows**2).sum(axis=1) - 1).max(initial=0) <= 10 * UNIT_MARGIN
    if facts.named(0, *EMBEDDING_WORDS) or (scaled and (rows < 0).any()):
        return Cosine()
    return "no embeddings: its rows do not have length 1, nor does its name say so"

"""Decisions of models that answer with an embedding: a vector of which the direction counts."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.facts import UNIT_MARGIN, OutputFacts
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Outputs

Vectors = npt.NDArray[np.float64]

DISTANCE = 0.1
NOWHERE = -1
"""Place in the gallery of a vector without a direction."""


@dataclass(frozen=True, slots=True)
class Cosine:
    """An image is answered differently if its vector turns away from golden's.

    Attributes:
        output: Position of the output with a vector per image.
        distance: The cosine distance (1 less the cosine of the angle) that is still the same,
            from 0 to 2.
    """

    output: int = 0
    distance: float = DISTANCE

    name = "embedding"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        return {"output": self.output, "distance": self.distance}

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        return (
            f"embedding in output {self.output}; an image differs if its cosine distance to "
            f"golden's is above {self.distance:g}"
        )

    def decide(self, outputs: Outputs, images: int) -> Vectors:
        """As in `DecisionRule`: float64 (images, dimensions), of length 1."""
        return _golden_directions(outputs, self.output, images)

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        before = cast(Vectors, golden.decisions)
        after = directions(outputs[self.output], golden.images)
        if after is None or after.shape != before.shape:
            return np.ones(golden.images, bool)
        # Half the squared distance of unit vectors: exactly 0 of equal ones.
        turned = 0.5 * ((after - before) ** 2).sum(axis=1)
        return np.asarray(~(turned <= self.distance))  # NaN has turned


@dataclass(frozen=True, slots=True)
class NearestNeighbour:
    """An image is answered differently if another vector of a gallery becomes the nearest.

    Attributes:
        gallery: float (entries, dimensions), golden's vectors, fixed before the first trial. With
            the vectors of the images themselves among them each is its own neighbour without
            faults.
        output: Position of the output with a vector per image.
    """

    gallery: npt.NDArray[Any] = field(repr=False)
    output: int = 0

    name = "neighbour"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str | int | float | bool]:
        """As in `DecisionRule`."""
        digest = hashlib.sha256(np.ascontiguousarray(self.gallery).tobytes()).hexdigest()
        return {"output": self.output, "gallery": len(self.gallery), "gallery-sha256": digest}

    def sentence(self) -> str:
        """As in `DecisionRule`."""
        return (
            f"nearest by cosine of {len(self.gallery)} embeddings to that in output "
            f"{self.output}; an image differs if another one becomes the nearest"
        )

    def decide(self, outputs: Outputs, images: int) -> npt.NDArray[np.int64]:
        """As in `DecisionRule`: int64 (images,), the place in the gallery."""
        return self._nearest(_golden_directions(outputs, self.output, images))

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """As in `DecisionRule`."""
        after = directions(outputs[self.output], golden.images)
        if after is None or after.shape[1] != self.gallery.shape[1]:
            return np.ones(golden.images, bool)
        return np.asarray(self._nearest(after) != golden.decisions)

    def _nearest(self, vectors: Vectors) -> npt.NDArray[np.int64]:
        gallery = directions(self.gallery, len(self.gallery))
        assert gallery is not None, "a gallery is made from golden's vectors"
        places = (vectors @ gallery.T).argmax(axis=1)
        return np.where(np.isnan(vectors).any(axis=1), NOWHERE, places)


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


def _golden_directions(outputs: Outputs, output: int, images: int) -> Vectors:
    found = directions(outputs[output], images)
    if found is None:
        raise GoldenFailed(f"output {output} is no embedding: not (images, dimensions)")
    if np.isnan(found).any():
        raise GoldenFailed(f"output {output} is an embedding without a direction: it is 0")
    return found


EMBEDDING_WORDS = ("embed", "feature", "descriptor", "pooler", "sentence_vec")
FEWEST = 16


def suits(facts: OutputFacts) -> Cosine | str:
    """The rule for embeddings, or why the outputs are none. See `Recognizer`.

    A row of 16 numbers or more per image is an embedding if its name says so, or if all rows have
    length 1 and numbers below 0.
    """
    for output, values in enumerate(facts.outputs):
        found = directions(values, facts.images)
        if found is None or found.shape[1] < FEWEST or np.isnan(found).any():
            continue
        rows = values[: facts.images].reshape(facts.images, -1).astype(np.float64)
        scaled = np.abs((rows**2).sum(axis=1) - 1).max(initial=0) <= 10 * UNIT_MARGIN
        if facts.named(output, *EMBEDDING_WORDS) or (scaled and (rows < 0).any()):
            return Cosine(output)
    return "no output is a row of numbers of length 1 per image, nor is one named as an embedding"

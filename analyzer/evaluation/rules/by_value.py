"""Answers that are no tensors of numbers: maps of scores, strings, sequences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from analyzer.answers import same_values
from analyzer.errors import GoldenFailed
from analyzer.evaluation.rules.remarks import images_of, one_answer
from analyzer.evaluation.rules.rule import Bools, GoldenDecisions, Ints, Outputs

Objects = npt.NDArray[np.object_]


def holds_maps(values: npt.NDArray[Any]) -> bool:
    """True for maps from classes to scores, one per image, as ``ZipMap`` makes them."""
    return (
        values.dtype.hasobject
        and values.ndim == 1
        and len(values) > 0
        and all(isinstance(v, Mapping) and v for v in values)
        and all(isinstance(x, float | np.floating) for v in values for x in v.values())
    )


@dataclass(frozen=True, slots=True)
class MapScores:
    """The key of the highest score in the map of each image; of equal scores the first key."""

    name = "map-scores"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """None."""
        return {}

    def sentence(self) -> str:
        """The rule in words."""
        return "key of the highest score in the map of each image"

    def decide(self, outputs: Outputs, images: int) -> Objects:
        """The key of each image, (images,); see `DecisionRule.decide`."""
        return _column(self._ranked(outputs, images))

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): another key."""
        try:
            found = self.decide(outputs, golden.images)
        except GoldenFailed:
            return np.ones(golden.images, bool)
        return np.array([a != b for a, b in zip(found, golden.decisions, strict=True)], bool)

    def remark(self, golden: Sequence[GoldenDecisions]) -> str:
        """One key for all images; see `RemarkingRule.remark`."""
        found = {key for batch in golden for key in batch.decisions.tolist()}
        return one_answer(found, images_of(golden), f"key {next(iter(found), '')!r}")

    def predicted(self, outputs: Outputs, images: int, count: int) -> Ints:
        """The keys of the highest scores, the best one first.

        Args:
            outputs: as `decide` takes them.
            images: how many images they answer.
            count: how many keys per image.

        Returns:
            int64 (images, at most ``count``).

        Raises:
            GoldenFailed: keys are no integers, or maps differ in length.
        """
        ranked = [keys[:count] for keys in self._ranked(outputs, images)]
        if not all(isinstance(key, int | np.integer) for keys in ranked for key in keys):
            raise GoldenFailed("the keys of the maps are names, and labels number classes")
        try:
            return np.array(ranked, np.int64).reshape(images, -1)
        except ValueError as error:
            raise GoldenFailed("the maps of several images differ in length") from error

    def class_count(self, outputs: Outputs, images: int) -> None:
        """None: keys need not number classes from 0."""

    def _ranked(self, outputs: Outputs, images: int) -> list[list[Any]]:
        """The keys of each image, the highest score first."""
        values = outputs[0]
        if values.shape != (images,) or not holds_maps(values):
            raise GoldenFailed("the output is no map from classes to scores for each image")
        return [sorted(found, key=lambda key: -float(found[key])) for found in values]


def _column(ranked: list[list[Any]]) -> Objects:
    """The first key of each image, as an array of objects."""
    found = np.empty(len(ranked), object)
    found[:] = [keys[0] for keys in ranked]
    return found


@dataclass(frozen=True, slots=True)
class ByValue:
    """Strings, sequences and maps: equal contents are the same answer."""

    name = "by-value"
    needs_outputs = False

    @property
    def parameters(self) -> Mapping[str, str]:
        """None."""
        return {}

    def sentence(self) -> str:
        """The rule in words."""
        return "contents as they are: changed if any of an image differs"

    def decide(self, outputs: Outputs, images: int) -> npt.NDArray[Any]:
        """The contents, (images, ...); see `DecisionRule.decide`."""
        values = outputs[0]
        if values.shape[:1] != (images,):
            raise GoldenFailed("the output has no row per image")
        return values

    def changed(self, golden: GoldenDecisions, outputs: Outputs) -> Bools:
        """Bool (images,): other contents."""
        found, before = outputs[0], golden.decisions
        if found.shape != before.shape:
            return np.ones(golden.images, bool)
        return np.array([not same_values(a, b) for a, b in zip(found, before, strict=True)], bool)

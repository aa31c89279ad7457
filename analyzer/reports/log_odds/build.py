"""Models that were judged -> cells, means, effects: the record's figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.reports.log_odds.record import (
    CellPart,
    EffectPart,
    JudgedModelPart,
    LinePart,
    MeanLogOddsPart,
)
from analyzer.stats.log_odds import (
    Matrix,
    correction,
    fitted_line,
    mean_over_sets,
    without_difficulty,
)

Judged = Mapping[tuple[str, str, str], Sequence[JudgedModelPart]]
"""Method, data set, variant -> its models; every combination has at least one."""

Figure = Callable[[JudgedModelPart], float]


@dataclass(frozen=True, slots=True)
class Study:
    """Judged models by method, data set and variant.

    Attributes:
        methods: Names, in the order of the list.
        datasets: Names.
        variants: Names, the one that others are compared with first.
        judged: The models.
        confidence: Coverage of each interval, a fraction.
    """

    methods: Sequence[str]
    datasets: Sequence[str]
    variants: Sequence[str]
    judged: Judged
    confidence: float

    def log_odds(self, variant: str) -> Matrix:
        """float64 (methods, data sets): means over the models of each cell."""
        return self._table(variant, lambda model: model.log_odds)

    def accuracy(self, variant: str) -> Matrix:
        """float64 (methods, data sets), fractions."""
        return self._table(variant, lambda model: model.accuracy)

    def _table(self, variant: str, of: Figure) -> Matrix:
        return np.array(
            [
                [
                    np.mean([of(model) for model in self.judged[m, d, variant]])
                    for d in self.datasets
                ]
                for m in self.methods
            ]
        )

    def cells(self) -> list[CellPart]:
        """Every combination, variant by variant."""
        return [part for variant in self.variants for part in self._cells(variant)]

    def _cells(self, variant: str) -> list[CellPart]:
        values, accuracy = self.log_odds(variant), self.accuracy(variant)
        adjusted = without_difficulty(values)
        return [
            CellPart(
                method=method,
                dataset=dataset,
                variant=variant,
                models=list(self.judged[method, dataset, variant]),
                accuracy=float(accuracy[row, column]),
                log_odds=float(values[row, column]),
                adjusted=float(adjusted[row, column]),
            )
            for row, method in enumerate(self.methods)
            for column, dataset in enumerate(self.datasets)
        ]

    def means(self) -> list[MeanLogOddsPart]:
        """Every method in every variant, over data sets."""
        return [
            self._mean(row, method, variant)
            for row, method in enumerate(self.methods)
            for variant in self.variants
        ]

    def _mean(self, row: int, method: str, variant: str) -> MeanLogOddsPart:
        values = self.log_odds(variant)
        mean, error, low, high = float(values[row].mean()), None, None, None
        if len(self.methods) > 1:
            scale = correction(len(self.methods))
            part = mean_over_sets(without_difficulty(values)[row], self.confidence, scale)
            error = part.error
            if part.low is not None and part.high is not None:
                low, high = mean + part.low - part.mean, mean + part.high - part.mean
        return MeanLogOddsPart(
            method=method,
            variant=variant,
            log_odds=mean,
            error=error,
            low=low,
            high=high,
            accuracy=float(self.accuracy(variant)[row].mean()),
        )

    def effects(self) -> list[EffectPart]:
        """Every further variant less the first, which removes the difficulty by itself."""
        return [
            self._effect(row, method, variant)
            for row, method in enumerate(self.methods)
            for variant in self.variants[1:]
        ]

    def _effect(self, row: int, method: str, variant: str) -> EffectPart:
        first = self.variants[0]
        changes = (self.log_odds(variant) - self.log_odds(first))[row]
        part = mean_over_sets(changes, self.confidence, 1.0)
        before, after = self.accuracy(first)[row], self.accuracy(variant)[row]
        lost = np.divide(before - after, before, out=np.zeros_like(before), where=before > 0.0)
        return EffectPart(
            method=method,
            variant=variant,
            log_odds=part.mean,
            error=part.error,
            low=part.low,
            high=part.high,
            relative_loss=float(lost.mean()),
        )

    def line(self, places: Mapping[str, float]) -> LinePart | None:
        """The line through the means of the first variant.

        Args:
            places: of each method on the horizontal axis; empty: there is no line.
        """
        if not places:
            return None
        x = np.array([places[method] for method in self.methods])
        found = fitted_line(x, self.log_odds(self.variants[0]).mean(axis=1))
        if found is None:
            return None
        return LinePart(slope=found.slope, intercept=found.intercept, explained=found.explained)

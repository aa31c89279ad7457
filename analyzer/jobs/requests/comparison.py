"""Request for a comparison: several models, or protections of one model, under the same faults."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from analyzer.errors import BadOption
from analyzer.faults.protections import NONE, Protection
from analyzer.gate.difference import AnyCondition
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Model
from analyzer.jobs.requests.campaigns import RatesRequest, rates_to_decide
from analyzer.reports.formats import RecordKind


class ComparisonRequest(RatesRequest):
    """A comparison of several models, or of protections of a model, under the same faults.

    Attributes:
        models: The models; the first is the reference.
        protect: The protection of the memory of each model; one: of all. Of a single model: the
            protections that are compared with none.
        gate: Conditions on differences from the reference, or on figures of the other models.
        waivers: File of conditions that are excused for a while.
        until: ``precision``, or ``gate``: a rate with a gate ends once the gate is decided.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.COMPARISON

    models: Annotated[tuple[Model, ...], Field(exclude=True)]
    gate: fields.ComparisonGates = ()
    waivers: Path | None = None
    until: fields.Until = "precision"
    protect: fields.Protections = ()

    @property
    def swept(self) -> tuple[float, ...]:
        """Rates that were asked for; of a comparison that only decides gates, else those of gates.

        Raises:
            BadOption: there is nothing to decide.
        """
        if self.until == "precision":
            return self.rates
        return rates_to_decide(self)

    def check(self) -> None:
        """Refuse a request that compares nothing.

        Raises:
            BadOption: see `entries`.
        """
        _ = self.entries

    @property
    def entries(self) -> list[tuple[Model, Protection]]:
        """Each model with its protection, the reference first.

        Raises:
            BadOption: there is nothing to compare, or models and protections do not match.
        """
        models, protections = list(self.models), list(self.protect)
        if len(models) == 1 and protections:
            if protections[0] is not NONE:
                protections.insert(0, NONE)
            models *= len(protections)
        if len(models) < 2:
            raise BadOption(
                "relcheck compare takes two models or more, the first is the reference; or one "
                "model, and protections of its memory by --protect"
            )
        if len(protections) < 2:
            protections = (protections or [NONE]) * len(models)
        if len(protections) != len(models):
            raise BadOption(
                f"--protect is given {len(protections)} times for {len(models)} models; give it "
                "once for all models, or once for each, --protect none included"
            )
        return list(zip(models, protections, strict=True))

    @property
    def conditions(self) -> tuple[AnyCondition, ...]:
        """Gates of the comparison."""
        return self.gate

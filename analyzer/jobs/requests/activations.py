"""Requests that measure the activations of models."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from analyzer.campaign.plan import Exposure
from analyzer.errors import BadOption
from analyzer.faults.models import FLIP
from analyzer.faults.rates import parse_rates
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Model, SpaceRequest
from analyzer.reports.formats import RecordKind

DEFAULT_RATES = parse_rates("1e-7,1e-6,3e-5")
"""Those of Fig. 8 of Milazzo et al., IEEE Access 2025."""

NO_RATES = "none"
"""In place of rates: activations without faults alone."""


def _no_rates(value: Any) -> Any:
    """Rates as every command takes them, or the word for none of them."""
    if value == NO_RATES or value == ():
        return ()
    return fields.as_rates(value)


class ActivationsRequest(SpaceRequest):
    """Models whose activations are measured, without faults and at bit error rates.

    Attributes:
        models: The models; those behind the first meet its faults where bits correspond.
        rates: Bit error rates; none: without faults alone.
        exposure: A new pattern for each batch, or one for the whole data set.
        fault: What one upset does.
        thresholds: File of thresholds for activations that the model does not bound itself.
        precision: Half-width of the interval of each share at which a rate is done, as a fraction.
        confidence: Coverage of each interval, as a fraction.
        budget: CPU seconds that may be spent.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.ACTIVATIONS

    models: Annotated[tuple[Model, ...], Field(exclude=True)]
    rates: Annotated[tuple[float, ...], BeforeValidator(_no_rates)] = DEFAULT_RATES
    exposure: fields.Exposure = Exposure.TRANSIENT
    fault: fields.Fault = FLIP
    thresholds: Path | None = None
    precision: fields.Precision = 0.05
    confidence: fields.Confidence = 0.95
    budget: fields.Seconds = 600.0

    @property
    def data_files(self) -> list[Path]:
        """The files and folders that are read, the thresholds among them."""
        return [*super().data_files, *([self.thresholds] if self.thresholds else [])]

    def check(self) -> None:
        """Refuse a request without a model.

        Raises:
            BadOption: there is none.
        """
        if not self.models:
            raise BadOption("relcheck activations takes one model or more")

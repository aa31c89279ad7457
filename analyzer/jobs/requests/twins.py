"""Requests that make a twin of a model: hardened or quantized."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, get_args

from pydantic import BeforeValidator, Field

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import JudgedRequest, Model
from analyzer.jobs.requests.campaigns import DEFAULT_RATES
from analyzer.jobs.requests.words import spelled
from analyzer.reports.formats import RecordKind
from exporters.hardening import mitigations
from exporters.quantize.ranges import Method as Calibration

SEARCH_OPTIONS = (
    *("rates", "iterations", "patterns", "seed", "encoding"),
    *("metric", "budget", "cache", "state"),
)
"""Fields that matter to the search of bounds alone."""


def _as_method(value: Any) -> str:
    """The name of the mitigation of a word.

    Raises:
        BadOption: there is no such mitigation.
    """
    return mitigations.find_mitigation(str(value)).name


def _as_calibration(value: Any) -> Any:
    """The calibration of a word.

    Raises:
        BadOption: there is no such calibration.
    """
    known = get_args(Calibration)
    if found := spelled(str(value), known):
        return found
    raise BadOption(
        f"--calibration {value!r} is unknown{meant(str(value), known)}; use {', '.join(known)}"
    )


class HardenRequest(JudgedRequest):
    """A model whose activations are to be bounded.

    Attributes:
        model: The float model.
        out: File for the hardened model; None: it is only returned.
        method: Name of the mitigation.
        thresholds: File of bounds to be used; None: bounds follow from the data.
        save_thresholds: File for the bounds.
        rates: Bit error rates at which a search scores bounds.
        iterations: Narrowings of each bound in a search, at most.
        patterns: Fault patterns of each layer in a search, about.
        encoding: How values are held in the memory whose bits a search flips.
        metric: Name of the metric by which a search scores; None: by the data.
        budget: CPU seconds after which a search begins no bound; None: no limit.
        cache: Bytes that a search may take for values.
        state: File that keeps what a search found; None: beside ``out``.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.HARDENING

    model: Annotated[Model, Field(exclude=True)]
    out: Path | None = None
    method: Annotated[str, BeforeValidator(_as_method)]
    thresholds: Path | None = None
    save_thresholds: Path | None = None
    rates: fields.Rates = DEFAULT_RATES
    iterations: Annotated[int | None, Field(ge=1, le=100)] = None
    patterns: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    encoding: fields.Encoding = "stored"
    metric: fields.Metric = None
    budget: fields.Seconds | None = None
    cache: fields.Bytes = 2 << 30
    state: Path | None = None

    @property
    def searches(self) -> bool:
        """True if bounds are searched under faults."""
        return (
            "state" in mitigations.find_mitigation(self.method).options and self.thresholds is None
        )

    @property
    def state_file(self) -> Path | None:
        """The file that keeps what a search found; None: nothing does."""
        if self.state or self.out is None:
            return self.state
        return self.out.with_name(f"{self.out.name}.search.json")

    def check(self) -> None:
        """Refuse options that contradict the method.

        Raises:
            BadOption: the method lacks data or thresholds, or an option is of no use to it.
        """
        names = (*SEARCH_OPTIONS, "data", "thresholds", "save_thresholds")
        given = {n for n in names if n in self.model_fields_set and getattr(self, n) is not None}
        dashed = frozenset(name.replace("_", "-") for name in given)
        from exporters.hardening.harden import check_options

        check_options(mitigations.find_mitigation(self.method), dashed, mitigations.MITIGATIONS)


class QuantizeRequest(JudgedRequest):
    """A model that is to be quantized to int8.

    Attributes:
        model: The float32 model.
        out: File for the quantized model; None: it is only returned.
        calibration: How ranges of activations follow from the data.
        per_channel: One scale of weights per output channel instead of one per tensor.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.QUANTIZATION

    model: Annotated[Model, Field(exclude=True)]
    out: Path | None = None
    calibration: Annotated[Calibration, BeforeValidator(_as_calibration)] = "histogram"
    per_channel: bool = True

"""Requests that run campaigns: sweeps over rates, vulnerability maps, comparisons."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from analyzer.campaign.plan import Exposure
from analyzer.campaign.tasks import WHOLE
from analyzer.errors import BadOption
from analyzer.faults.models import FLIP
from analyzer.faults.protections import NONE
from analyzer.faults.rates import parse_rates
from analyzer.gate import Condition
from analyzer.gate.difference import AnyCondition
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Model, SpaceRequest
from analyzer.jobs.requests.protocols import PROTOCOLS, with_protocol
from analyzer.jobs.requests.words import reads_one_of
from analyzer.reports.formats import RecordKind

DEFAULT_RATES = parse_rates("1e-7..3e-5")


class Purpose(StrEnum):
    """The command that writes a journal: blocks of different commands do not mix."""

    RUN = "run"
    MAP = "map"
    TARGET = "target"


class CampaignRequest(SpaceRequest):
    """Trials under faults, of any model.

    Attributes:
        fault: What one upset does.
        exposure: A new pattern for each batch, or one for the whole data set.
        metric: Name of the metric, or ``module.py:function``; None: by the data.
        task: The decision rule, ``NAME``, ``NAME:field=value`` or ``module.py:function``; None:
            found from the model.
        output: Name of the output that is judged, several with commas; None: all.
        expect: Figures that the fault-free model must have.
        severity: File that says which confusions of classes are critical; None: nothing does.
        precision: Half-width of an interval at which its part is done, as a fraction.
        confidence: Coverage of each interval, as a fraction.
        budget: CPU seconds that may be spent.
        jobs: Worker processes; None: one per core; 0: none, trials run in this process.
        cache: Bytes for golden values and copies of weights, of all workers together.
        cluster: Address of a Dask scheduler; None: trials run on this machine.
        journal: File, or folder in comparisons, that keeps finished work; None: in the user's
            cache folder.
        shard: Share of the trials that is run.
    """

    fault: fields.Fault = FLIP
    exposure: fields.Exposure = Exposure.TRANSIENT
    metric: fields.Metric = None
    task: fields.Task = None
    output: str | None = None
    expect: fields.Expectations = ()
    severity: Path | None = None
    precision: fields.Precision = 0.01
    confidence: fields.Confidence = 0.95
    budget: fields.Seconds = 600.0
    jobs: int | None = Field(default=None, ge=0)
    cache: fields.Bytes = 2 << 30
    cluster: fields.Cluster = None
    journal: fields.JournalPlace = None
    shard: fields.Shard = WHOLE

    @property
    def swept(self) -> tuple[float, ...]:
        """Bit error rates of the campaign; none in a map."""
        return ()

    @property
    def conditions(self) -> tuple[AnyCondition, ...]:
        """Gates of the campaign."""
        return ()

    @property
    def data_files(self) -> list[Path]:
        """The files and folders that are read, the table of critical confusions among them."""
        return [*super().data_files, *([self.severity] if self.severity else [])]

    @property
    def inline(self) -> bool:
        """True if trials run in this process."""
        return self.cluster is None and self.jobs == 0

    @property
    def worker_count(self) -> int:
        """Worker processes: as asked, or one per core that this process may use."""
        return self.jobs or len(os.sched_getaffinity(0))

    def golden_cache(self, weights: int) -> int:
        """Bytes that golden values may take: the rest beside copies of weights, or a quarter.

        Args:
            weights: bytes that faults change; one copy is golden, and every worker has its own.

        >>> asked = CampaignRequest(cache=512, jobs=2)
        >>> [asked.golden_cache(weights) for weights in (0, 97, 500)]
        [512, 221, 128]
        """
        return max(self.cache // 4, self.cache - (1 + self.worker_count) * weights)


class RatesRequest(CampaignRequest):
    """A campaign over bit error rates."""

    rates: fields.Rates = DEFAULT_RATES

    @property
    def swept(self) -> tuple[float, ...]:
        """Bit error rates of the campaign."""
        return self.rates


def rates_to_decide(request: RatesRequest) -> tuple[float, ...]:
    """The rates of a campaign that decides gates: those that were asked for, else those of gates.

    Raises:
        BadOption: there is nothing to decide.
    """
    if not request.conditions:
        raise BadOption("--until gate needs a --gate to decide")
    if "rates" in request.model_fields_set:
        return request.rates
    return tuple(sorted({c.rate for c in request.conditions}))


class SweepRequest(RatesRequest):
    """A sweep of one model.

    Attributes:
        model: The model.
        protect: The protection of the memory.
        gate: Conditions that decide between pass and fail.
        waivers: File of conditions that are excused for a while.
        until: ``precision``, or ``gate``: a rate with a gate ends once the gate is decided.
        protocol: Published protocol whose settings are the default, and whose repetitions are run
            beside the sweep.
    """

    purpose: ClassVar[Purpose] = Purpose.RUN
    writes: ClassVar[RecordKind | None] = RecordKind.RUN

    model: Annotated[Model, Field(exclude=True)]
    protect: fields.Protect = NONE
    gate: fields.Gates = ()
    waivers: Path | None = None
    until: fields.Until = "precision"
    protocol: Annotated[str | None, BeforeValidator(reads_one_of(PROTOCOLS))] = None

    @model_validator(mode="before")
    @classmethod
    def _take_protocol(cls, given: Any) -> Any:
        """Take the settings of a protocol where no others are given."""
        return with_protocol(given)

    @model_validator(mode="after")
    def _check_protocol(self) -> "SweepRequest":
        """Refuse patterns that stay, and a campaign that ends with its gates.

        Raises:
            BadOption: the settings contradict the protocol.
        """
        if self.protocol and self.exposure is not Exposure.TRANSIENT:
            raise BadOption(
                f"--protocol {self.protocol} draws new faults for each batch; leave --exposure "
                f"{self.exposure} out"
            )
        if self.protocol and self.until == "gate":
            raise BadOption(
                f"--protocol {self.protocol} repeats the whole data set at every rate; leave "
                "--until gate out"
            )
        return self

    @model_validator(mode="before")
    @classmethod
    def _refuse_to_enumerate(cls, given: Any) -> Any:
        """Refuse to run every pattern.

        Raises:
            BadOption: the settings ask for it.
        """
        if given.get("exhaustive"):
            raise BadOption(
                "--exhaustive goes with a --target, or with relcheck map: a sweep draws patterns "
                "of many upsets, which nobody can enumerate"
            )
        return {name: value for name, value in given.items() if name != "exhaustive"}

    @property
    def swept(self) -> tuple[float, ...]:
        """Rates that were asked for; of a campaign that only decides gates, else those of gates.

        Raises:
            BadOption: there is nothing to decide, or a share cannot decide it.
        """
        if self.until == "precision":
            return self.rates
        if self.shard.count > 1:
            raise BadOption("--until gate judges all trials together; a --shard has but a share")
        return rates_to_decide(self)

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Gates of the campaign."""
        return self.gate


class MapRequest(CampaignRequest):
    """A vulnerability map of one model.

    Attributes:
        model: The model.
        protect: The protection of the memory.
        precision: Its margin: half the width of a tensor's intervals when the tensor is done.
        exhaustive: Whether every upset is to meet every image.
        gate: Conditions on what one upset does, anywhere or in a part of the memory.
        waivers: File of conditions that are excused for a while.
    """

    purpose: ClassVar[Purpose] = Purpose.MAP
    writes: ClassVar[RecordKind | None] = RecordKind.MAP

    model: Annotated[Model, Field(exclude=True)]
    protect: fields.Protect = NONE
    precision: fields.Precision = Field(default=0.01, alias="margin")
    confidence: fields.Confidence = 0.99
    exhaustive: bool = False
    gate: fields.MapGates = ()
    waivers: Path | None = None

    def check(self) -> None:
        """Refuse to enumerate what has shares.

        Raises:
            BadOption: the upsets of a mixture are to be enumerated.
        """
        if self.exhaustive and self.fault.parts:
            raise BadOption(
                "--exhaustive takes every site once, and a mixture has several kinds of upset with "
                "shares of their own there; map each kind by itself, or leave the option out"
            )

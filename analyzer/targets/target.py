"""A deployment target: memories, their raw rates, events, protections, windows, and budgets.

A target crosses a file boundary (TOML), so its records are pydantic models; the published JSON
Schema is derived from them.
"""

import json
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from analyzer.errors import UsageError
from analyzer.faults.models import parse_fault
from analyzer.faults.protections import parse_protection

FORMAT_VERSION: Literal["1.0"] = "1.0"


class TargetRecord(BaseModel):
    """A part of a target; it never changes, and holds nothing that is not listed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _parsed(parse: Callable[[str], object]) -> AfterValidator:
    """Keeps text that can be read, in its usual form."""

    def check(text: str) -> str:
        try:
            return str(parse(text))
        except UsageError as error:
            raise ValueError(str(error)) from error

    return AfterValidator(check)


Standing = Literal["seen", "second-hand", "assumed", "measured"]
"""The worth of a figure: read in its source, quoted by others, supposed, or the user's own."""

Rate = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
Hours = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
Events = Annotated[str, _parsed(parse_fault)]
Protection = Annotated[str, _parsed(lambda text: parse_protection(text).name)]


class Region(TargetRecord):
    """A memory, and the tensors that lie in it.

    ``raw_fit_per_mbit`` counts events, of whatever number of bits, where the flux factor is 1;
    without it the memory is one whose rate nobody published. ``refresh_hours``: uptime between
    starts, or the interval of scrubbing.
    """

    name: Annotated[str, Field(min_length=1)]
    tensors: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    raw_fit_per_mbit: Rate | None = None
    source: str = ""
    standing: Standing | None = None
    confidence: str = ""
    date: str = ""
    events: Events = "flip"
    protection: Protection = "none"
    refresh: Literal["never", "start", "inference", "scrub"] = "never"
    refresh_hours: Hours | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "Region":
        """Refuse a rate without a source, and a window that does not follow."""
        if self.raw_fit_per_mbit is not None and not (self.source and self.standing):
            raise ValueError("raw_fit_per_mbit needs its source and standing")
        timed = self.refresh in ("start", "scrub")
        if timed and self.refresh_hours is None:
            raise ValueError(f'refresh = "{self.refresh}" needs refresh_hours')
        if not timed and self.refresh_hours is not None:
            raise ValueError(f'refresh = "{self.refresh}" takes no refresh_hours')
        return self


class Environment(TargetRecord):
    """The place: its flux over that of the place for which raw rates hold.

    ``ambient``: temperature, voltage and the like that raw rates are taken to hold at, as text.
    """

    name: str = "sea level"
    flux_factor: Rate = 1.0
    source: str = ""
    standing: Standing | None = None
    ambient: str = ""


class Use(TargetRecord):
    """Inferences per hour, and the hours of the mission."""

    inferences_per_hour: Hours
    mission_hours: Hours


Score = Annotated[float, Field(ge=0.0, le=1.0)]


class Budget(TargetRecord):
    """Bounds on figures of the target; none: not judged.

    ``sdc_fit``, ``due_fit`` and ``critical_sdc_fit`` (of what a severity table calls critical): FIT
    that may be spent, of all regions together. ``metric_event``: least mean score given one event,
    in each region. ``metric_mean``: least mean score at a moment drawn uniformly from the mission.
    """

    sdc_fit: Rate | None = None
    due_fit: Rate | None = None
    critical_sdc_fit: Rate | None = None
    metric_event: Score | None = None
    metric_mean: Score | None = None

    @property
    def needs_rates(self) -> bool:
        """True if a bound says nothing without the raw rate of every region."""
        bounds = (self.sdc_fit, self.due_fit, self.critical_sdc_fit, self.metric_mean)
        return any(bound is not None for bound in bounds)


class Requirements(TargetRecord):
    """Ids of the requirements that bounds of the budget belong to."""

    sdc_fit: str = ""
    due_fit: str = ""
    critical_sdc_fit: str = ""
    metric_event: str = ""
    metric_mean: str = ""


class Document(TargetRecord):
    """The report as a controlled document: its number, and who signs it."""

    number: str = ""
    prepared: str = ""
    reviewed: str = ""
    approved: str = ""


class DeploymentTarget(TargetRecord):
    """A target."""

    format: Literal["1.0"] = FORMAT_VERSION
    name: Annotated[str, Field(min_length=1)]
    about: str = ""
    environment: Environment = Environment()
    use: Use
    region: Annotated[tuple[Region, ...], Field(min_length=1)]
    budget: Budget = Budget()
    requirements: Requirements = Requirements()
    document: Document = Document()

    @model_validator(mode="after")
    def _consistent(self) -> "DeploymentTarget":
        """Refuse two regions of one name, and a budget that no rate can meet or miss."""
        names = [region.name for region in self.region]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two regions are called {name!r}")
        for name, requirement in self.requirements:
            if requirement and getattr(self.budget, name) is None:
                raise ValueError(f"requirements.{name} belongs to no bound; give budget.{name}")
        for region in self.region:
            if region.raw_fit_per_mbit is None and self.budget.needs_rates:
                raise ValueError(
                    f"the budget counts events in time, and the region {region.name!r} has no "
                    "raw_fit_per_mbit; nobody published it for every memory: fill it in"
                )
        return self

    def window_hours(self, region: Region) -> float:
        """Hours between two refreshes of a region: the time for which errors stay."""
        if region.refresh_hours is not None:
            return region.refresh_hours
        if region.refresh == "inference":
            return 1.0 / self.use.inferences_per_hour
        return self.use.mission_hours


def target_schema() -> str:
    """The published JSON Schema of targets."""
    schema = DeploymentTarget.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"relcheck deployment target, format {FORMAT_VERSION}"
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"

"""The request of a report on a deployment target."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer, model_validator

from analyzer.errors import BadOption, RelcheckError
from analyzer.gate.target import TargetCondition, parse_target_gate
from analyzer.jobs.requests.base import Model
from analyzer.jobs.requests.campaigns import CampaignRequest, Purpose
from analyzer.jobs.requests.config_file import ConfigFile
from analyzer.jobs.requests.fields import NO_TEXT
from analyzer.reports.formats import RecordKind
from analyzer.targets.read import find_target, loaded_target
from analyzer.targets.target import DeploymentTarget

STATED = {
    "fault": "the events of each region",
    "protect": "the protection of each region",
    "exposure": "how long errors stay",
    "rates": "raw rates, of which bit error rates follow",
}
"""Settings that a target states itself, by name, with what it states."""

ELSEWHERE = {
    "until": "trials end once all conditions are decided",
    "shard": "a target is analyzed in one piece",
    "waivers": "conditions on a target are not excused",
}
"""Settings that do not go with a target, by name, with the reason."""


def _as_condition(value: Any) -> TargetCondition:
    if isinstance(value, TargetCondition):
        return value
    if not isinstance(value, str):
        raise ValueError(NO_TEXT)
    return parse_target_gate(value)


def _one_or_more(value: Any) -> Any:
    return (value,) if isinstance(value, str | TargetCondition) else value


def _as_target(value: Any) -> Any:
    """The file of a path or a name; a target that a program holds, checked again."""
    if isinstance(value, DeploymentTarget):
        return loaded_target(value)
    return find_target(value) if isinstance(value, str) else value


Target = Annotated[Path | InstanceOf[DeploymentTarget], BeforeValidator(_as_target)]


TargetGates = Annotated[
    tuple[
        Annotated[
            InstanceOf[TargetCondition], BeforeValidator(_as_condition), PlainSerializer(str)
        ],
        ...,
    ],
    BeforeValidator(_one_or_more),
]


class TargetRequest(CampaignRequest):
    """A report on a deployment target.

    Attributes:
        model: The model.
        target: File of the target, or the target that a program holds.
        gate: Conditions beside those of the target's budget.
        precision: Half-width at which trials end where nothing is to be decided.
        exhaustive: Whether every event is to meet every image.
    """

    purpose: ClassVar[Purpose] = Purpose.TARGET
    writes: ClassVar[RecordKind | None] = RecordKind.TARGET

    model: Annotated[Model, Field(exclude=True)]
    target: Target
    gate: TargetGates = ()
    precision: float = Field(default=0.002, gt=0.0, lt=0.5)
    exhaustive: bool = False

    @model_validator(mode="before")
    @classmethod
    def _refuse_what_the_target_states(cls, given: Any) -> Any:
        """Refuse settings of a run that a target states, or that do not go with one.

        Raises:
            BadOption: there is one.
        """
        for name in given:
            if name in STATED:
                raise BadOption(
                    f"--{name} does not go with --target: the target says {STATED[name]}"
                )
            if name in ELSEWHERE:
                raise BadOption(f"--{name} does not go with --target: {ELSEWHERE[name]}")
        return given


def names_target(flags: Mapping[str, Any], config: ConfigFile | None) -> bool:
    """True if a flag or the settings file names a target.

    Args:
        flags: value by name; None where it was not given.
        config: the file; None: there is none. What is wrong with it is said elsewhere.
    """
    if flags.get("target") is not None or config is None:
        return flags.get("target") is not None
    try:
        return "target" in config.read("run")
    except RelcheckError:
        return False

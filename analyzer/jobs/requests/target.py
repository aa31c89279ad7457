"""The request of a report on a deployment target."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer, model_validator

from analyzer.errors import BadGate, BadOption, RelcheckError
from analyzer.gate import parse_gate
from analyzer.gate.target import TargetCondition, parse_target_gate
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Model
from analyzer.jobs.requests.campaigns import CampaignRequest, Purpose
from analyzer.jobs.requests.config_file import ConfigFile
from analyzer.jobs.requests.settings import ask
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
    "protocol": "protocols are of sweeps over bit error rates",
    "until": "trials end once all conditions are decided",
    "shard": "a target is analyzed in one piece",
    "waivers": "conditions on a target are not excused",
}
"""Settings that do not go with a target, by name, with the reason."""


def _held(value: Any) -> Any:
    """A target that a program holds, checked again."""
    return loaded_target(value) if isinstance(value, DeploymentTarget) else value


TargetGates = Annotated[
    tuple[
        Annotated[
            InstanceOf[TargetCondition],
            fields.from_text_alone(TargetCondition, parse_target_gate),
            PlainSerializer(str),
        ],
        ...,
    ],
    fields.ONE_OR_MORE,
]
TargetFile = Annotated[
    Path | InstanceOf[DeploymentTarget], BeforeValidator(_held), fields.from_text(find_target)
]
"""A file, the name of a target that comes with the tool, or a target that a program holds."""


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
    target: TargetFile
    gate: TargetGates = ()
    precision: fields.Precision = 0.002
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


def ask_target(
    flags: Mapping[str, Any],
    config: ConfigFile | None,
    tell: Callable[[str], None],
    **sources: object,
) -> TargetRequest:
    """The request of a target that a flag or the settings file names.

    A file that was found is for sweeps as well: settings of sweeps are left out beside the flag.

    Args:
        flags: as in `ask`, the options of a sweep among them.
        config: the file; None: there is none.
        tell: prints one line: which settings are left out.
        sources: as in `ask`.

    Raises:
        BadConfig: the file cannot be read, or contradicts the target.
        BadOption: a flag has a bad value, or contradicts the target.
    """
    if flags.get("target") is None:
        try:
            return ask(TargetRequest, flags, config, "run", **sources)
        except BadOption as error:
            assert config is not None, "nothing else names a target"
            raise BadOption(f"{error} (the target is named in {config.path})") from error
    if config is not None and not config.named:
        config = _beside_target(config, tell)
    return ask(TargetRequest, flags, config, "run", **sources, target=flags["target"])


def _beside_target(config: ConfigFile, tell: Callable[[str], None]) -> ConfigFile:
    """A file that was found, without its settings of sweeps."""
    found = config.read("run")
    unused = {*STATED, *ELSEWHERE}
    if _judges_sweeps(found.get("gate")):
        unused.add("gate")
    if left_out := sorted(unused & found.keys()):
        tell(f"beside --target, these settings of sweeps are left out: {', '.join(left_out)}")
    return replace(config, unused=frozenset(unused))


def _judges_sweeps(gates: object) -> bool:
    """True if one of the gates of a file is on a rate: it says nothing of a target."""
    texts = [gates] if isinstance(gates, str) else gates
    return isinstance(texts, list) and any(map(_on_rate, texts))


def _on_rate(text: object) -> bool:
    try:
        return isinstance(text, str) and parse_gate(text) is not None
    except BadGate:
        return False


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

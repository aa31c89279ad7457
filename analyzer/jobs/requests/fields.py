"""Types of a request's fields: each takes the text of a flag, and the Python value as well.

Below the door no such text is left: a rate is a float, a gate a `Condition`.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, InstanceOf, PlainSerializer

from analyzer.campaign.plan import Exposure as ExposureWord
from analyzer.campaign.tasks import Shard as ShardRecord
from analyzer.did_you_mean import meant
from analyzer.evaluation.in_memory import Arrays
from analyzer.evaluation.metrics import metric_names
from analyzer.evaluation.rules import rule_names
from analyzer.evaluation.user_code import function_text
from analyzer.faults.elements import ENCODINGS
from analyzer.faults.models import FaultModel, parse_fault
from analyzer.faults.protections import parse_protection
from analyzer.faults.protections.none import NoProtection
from analyzer.faults.protections.plan import ProtectionPlan
from analyzer.faults.rates import parse_rates
from analyzer.faults.space import Kind
from analyzer.gate import Condition, parse_gate
from analyzer.gate.difference import DifferenceCondition, parse_comparison_gate
from analyzer.gate.map_condition import MapCondition, parse_map_gate
from analyzer.jobs.expect import Expectation, parse_expectation
from analyzer.jobs.requests.texts import parse_duration, parse_shard, parse_size
from analyzer.jobs.requests.words import read_share, reads_one_of, respelled
from analyzer.model.metadata import READERS

NO_TEXT = "input should be a valid string"
"""Said of values that should be text; pydantic's own words."""


class Nowhere(Enum):
    """The journal of work that is not to be kept."""

    NOWHERE = "none"


NOWHERE = Nowhere.NOWHERE


def from_text(parse: Callable[[str], object]) -> BeforeValidator:
    """Validator that parses text; values of other types pass, to be checked by their type."""
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _as_rates(value: Any) -> tuple[float, ...]:
    """Rates of their text, or of a sequence of numbers.

    Raises:
        BadRates: a rate outside (0, 1), one that is there twice, or none.
        ValueError: the value is neither text nor a sequence of numbers.
    """
    if isinstance(value, str):
        return parse_rates(value)
    numbers = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(numbers, float):
        numbers = (numbers,)
    if not isinstance(numbers, list | tuple):
        raise ValueError(NO_TEXT)
    if not all(isinstance(n, int | float) for n in numbers):
        raise ValueError("input should be numbers")
    return parse_rates(",".join(repr(float(n)) for n in numbers))


def from_text_alone(
    kind: type | tuple[type, ...], parse: Callable[[str], object]
) -> BeforeValidator:
    """Validator that parses text, and refuses whatever is neither text nor of a kind.

    Args:
        kind: of the parsed value, one or several, which passes as it is.
        parse: reads the text.
    """

    def read(value: Any) -> object:
        if isinstance(value, kind):
            return value
        if not isinstance(value, str):
            raise ValueError(NO_TEXT)
        return parse(value)

    return BeforeValidator(read)


def _one_or_more(value: Any) -> Any:
    """A single text, gate, expectation or protection stands for a list of one."""
    return value if isinstance(value, Iterable) and not isinstance(value, str) else (value,)


ONE_OR_MORE = BeforeValidator(_one_or_more)

_WORDS = {"layout": ("NCHW", "NHWC"), "color": ("RGB", "BGR")}
"""Entry of the preprocessing -> the words that it may be."""


def _preprocessing(key: str) -> BeforeValidator:
    """Validator that reads one entry of the preprocessing, as metadata write it."""
    reader, wanted = READERS[key]

    def read(value: Any) -> object:
        if value is None:
            return None
        if isinstance(value, list | tuple):
            value = ",".join(map(str, value))
        elif isinstance(value, int | float):
            value = str(value)
        if not isinstance(value, str):
            raise ValueError(NO_TEXT)
        try:
            return reader(value)
        except ValueError as error:
            guess = meant(value, _WORDS.get(key, ()))
            raise ValueError(f"it must be {wanted}{guess}") from error

    return BeforeValidator(read)


def _as_journal(value: Any) -> Any:
    return NOWHERE if value == NOWHERE.value else value


def _function(flag: str, names: tuple[str, ...]) -> BeforeValidator:
    """Validator that takes a Python function as the text that names it, and names in any case."""
    read = respelled(names)
    return BeforeValidator(lambda value: read(function_text(value, flag)))


Count = Annotated[int, Field(ge=1)]
Metric = Annotated[str | None, _function("metric", metric_names())]
Task = Annotated[str | None, _function("task", rule_names())]
Exposure = Annotated[ExposureWord, BeforeValidator(reads_one_of(ExposureWord))]
Until = Annotated[
    Literal["precision", "gate"], BeforeValidator(reads_one_of(("precision", "gate")))
]
Order = Annotated[
    Literal["file", "bits", "name", "kind"],
    BeforeValidator(reads_one_of(("file", "bits", "name", "kind"))),
]
Part = Annotated[
    Literal["train", "val", "test"], BeforeValidator(reads_one_of(("train", "val", "test")))
]
Device = Annotated[str, BeforeValidator(lambda v: v.lower() if isinstance(v, str) else v)]
Precision = Annotated[float, BeforeValidator(read_share), Field(gt=0.0, lt=0.5)]
Confidence = Annotated[
    float, BeforeValidator(lambda v: read_share(v, above_half=True)), Field(gt=0.5, lt=1.0)
]
Share = Annotated[float, BeforeValidator(read_share), Field(ge=0.0, lt=1.0)]
Rates = Annotated[tuple[float, ...], BeforeValidator(_as_rates)]
Gates = Annotated[
    tuple[
        Annotated[
            InstanceOf[Condition], from_text_alone(Condition, parse_gate), PlainSerializer(str)
        ],
        ...,
    ],
    ONE_OR_MORE,
]
ComparisonGates = Annotated[
    tuple[
        Annotated[
            InstanceOf[Condition] | InstanceOf[DifferenceCondition],
            from_text_alone((Condition, DifferenceCondition), parse_comparison_gate),
            PlainSerializer(str),
        ],
        ...,
    ],
    ONE_OR_MORE,
]
MapGates = Annotated[
    tuple[
        Annotated[
            InstanceOf[MapCondition],
            from_text_alone(MapCondition, parse_map_gate),
            PlainSerializer(str),
        ],
        ...,
    ],
    ONE_OR_MORE,
]
Expectations = Annotated[
    tuple[
        Annotated[
            InstanceOf[Expectation],
            from_text_alone(Expectation, parse_expectation),
            PlainSerializer(str),
        ],
        ...,
    ],
    ONE_OR_MORE,
]
Fault = Annotated[InstanceOf[FaultModel], from_text(parse_fault), PlainSerializer(str)]
Protect = Annotated[
    InstanceOf[ProtectionPlan] | InstanceOf[NoProtection],
    from_text(parse_protection),
    PlainSerializer(lambda protection: protection.name),
]
Encoding = Annotated[str, BeforeValidator(reads_one_of(ENCODINGS))]
Protections = Annotated[tuple[Protect, ...], ONE_OR_MORE]
Globs = Annotated[tuple[str, ...], ONE_OR_MORE]
Kinds = Annotated[
    tuple[Annotated[Kind, BeforeValidator(reads_one_of(Kind))], ...],
    from_text(lambda text: tuple(word.strip() for word in text.split(","))),
]
Seconds = Annotated[float, Field(gt=0.0), from_text(parse_duration)]
Bytes = Annotated[int, Field(ge=0), from_text(parse_size)]
Shard = Annotated[ShardRecord, from_text(parse_shard)]
Cluster = Annotated[str | None, BeforeValidator(lambda value: None if value == "none" else value)]
JournalPlace = Annotated[Path | Nowhere | None, BeforeValidator(_as_journal)]
Data = Path | InstanceOf[Arrays] | None

Layout = Annotated[str | None, _preprocessing("layout")]
Color = Annotated[str | None, _preprocessing("color")]
Resize = Annotated[int | None, _preprocessing("resize")]
Crop = Annotated[int | None, _preprocessing("crop")]
Scale = Annotated[float | None, _preprocessing("scale")]
Mean = Annotated[tuple[float, ...] | None, _preprocessing("mean")]
Std = Annotated[tuple[float, ...] | None, _preprocessing("std")]

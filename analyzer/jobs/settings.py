"""Settings of a run: flags over configuration file over defaults."""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from analyzer.campaign.plan import Exposure
from analyzer.campaign.tasks import WHOLE, Shard
from analyzer.did_you_mean import meant
from analyzer.errors import BadConfig, BadOption, quoted
from analyzer.faults.elements import ENCODINGS
from analyzer.faults.space import Kind
from analyzer.model.metadata import READERS

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}


PATHS = frozenset({"data", "labels", "journal", "json", "html", "csv"})
"""Settings that name a file or a folder."""

NO_JOURNAL = "none"
"""What ``journal`` says where nothing is to be kept."""

Flags = Mapping[str, Any]


class Settings(BaseModel):
    """Everything a run can be told; keys of ``relcheck.toml`` are the flags without dashes."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    rates: str = "1e-7..3e-5"
    data: Path | None = None
    labels: Path | None = None
    metric: str | None = None
    expect: tuple[str, ...] = ()
    images: int | None = Field(default=None, ge=1)
    exposure: Exposure = Exposure.TRANSIENT
    encoding: str = "stored"
    fault: str = "flip"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    precision: float = Field(default=0.01, gt=0.0, lt=0.5)
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    budget: float = Field(default=600.0, gt=0.0)
    batch: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    device: str = "cpu"
    jobs: int | None = Field(default=None, ge=0)
    cache: int = Field(default=2 << 30, ge=0)
    cluster: str | None = None
    journal: str | None = None
    shard: Shard = WHOLE
    gate: tuple[str, ...] = ()
    until: Literal["precision", "gate"] = "precision"
    json_path: Path | None = Field(default=None, alias="json")
    html_path: Path | None = Field(default=None, alias="html")
    layout: str | None = None
    color: str | None = None
    resize: str | None = None
    crop: str | None = None
    scale: str | None = None
    mean: str | None = None
    std: str | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        if value not in ENCODINGS:
            raise ValueError(f"use {' or '.join(ENCODINGS)}")
        return value

    @field_validator("budget", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> Any:
        return parse_duration(value) if isinstance(value, str) else value

    @field_validator("cache", mode="before")
    @classmethod
    def _size(cls, value: Any) -> Any:
        return parse_size(value) if isinstance(value, str) else value

    @field_validator("kinds", mode="before")
    @classmethod
    def _comma_list(cls, value: Any) -> Any:
        return tuple(v.strip() for v in value.split(",")) if isinstance(value, str) else value

    @field_validator("include", "exclude", "gate", "expect", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("resize", "crop", "scale", "mean", "std", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        if isinstance(value, list):
            return ",".join(str(v) for v in value)
        return str(value) if isinstance(value, int | float) else value

    @field_validator(*READERS)
    @classmethod
    def _readable(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None:
            reader, wanted = READERS[info.field_name or ""]
            try:
                reader(value)
            except ValueError as error:
                raise ValueError(f"it must be {wanted}") from error
        return value

    @field_validator("cluster")
    @classmethod
    def _no_cluster(cls, value: str | None) -> str | None:
        return None if value == "none" else value

    @field_validator("shard", mode="before")
    @classmethod
    def _share(cls, value: Any) -> Any:
        return parse_shard(value) if isinstance(value, str) else value

    @property
    def inline(self) -> bool:
        """Whether blocks run in this process."""
        return self.cluster is None and self.jobs == 0

    @property
    def worker_count(self) -> int:
        """Worker processes: as asked, or one per core that this process may use."""
        return self.jobs or len(os.sched_getaffinity(0))

    def golden_cache(self, weights: int) -> int:
        """Bytes that golden values may take: what copies of the weights leave, a quarter at least.

        Args:
            weights: bytes that faults change; one copy is golden, and every worker has its own.

        >>> [Settings(cache=512, jobs=2).golden_cache(weights) for weights in (0, 97, 500)]
        [512, 221, 128]
        """
        return max(self.cache // 4, self.cache - (1 + self.worker_count) * weights)

    @property
    def preprocessing(self) -> dict[str, str]:
        """Preprocessing entries that were given, in the form of metadata entries."""
        given = {key: getattr(self, key) for key in READERS}
        return {key: value for key, value in given.items() if value is not None}


class MapSettings(Settings):
    """Everything a vulnerability map can be told: what a run can, and what a map alone knows.

    Attributes:
        precision: Its margin.
        exhaustive: Whether every upset is to meet every image.
        csv_path: Where the table goes, if anywhere.
    """

    precision: float = Field(default=0.01, gt=0.0, lt=0.5, alias="margin")
    confidence: float = Field(default=0.99, gt=0.5, lt=1.0)
    exhaustive: bool = False
    csv_path: Path | None = Field(default=None, alias="csv")


AnySettings = TypeVar("AnySettings", bound=Settings)


def parse_shard(text: str) -> Shard:
    """Read ``I/N``.

    Raises:
        ValueError: it is no share.

    >>> parse_shard("2/8")
    Shard(index=1, count=8)
    """
    match = re.fullmatch(r"([0-9]+)/([0-9]+)", text)
    if not match or not 1 <= int(match[1]) <= int(match[2]):
        raise ValueError("write a share like 2/8")
    return Shard(int(match[1]) - 1, int(match[2]))


def parse_duration(text: str) -> float:
    """Seconds of ``90``, ``90s``, ``10m`` or ``2h``.

    Raises:
        ValueError: it is no duration.

    >>> parse_duration("10m")
    600.0
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([smh]?)\s*", text)
    if not match:
        raise ValueError("write a duration like 90s, 10m or 2h")
    return float(match[1]) * _UNITS[match[2]]


def parse_size(text: str) -> int:
    """Bytes of ``0``, ``500M``, ``2G``; K, M, G are powers of 1024.

    Raises:
        ValueError: it is no size.

    >>> parse_size("2G"), parse_size("1.5k")
    (2147483648, 1536)
    """
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([kKmMgG]?)[bB]?\s*", text)
    if not match:
        raise ValueError("write a size like 500M or 2G, or 0 for none")
    return int(float(match[1]) * 1024 ** ("", "k", "m", "g").index(match[2].lower()))


def read_settings(config: Path | None, flags: Flags, command: str = "run") -> Settings:
    """Merge a configuration file and the flags that were given.

    Args:
        config: the file; None: there is none.
        flags: by name. Those of a command that reads a file are all here, with None where they
            were not given: they are the keys that the file may have.
        command: whose flags they are.

    Raises:
        BadConfig: the file cannot be read, or holds unknown keys or bad values.
        BadOption: a flag has a bad value.
    """
    return _read(Settings, config, flags, command)


def read_map_settings(config: Path | None, flags: Flags) -> MapSettings:
    """The same for a map.

    Raises:
        BadConfig: the file cannot be read, or holds unknown keys or bad values.
        BadOption: a flag has a bad value.
    """
    return _read(MapSettings, config, flags, "map")


def _read(form: type[AnySettings], config: Path | None, flags: Flags, command: str) -> AnySettings:
    given = {k: v for k, v in flags.items() if v is not None and v != []}
    base = _read_config(config) if config else {}
    if unknown := [key for key in base if key not in flags]:
        raise BadConfig(
            f"{config}: {quoted(unknown[0])} is no setting of relcheck {command}"
            f"{meant(unknown[0], flags)}; keys are its flags without dashes"
        )
    try:
        form.model_validate(base)
    except ValidationError as error:
        raise BadConfig(f"{config}: {_sentence(error)}") from error
    try:
        return form.model_validate({**base, **given})
    except ValidationError as error:
        raise BadOption(f"--{_sentence(error)}") from error


def _read_config(path: Path) -> dict[str, Any]:
    """The content of a configuration file; its paths are relative to it."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadConfig(f"there is no configuration file {path}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(f"configuration file {path} cannot be read") from error
    except tomllib.TOMLDecodeError as error:
        raise BadConfig(f"configuration file {path} is no TOML: {error}") from error
    for key in PATHS & content.keys():
        if isinstance(content[key], str) and (key, content[key]) != ("journal", NO_JOURNAL):
            content[key] = str(path.parent / content[key])
    return content


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"][:1])
    reason = first["msg"].removeprefix("Value error, ")
    return f"{key} {first['input']!r}: {reason[0].lower()}{reason[1:]}"

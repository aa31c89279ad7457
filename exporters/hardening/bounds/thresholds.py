"""Thresholds: one record per site, however they were found, and the file that keeps them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from analyzer.errors import BadThresholds, FileMissing, quoted, short
from exporters.hardening.activations.survey import ActivationSite, Side

FORMAT_VERSION: Literal["1.0"] = "1.0"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Threshold(_Record):
    """The range of one site, both ends allowed.

    Attributes:
        low: Lower bound; None: there is none.
        high: Upper bound.
    """

    low: float | None = None
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> "Threshold":
        if (self.low is not None and self.low > self.high) or (self.low is None and self.high < 0):
            raise ValueError("the lower bound is above the upper one")
        return self

    def __str__(self) -> str:
        """Readable form, e.g. ``≤ 3.25`` or ``-0.17 … 3.25``."""
        return f"≤ {self.high:.4g}" if self.low is None else f"{self.low:.4g} … {self.high:.4g}"


Thresholds = Mapping[str, Threshold]
"""Site (name of the value) -> its threshold."""


class Calibration(_Record):
    """The data set that thresholds come from.

    Attributes:
        data: Its name.
        sha256: Its digest.
        images: How many images were run.
        whole: Digest of the data set of which these are a sample; empty: they are all.
    """

    data: str
    sha256: str
    images: int = Field(ge=1)
    whole: str = ""


class ThresholdFile(_Record):
    """Thresholds of one model, as a JSON file keeps them.

    Attributes:
        format: Version of the file's form.
        method: Word of the mitigation that they were found for.
        model_sha256: Digest of the model before it was hardened.
        calibration: The data that they come from; None if from none.
        thresholds: By site.
    """

    format: Literal["1.0"] = FORMAT_VERSION
    method: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    model_sha256: str
    calibration: Calibration | None
    thresholds: dict[str, Threshold]

    def to_json(self) -> str:
        """The text of the file; the same for the same thresholds."""
        return json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True) + "\n"


def read_thresholds(path: Path) -> ThresholdFile:
    """Read a thresholds file.

    Raises:
        FileMissing: it cannot be opened.
        BadThresholds: it is no thresholds file.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise FileMissing(f"there is no thresholds file {path}") from error
    except OSError as error:
        raise FileMissing(f"thresholds file {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadThresholds(f"{path} is no thresholds file: it is no text") from error
    try:
        return ThresholdFile.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        reason = short(f"{where}: {first['msg']}")
        raise BadThresholds(f"{path} is no thresholds file of relcheck ({reason})") from error


def check_thresholds(thresholds: Thresholds, sites: Sequence[ActivationSite], source: str) -> None:
    """Refuse thresholds that do not belong to ``sites``, one for one.

    Args:
        thresholds: to be inserted, by site.
        sites: the activations of the model.
        source: a name for the thresholds in messages.

    Raises:
        BadThresholds: a site has none, a threshold has no site, or one has another number of
            sides than its site.
    """
    names = {site.value: site for site in sites}
    missing, unknown = names.keys() - thresholds.keys(), thresholds.keys() - names.keys()
    if missing or unknown:
        parts = [_difference("has no threshold for", missing), _difference("names", unknown)]
        raise BadThresholds(
            f"{source} belongs to another model: it {' and '.join(filter(None, parts))}"
            + (", which the model does not have" if unknown else "")
        )
    for name, site in names.items():
        if (thresholds[name].low is None) is not (site.side is Side.ONE):
            raise BadThresholds(
                f"{source} belongs to another model: there {quoted(name, 80)} is not {site.side}"
            )


def _difference(verb: str, names: set[str]) -> str:
    if not names:
        return ""
    first = quoted(min(names), 80)
    more = f" and {len(names) - 1} others" if len(names) > 1 else ""
    return f"{verb} {first}{more}"

"""Request for the log-odds of many models over several data sets."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from analyzer.errors import BadOption
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import JudgedRequest
from analyzer.jobs.requests.settings import is_given
from analyzer.reports.formats import RecordKind


class LogOddsRequest(JudgedRequest):
    """Models of several methods on several data sets, without faults.

    Attributes:
        listed: File that lists them.
        metric: Name of the metric; None: by the data.
        confidence: Coverage of each interval, as a fraction.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.LOG_ODDS

    listed: Annotated[Path, Field(exclude=True)]
    metric: fields.Metric = None
    confidence: fields.Confidence = 0.95


def check_effective(models: Sequence[Path], flags: Mapping[str, Any]) -> None:
    """Refuse what has no effect on log-odds of a list.

    Args:
        models: named beside the list.
        flags: all that a command offers, by name.

    Raises:
        BadOption: a model was named, the data set was, or an option of campaigns was.
    """
    if models:
        raise BadOption(
            f"--log-odds takes its models from the list; leave {models[0]} out, or write it there"
        )
    own = (LogOddsRequest.model_fields.keys() | LogOddsRequest.formats().keys() | {"format"}) - {
        "data",
        "labels",
    }
    for name, value in flags.items():
        if is_given(value) and name not in own:
            where = (
                "the list names the data of each model"
                if name in ("data", "labels")
                else "its figures are those without faults"
            )
            raise BadOption(
                f"--{name.replace('_', '-')} has no effect with --log-odds: {where}; leave it out"
            )

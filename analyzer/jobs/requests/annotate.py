"""A request to write metadata into a model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import Model, Request
from analyzer.model.metadata import READERS


def _as_lines(value: Any) -> Any:
    return "\n".join(map(str, value)) if isinstance(value, list | tuple) else value


class AnnotateRequest(Request):
    """A model that is to say of itself how it is fed.

    Attributes:
        model: The model.
        out: File for the annotated model; None: it is only returned.
        labels: Class names in the order of the model, ``a,b,c``, or a file with one on each line.
        data: A data set in the folder of ``out`` that is used by default.
    """

    model: Annotated[Model, Field(exclude=True)]
    out: Path | None = None
    labels: Annotated[str | None, BeforeValidator(_as_lines)] = None
    data: Path | None = None
    layout: fields.Layout = None
    color: fields.Color = None
    resize: fields.Resize = None
    crop: fields.Crop = None
    scale: fields.Scale = None
    mean: fields.Mean = None
    std: fields.Std = None

    @property
    def preprocessing(self) -> Mapping[str, object]:
        """Entries of the preprocessing that were given, by name."""
        given = {name: getattr(self, name) for name in READERS}
        return {name: value for name, value in given.items() if value is not None}

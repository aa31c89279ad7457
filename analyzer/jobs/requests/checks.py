"""Requests that look at a model, or at the tool itself."""

from typing import Annotated, ClassVar

from pydantic import Field

from analyzer.errors import BadOption
from analyzer.faults.models import FLIP
from analyzer.jobs.requests import fields
from analyzer.jobs.requests.base import JudgedRequest, Model, SpaceRequest
from analyzer.reports.formats import RecordKind


class InspectRequest(SpaceRequest):
    """A model whose fault space is to be shown.

    Attributes:
        model: The model.
        sort: Order of its tensors: of the file, by bits (most first), by name, or by kind.
        top: Show only so many of them; None: all.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.INVENTORY

    model: Annotated[Model, Field(exclude=True)]
    sort: fields.Order = "file"
    top: fields.Count | None = None


class RecipesRequest(JudgedRequest):
    """A model and labelled images on which the usual recipes are to be tried.

    Attributes:
        model: The model.
        metric: Name of the metric; None: by the data.
        expect: Figures that the best recipe must have.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.RECIPES

    model: Annotated[Model, Field(exclude=True)]
    metric: fields.Metric = None
    expect: fields.Expectations = ()


class SelfTestRequest(SpaceRequest):
    """A comparison of the fast engine with the oracle, after questions with known answers.

    Attributes:
        model: The model on which both are compared; None: the demonstration model.
        patterns: Number of fault patterns.
        fault: What one upset does.
        known_answers_only: Whether the comparison is left out.
    """

    model: Annotated[Model | None, Field(exclude=True)] = None
    patterns: int = Field(default=200, ge=1)
    fault: fields.Fault = FLIP
    known_answers_only: bool = False

    def check(self) -> None:
        """Refuse options of the comparison where it is left out.

        Raises:
            BadOption: such an option was given.
        """
        if self.known_answers_only and self.model:
            raise BadOption(
                "--known-answers-only compares on no model; leave MODEL or the option out"
            )
        if self.known_answers_only and self.device != "cpu":
            raise BadOption(
                "--known-answers-only runs on the cpu; leave --device or the option out"
            )

"""A request for the self-supervised pretraining of a network."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from analyzer.jobs.requests import fields
from analyzer.jobs.requests.fitting import FitRequest
from analyzer.reports.formats import RecordKind
from exporters.pretraining.methods import method_named


class PretrainRequest(FitRequest):
    """A network that is to be pretrained. A setting that is None is that of the method's paper.

    Classes of ``data`` are not needed, and only measured with.

    Attributes:
        method: ``simsiam``, ``swav``, ``dino`` or ``ssql``, and its own settings.
        batch: Images of a step, which are compared with one another.
    """

    writes: ClassVar[RecordKind | None] = RecordKind.PRETRAINING

    method: Annotated[Any, fields.from_text(method_named)]
    batch: Annotated[int | None, Field(ge=2)] = None

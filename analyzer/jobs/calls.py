"""From the keywords of a Python call to a request."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from analyzer.did_you_mean import meant
from analyzer.errors import BadOption, quoted
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.campaigns import CampaignRequest
from analyzer.jobs.requests.fields import NOWHERE
from analyzer.jobs.requests.settings import ask
from analyzer.jobs.sources import ModelInMemory, ModelSource, data_source

AnyRequest = TypeVar("AnyRequest", bound=Request)


def request_from(
    form: type[AnyRequest],
    keywords: type[Mapping[str, Any]],
    options: Mapping[str, Any],
    **sources: object,
) -> AnyRequest:
    """The request of a call.

    Args:
        form: the kind of request.
        keywords: the options that the function takes, beside the forms of its report.
        options: keywords that were given.
        sources: what is no option: ``model``, ``models``, ``method`` and ``command``.

    Raises:
        BadOption: there is no such keyword, or it has a bad value.
        BadConfig: the configuration file cannot be read.
    """
    known = keywords.__annotations__.keys() | form.formats().keys()
    if unknown := [name for name in options if name not in known]:
        name = unknown[0]
        raise BadOption(f"{sources['command']} has no keyword {quoted(name)}{meant(name, known)}")
    flags = {**dict.fromkeys(known), **options}
    config = flags.pop("config", None)
    if "rates" in flags:
        flags["rates"] = _rates(flags["rates"])
    if "data" in flags:
        flags["data"] = data_source(flags["data"], flags.get("images"))
    if "calibration_data" in flags:
        flags["calibration_data"] = data_source(flags["calibration_data"])
    job = str(sources["command"]).removeprefix("analyzer.").removeprefix("vulnerability_")
    request = ask(form, flags, None if config is None else Path(config), job, **sources)
    if isinstance(request, CampaignRequest) and "journal" not in request.model_fields_set:
        return request.model_copy(update={"journal": NOWHERE})
    return request


def _rates(given: Any) -> Any:
    """Rates as requests take them: one stands for a sequence of one, and none is a mistake."""
    if isinstance(given, int | float):
        return (given,)
    return tuple(given) if isinstance(given, list) else given


def with_label(source: ModelSource, number: int) -> ModelSource:
    """A model in memory with its number, so that reports can tell several apart.

    Args:
        source: a model of a comparison.
        number: its place, counted from 1.
    """
    if isinstance(source, Path):
        return source
    return ModelInMemory(source.content, f"model {number} in memory")

"""The file of an interrupted search: the finished sites, and the search they belong to."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzer.errors import BadSearchState, quoted, short
from exporters.hardening.clipact.interval_search import IntervalResult, SearchEnd
from exporters.hardening.clipact.search import SiteResult


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FoundRecord(_Record):
    """One finished search, as `IntervalResult` has it."""

    best: float = Field(ge=0.0, le=1.0)
    score: float
    at_one: float
    deviation: float = Field(ge=0.0)
    scored: int = Field(ge=1)
    complete: int = Field(ge=1)
    iterations: int = Field(ge=0)
    end: SearchEnd


class SiteRecord(_Record):
    """One finished site, as `SiteResult` has it."""

    value: str
    bits: int = Field(ge=0)
    trials: int = Field(ge=0)
    found: FoundRecord | None

    def result(self) -> SiteResult:
        """The record as the search has it."""
        found = None if self.found is None else IntervalResult(**dict(self.found))
        return SiteResult(self.value, self.bits, self.trials, found)


class SearchState(_Record):
    """The file beside the output while a search runs.

    Attributes:
        search: All that decides the search (`Search.identity`): equal for equal results.
        sites: The finished sites, in order.
    """

    format: Literal["1.0"] = "1.0"
    search: str
    sites: tuple[SiteRecord, ...] = ()

    def to_json(self) -> str:
        """The text of the file."""
        return self.model_dump_json(indent=1) + "\n"

    def with_site(self, result: SiteResult) -> "SearchState":
        """The state after one more site."""
        found = result.found
        record = SiteRecord(
            value=result.value,
            bits=result.bits,
            trials=result.trials,
            found=None if found is None else FoundRecord.model_validate(asdict(found)),
        )
        return self.model_copy(update={"sites": (*self.sites, record)})

    def done(self) -> dict[str, SiteResult]:
        """The finished sites by name."""
        return {record.value: record.result() for record in self.sites}


def read_state(path: Path, search: str) -> SearchState:
    """The state in a file, or a new one where there is no file.

    Args:
        path: of the file.
        search: all that decides the search.

    Raises:
        BadSearchState: the file is no state, or that of another search.
    """
    fresh = SearchState(search=search)
    try:
        state = SearchState.model_validate_json(path.read_text("utf-8"))
    except FileNotFoundError:
        return fresh
    except (OSError, UnicodeDecodeError) as error:
        raise BadSearchState(
            f"{path} cannot be read; delete it, or name another --state"
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        reason = short(f"{where}: {first['msg']}")
        raise BadSearchState(
            f"{path} is no state of a search ({reason}); delete it, or name another --state"
        ) from error
    if state.search != search:
        raise BadSearchState(
            f"{path} belongs to another search ({quoted(_differing(state.search, search), 200)}); "
            "delete it, or name another --state"
        )
    return state


def _differing(kept: str, asked: str) -> str:
    """The parts of two descriptions that are not the same."""
    pairs = zip(kept.split("; "), asked.split("; "), strict=False)
    return next((f"{a}, now {b}" for a, b in pairs if a != b), "it differs")

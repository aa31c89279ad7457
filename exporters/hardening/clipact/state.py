"""A search that was interrupted: what it had found, and to which search it belongs."""

from dataclasses import asdict
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzer.errors import BadSearchState, quoted, short
from exporters.hardening.clipact.interval_search import End, Narrowed
from exporters.hardening.clipact.search import Searched


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class FoundRecord(_Record):
    """One finished search, as `Narrowed` has it."""

    best: float = Field(ge=0.0, le=1.0)
    score: float
    at_one: float
    deviation: float = Field(ge=0.0)
    scored: int = Field(ge=1)
    complete: int = Field(ge=1)
    iterations: int = Field(ge=0)
    end: End


class SiteRecord(_Record):
    """One finished site, as `Searched` has it."""

    value: str
    bits: int = Field(ge=0)
    trials: int = Field(ge=0)
    found: FoundRecord | None


class SearchState(_Record):
    """The file beside the output while a search runs.

    Attributes:
        search: What decides the search: equal for equal results.
        sites: The finished sites, in order.
    """

    format: Literal["1.0"] = "1.0"
    search: str
    sites: tuple[SiteRecord, ...] = ()

    def to_json(self) -> str:
        """The text of the file."""
        return self.model_dump_json(indent=1) + "\n"

    def with_site(self, searched: Searched) -> "SearchState":
        """The state after one more site."""
        found = searched.found
        record = SiteRecord(
            value=searched.value,
            bits=searched.bits,
            trials=searched.trials,
            found=None if found is None else FoundRecord.model_validate(asdict(found)),
        )
        return self.model_copy(update={"sites": (*self.sites, record)})

    def done(self) -> dict[str, Searched]:
        """The finished sites by name."""
        return {
            r.value: Searched(
                r.value, r.bits, r.trials, None if r.found is None else Narrowed(**dict(r.found))
            )
            for r in self.sites
        }


def read_state(path: Path, search: str) -> SearchState:
    """The state in a file, or a new one where there is no file.

    Args:
        path: of the file.
        search: what decides the search.

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

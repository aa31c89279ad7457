"""Forms in which reports are written: one `Format` each, registered by the record that it renders.

Flags, settings, checks of targets, the step that writes, the options of ``relcheck resume`` and the
methods of the Python API follow from `FORMATS`: a new format is one entry here, and one file with
its code. Nothing heavy is loaded before a report is rendered.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.reports.before_after.hardening import HardeningReport
    from analyzer.reports.before_after.quantization import QuantizationReport
    from analyzer.reports.comparison.record import Comparison
    from analyzer.reports.map.record import MapReport
    from analyzer.reports.recipes import RecipesReport
    from analyzer.reports.sweep.record import Report


class RecordKind(StrEnum):
    """The records that can be written, by what users call the job."""

    RUN = "run"
    MAP = "map"
    COMPARISON = "comparison"
    HARDENING = "hardening"
    QUANTIZATION = "quantization"
    RECIPES = "recipes"


@dataclass(frozen=True, slots=True)
class Format:
    """One form of a record.

    Attributes:
        name: Name of the flag (``--json FILE``), of the setting, and of the method (``to_json``).
        suffix: Ending of file names by which the form is recognized, e.g. ``.json``.
        help: What the flag does, as a sentence.
        render: Text of a record of the kind under which the format is registered.
    """

    name: str
    suffix: str
    help: str
    render: Callable[[Any], str]


def _run_json(record: "Report") -> str:
    from analyzer.reports.sweep.record import to_json

    return to_json(record)


def _run_html(record: "Report") -> str:
    from analyzer.reports.sweep.html import to_html

    return to_html(record)


def _map_json(record: "MapReport") -> str:
    from analyzer.reports.map.record import to_json

    return to_json(record)


def _map_html(record: "MapReport") -> str:
    from analyzer.reports.map.html import to_html

    return to_html(record)


def _map_csv(record: "MapReport") -> str:
    from analyzer.reports.map.table import to_csv

    return to_csv(record)


def _comparison_json(record: "Comparison") -> str:
    from analyzer.reports.comparison.record import comparison_json

    return comparison_json(record)


def _comparison_html(record: "Comparison") -> str:
    from analyzer.reports.comparison.html import comparison_html

    return comparison_html(record)


def _own_json(record: "HardeningReport | QuantizationReport") -> str:
    return record.to_json()


def _recipes_json(record: "RecipesReport") -> str:
    from analyzer.reports.shared.records import as_json

    return as_json(record)


_JSON, _HTML = "Write the JSON report.", "Write the HTML report."

FORMATS: dict[RecordKind, tuple[Format, ...]] = {
    RecordKind.RUN: (
        Format("json", ".json", _JSON, _run_json),
        Format("html", ".html", _HTML, _run_html),
    ),
    RecordKind.MAP: (
        Format("json", ".json", _JSON, _map_json),
        Format("html", ".html", _HTML, _map_html),
        Format("csv", ".csv", "Write one CSV line per tensor.", _map_csv),
    ),
    RecordKind.COMPARISON: (
        Format("json", ".json", _JSON, _comparison_json),
        Format("html", ".html", _HTML, _comparison_html),
    ),
    RecordKind.HARDENING: (Format("json", ".json", "Write the report as JSON.", _own_json),),
    RecordKind.QUANTIZATION: (Format("json", ".json", "Write the report as JSON.", _own_json),),
    RecordKind.RECIPES: (Format("json", ".json", "Write the report as JSON.", _recipes_json),),
}
"""Kind of record -> its forms, in the order in which they are offered and written."""


def register(kind: RecordKind, format_: Format) -> None:
    """Add a form; before the command line is loaded, if it is to have a flag.

    Args:
        kind: the records that it renders.
        format_: the form.
    """
    FORMATS[kind] = (*FORMATS[kind], format_)


def formats_of(kinds: Iterable[RecordKind]) -> dict[str, Format]:
    """Forms of one kind of record or several, by name; the first kind to have a name gives it."""
    found: dict[str, Format] = {}
    for kind in kinds:
        for format_ in FORMATS[kind]:
            found.setdefault(format_.name, format_)
    return found


def find_format(kind: RecordKind, name: str) -> Format | None:
    """The form of that name; None if the kind of record has none."""
    return next((f for f in FORMATS[kind] if f.name == name), None)

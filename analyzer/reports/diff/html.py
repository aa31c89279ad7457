"""A difference between two reports as one self-contained page of HTML."""

from analyzer.reports.diff.record import Difference
from analyzer.reports.diff.words import fault_free, figure_name, headline, notes, place, why_open
from analyzer.reports.shared.condition_evidence import evidence_of
from analyzer.reports.shared.html_page import render
from analyzer.reports.shared.signed_numbers import signed, signed_bounds
from analyzer.reports.shared.waivers import remarks, word


def difference_html(found: Difference) -> str:
    """Render a difference; every text in it is escaped."""
    return render(
        "difference.html",
        d=found,
        headline=headline(found),
        fault_free=fault_free(found),
        notes=list(notes(found)),
        figure_name=figure_name,
        place=place,
        evidence_of=evidence_of,
        why_open=why_open,
        remarks=remarks,
        word=word,
        signed=signed,
        signed_bounds=signed_bounds,
    )

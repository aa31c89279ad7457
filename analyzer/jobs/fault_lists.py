"""Patterns written as a fault list: the bits that they change, which any tool can flip."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from analyzer.faults.fault_list import Row, write_fault_list
from analyzer.faults.models import FaultPattern
from analyzer.jobs.analysis import Analysis
from analyzer.jobs.files import write_whole
from analyzer.jobs.worst import changes_of


def write_patterns(
    analysis: Analysis, patterns: Sequence[tuple[str, FaultPattern]], path: Path
) -> None:
    """Write patterns as a fault list.

    What is written are the bits that differ from golden, whatever kind of upset did it: flipped,
    they give the same memory.

    Args:
        analysis: the campaign that they belong to.
        patterns: each with its name.
        path: of the CSV file.

    Raises:
        UnwritableOutput: the file cannot be written.
    """
    write_whole(path, write_fault_list(_rows(analysis, patterns)))


def _rows(analysis: Analysis, patterns: Sequence[tuple[str, FaultPattern]]) -> Iterator[Row]:
    for name, pattern in patterns:
        for site in changes_of(analysis, pattern).sites():
            yield name, *site

"""Confusions of classes, some of them critical: the table that says which, and its file."""

from analyzer.evaluation.confusions.confusions import Confusion, Confusions
from analyzer.evaluation.confusions.for_rule import confusions_for
from analyzer.evaluation.confusions.rows import SeverityTable, read_severity_table

__all__ = [
    "Confusion",
    "Confusions",
    "SeverityTable",
    "confusions_for",
    "read_severity_table",
]

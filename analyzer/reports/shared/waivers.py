"""Waivers and levels of gate conditions: as a part of reports, and in sentences."""

from datetime import date
from typing import Protocol

from analyzer.gate.waiver import Waiver
from analyzer.reports.shared.records import Name, ReportRecord


class WaiverPart(ReportRecord):
    """The excuse of a condition, until a day, ``expires``; once ``expired``, it excuses nothing."""

    reason: Name
    expires: date
    expired: bool


class JudgedPart(Protocol):
    """A condition of any report's gate."""

    @property
    def verdict(self) -> str:
        """``pass``, ``fail`` or ``undecided``."""

    @property
    def level(self) -> str:
        """``error`` or ``warning``."""

    @property
    def reason(self) -> str:
        """The reason for a verdict that is not that of the evidence; empty: there is none."""

    @property
    def waiver(self) -> WaiverPart | None:
        """The excuse; None: there is none."""


def waiver_part(waiver: Waiver | None) -> WaiverPart | None:
    """A waiver as reports have it."""
    if waiver is None:
        return None
    return WaiverPart(reason=waiver.reason, expires=waiver.expires, expired=waiver.expired)


def word(condition: JudgedPart) -> str:
    """The verdict of a condition, or that it is waived."""
    waiver = condition.waiver
    excused = waiver is not None and not waiver.expired and condition.verdict != "pass"
    return "waived" if excused else condition.verdict


def remarks(condition: JudgedPart) -> list[str]:
    """Sentences about the level, the waiver and the reason of a condition."""
    said = []
    if condition.reason:
        said.append(f"{condition.reason[:1].upper()}{condition.reason[1:]}.")
    if condition.level == "warning":
        said.append("A warning: the verdict of the gate does not depend on it.")
    waiver = condition.waiver
    if waiver and waiver.expired:
        said.append(f"Its waiver expired on {waiver.expires}: {waiver.reason}")
    elif waiver and condition.verdict == "pass":
        said.append(f"It passes: its waiver is not needed any more ({waiver.reason})")
    elif waiver:
        said.append(f"Waived until {waiver.expires}: {waiver.reason}")
    return said

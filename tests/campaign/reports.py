"""What tests of interrupted and joined work compare: reports, and the blocks of journals."""

import json
from pathlib import Path
from typing import Any

from analyzer.campaign.journal.storage import log_at
from analyzer.campaign.result import Stop
from analyzer.jobs.stopwatch import Stopwatch

Data = dict[str, Any]


def figures(path: Path) -> Data:
    """All of a JSON report but when and where it was written."""
    report: Data = json.loads(path.read_text("utf-8"))
    del report["run"]
    return report


def blocks(path: Path) -> list[str]:
    """What a journal says of each block, in order."""
    return [e.content for e in log_at(path).entries() if e.content.startswith('{"cell"')]


class SevenBlocks(Stopwatch):
    """Ends after seven blocks."""

    blocks = 0
    reason = Stop.BUDGET

    def charge(self, cpu_seconds: float) -> None:
        """Count."""
        self.blocks += 1

    def affords(self, under_way: int, limit: float | None = None) -> bool:
        """Always: it counts what is finished."""
        return True

    def spent(self) -> Stop | None:
        """Why to end, once seven blocks were charged."""
        return self.reason if self.blocks >= 7 else None

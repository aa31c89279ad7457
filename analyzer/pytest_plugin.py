"""The plug-in of pytest: a fixture ``relcheck`` that runs sweeps and asserts gates.

Reports are kept in pytest's cache under the content of the model and of all files that options
name, the other options and the versions, so that a second session, and every other worker of xdist,
reads what the first one found. Nothing heavy is loaded before a test asks for a sweep.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from analyzer.jobs.sweep import SweepReport


class Relcheck:
    """Sweeps and gates for tests."""

    def __init__(self, folder: Path | None, options: dict[str, Any]) -> None:
        """Start.

        Args:
            folder: where reports are kept; None: nowhere.
            options: keywords of every sweep, unless a test gives its own.
        """
        self._folder = folder
        self._options = options

    def run(self, model: str | Path, **options: Any) -> SweepReport:
        """The sweep of `analyzer.run`, from the cache if it was run before.

        Args:
            model: path of an ONNX file.
            options: keywords of `analyzer.run`; ``jobs`` is 0 unless it is given.

        Raises:
            RelcheckError: whatever is wrong with the options, the model or the data.
        """
        import analyzer

        given = {name: value for name, value in options.items() if value is not None}
        asked = {"jobs": 0, **self._options, **given}
        kept = self._place(Path(model), asked)
        if kept is not None and kept.exists():
            found = self._read(kept)
            if found is not None:
                return found
        report: SweepReport = analyzer.run(model, **asked)
        if kept is not None and report.complete:
            from analyzer.jobs.files import write_whole

            write_whole(kept, report.to_json())
        return report

    def gate(self, model: str | Path, *conditions: str, **options: Any) -> SweepReport:
        """Run a sweep until its gate is decided, and fail the test unless the gate passes.

        Args:
            model: path of an ONNX file.
            conditions: like ``top1 >= 0.9 @ 1e-6``.
            options: keywords of `analyzer.run`.
        """
        __tracebackhide__ = True
        report = self.run(model, gate=list(conditions), **{"until": "gate", **options})
        if not report.passed:
            pytest.fail(f"the gate of {model} is not passed\n{report.to_text()}", pytrace=False)
        return report

    def _read(self, path: Path) -> SweepReport | None:
        """A kept report; None if it is damaged, or of another version."""
        from analyzer.errors import BadReport
        from analyzer.jobs.render import read_report
        from analyzer.jobs.sweep import SweepReport

        try:
            found = read_report(path)
        except BadReport:
            return None
        return found if isinstance(found, SweepReport) else None

    def _place(self, model: Path, asked: dict[str, Any]) -> Path | None:
        """The file for a report; None: what was asked for cannot be told by its content.

        Raises:
            RelcheckError: the model cannot be read.
        """
        if self._folder is None or _depends_on_more(asked):
            return None
        from analyzer.jobs.provenance import tool_part
        from analyzer.jobs.requests.campaigns import SweepRequest
        from analyzer.model.file import read_model_file

        tool, files = tool_part(), SweepRequest.paths()
        parts: list[object] = [tool.version, tool.onnxruntime, read_model_file(model).sha256]
        for name, value in sorted(asked.items()):
            told = _digest(value) if name in files else _text(value)
            if told is None:
                return None
            parts.append((name, told))
        return self._folder / f"{hashlib.sha256(repr(parts).encode()).hexdigest()}.json"


def _digest(value: object) -> str | None:
    """Digest of the content of a file; None if the value names none."""
    if not isinstance(value, str | os.PathLike) or not Path(value).is_file():
        return None
    return hashlib.sha256(Path(value).read_bytes()).hexdigest()


def _text(value: object) -> str | None:
    """A keyword as text; None if its text does not tell all of it, as that of a large array."""
    return repr(value) if isinstance(value, str | int | float | list | tuple) else None


def _depends_on_more(asked: dict[str, Any]) -> bool:
    """If a file that no option shows, code, or the day decides the report, or files are written."""
    from analyzer.jobs.requests.campaigns import SweepRequest

    code = any(".py:" in str(asked.get(name)) for name in ("metric", "task"))
    others = {"config", "waivers", "journal", *SweepRequest.formats()}
    return code or "data" not in asked or not asked.keys().isdisjoint(others)


@pytest.fixture(scope="session")
def relcheck(request: pytest.FixtureRequest) -> Relcheck:
    """Sweeps and gates: ``relcheck.gate("model.onnx", "top1 >= 0.9 @ 1e-6", data="test.npz")``."""
    config = request.config
    given = {
        "budget": config.getoption("relcheck_budget", None),
        "seed": config.getoption("relcheck_seed", None),
    }
    options = {name: value for name, value in given.items() if value is not None}
    cache = getattr(config, "cache", None)
    if cache is None or config.getoption("relcheck_no_cache", False):
        return Relcheck(None, options)
    return Relcheck(Path(cache.mkdir("relcheck")), options)

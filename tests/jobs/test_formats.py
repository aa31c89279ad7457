"""A report format is one object: flag, writing, checks, ``resume`` and the Python API follow."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import analyzer
from analyzer import errors
from analyzer.jobs.resume import resume
from analyzer.reports.formats import FORMATS, Format, RecordKind, formats_of, register
from analyzer.reports.sweep.record import Report
from tests.support import ENVIRONMENT, ROOT, Run

MADE_UP = """
import sys
from analyzer.reports.formats import Format, RecordKind, register
def render(record):
    return f"{len(record.rates)} rates\\n"
register(RecordKind.RUN, Format("tally", ".tally", "Write the tally.", render))
from analyzer.cli.main import main
main()
"""
"""A program with a format of its own, which is registered before the command line is loaded."""


def relcheck(folder: Path, *words: str | Path) -> Run:
    """A command of that program, in a folder."""
    done = subprocess.run(
        [sys.executable, "-c", MADE_UP, *map(str, words)],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(ROOT)},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout, done.stderr)


def test_a_format_is_one_object(model: Path, data: Path, tmp_path: Path) -> None:
    """Fails where what follows from `FORMATS` is kept by hand."""
    quick = ("--data", data, "--rates", "1e-3,1e-2", "--precision", "0.2", "--journal", "run.db")
    assert "Write the tally." in relcheck(tmp_path, "run", "--help").out
    assert "tally" not in relcheck(tmp_path, "map", "--help").out

    written = relcheck(tmp_path, "run", model, *quick, "--tally", "r.tally")
    assert (written.code, written.err) == (0, "wrote r.tally\n")
    assert (tmp_path / "r.tally").read_text() == "2 rates\n"

    before = model.read_bytes()
    taken = relcheck(tmp_path, "run", model, *quick, "--tally", model)
    assert (taken.code, model.read_bytes()) == (2, before)
    assert "is in use already" in taken.err

    (tmp_path / "r.tally").unlink()
    (tmp_path / "elsewhere").mkdir()
    resumed = relcheck(tmp_path / "elsewhere", "resume", tmp_path / "run.db")
    told, wrote = resumed.err.splitlines()
    assert (resumed.code, wrote) == (0, f"wrote {tmp_path / 'r.tally'}")
    assert "trials are from the journal" in told
    assert (tmp_path / "r.tally").exists()
    assert "Of a run: write the tally." in " ".join(
        relcheck(tmp_path, "resume", "--help").out.replace("│", "").split()
    )
    again = relcheck(tmp_path, "resume", "run.db", "--tally", "again.tally")
    assert (again.code, (tmp_path / "again.tally").read_text()) == (0, "2 rates\n")

    (tmp_path / "relcheck.toml").write_text('tally = "from_config.tally"\n')
    relcheck(tmp_path, "run", model, *quick, "--config", "relcheck.toml")
    assert (tmp_path / "from_config.tally").exists()


@pytest.fixture
def _made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that is registered while a test runs."""

    def render(record: Report) -> str:
        return f"{len(record.rates)} rates"

    monkeypatch.setitem(FORMATS, RecordKind.RUN, FORMATS[RecordKind.RUN])
    register(RecordKind.RUN, Format("tally", ".tally", "Write the tally.", render))


@pytest.mark.usefixtures("_made_up")
def test_and_a_method_and_a_keyword_of_the_python_api(
    model: Path, data: Path, tmp_path: Path
) -> None:
    target = tmp_path / "r.tally"
    quick: dict[str, Any] = {"rates": 1e-3, "precision": 0.2, "jobs": 0, "tally": target}
    report = analyzer.run(model, data=data, **quick)
    assert report.to_tally() == report.to("tally") == "1 rates"
    assert target.read_text() == "1 rates"
    target.unlink()
    assert report.save(target).read_text() == "1 rates"
    with pytest.raises(errors.UnwritableOutput, match="there is no folder"):
        report.save(tmp_path / "nowhere" / "r.tally")


def test_a_form_of_another_report_is_no_attribute(model: Path, data: Path) -> None:
    report = analyzer.run(model, data=data, rates=1e-3, precision=0.2, jobs=0)
    assert not hasattr(report, "to_tally")
    assert not hasattr(report, "csv")


@pytest.mark.parametrize("kind", RecordKind)
def test_names_and_endings_of_a_report_differ(kind: RecordKind) -> None:
    """Else a flag would hide another one, or `save` would guess."""
    own = FORMATS[kind]
    assert own
    for values in ([f.name for f in own], [f.suffix for f in own]):
        assert len(set(values)) == len(values)
    assert all(f.help.endswith(".") and f.suffix.startswith(".") for f in own)
    assert list(formats_of([kind])) == [f.name for f in own]


def test_a_map_may_have_forms_that_a_run_lacks(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal names the flag, whatever it is called."""
    tally = Format("tally", ".tally", "Write the tally.", str)
    monkeypatch.setitem(FORMATS, RecordKind.MAP, (*FORMATS[RecordKind.MAP], tally))
    journal = tmp_path / "run.db"
    analyzer.run(model, data=data, rates=1e-3, precision=0.2, jobs=0, journal=journal)
    with pytest.raises(errors.BadOption, match=f"--tally is for maps, and {journal} belongs to"):
        resume(journal, {"tally": tmp_path / "t"})

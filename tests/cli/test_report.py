"""Reports in forms that tools read: asked for, printed, rendered later, and after an error."""

import json
from pathlib import Path

import pytest

from analyzer.cli.failed_report import asked_reports, replaceable
from analyzer.reports.failure.stale import OPENINGS, is_report
from analyzer.reports.formats import FORMATS, RecordKind
from tests.cli.test_bad_input import assert_sentence
from tests.support import Run, invoke, run_cli

NAMES = ("json", "html", "csv", "markdown", "junit", "sarif", "github", "gitlab")
QUICK = ("--rates", "1e-3,1e-2", "--precision", "0.2", "--journal", "none")
HARD, EASY = "top1 >= 0.99 @ 1e-2", "top1 >= 0.1 @ 1e-3"


def asked(folder: Path) -> list[str]:
    """Every form, each as a file of this folder."""
    return [word for name in NAMES for word in ("--format", f"{name}={folder / name}")]


def written(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text("utf-8") for name in NAMES if (folder / name).exists()}


def test_forms_are_asked_for_by_name_or_by_ending(model: Path, data: Path, tmp_path: Path) -> None:
    by_name, by_ending = tmp_path / "SARIF.txt", tmp_path / "gl.gitlab.json"
    forms = ("--format", f"Sarif={by_name}", "--format", by_ending, "--csv", tmp_path / "r.csv")
    run = invoke("run", model, "--data", data, *QUICK, *forms)
    assert run.code == 0, run.err
    assert json.loads(by_name.read_text())["version"] == "2.1.0"
    assert json.loads(by_ending.read_text()) == []
    assert len((tmp_path / "r.csv").read_text().splitlines()) == 3
    assert run.err.count("wrote ") == 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--format", "report.pdf"), "--format 'report.pdf' names no form; write NAME=FILE"),
        (("--format", "sarf=x"), "names no form (did you mean sarif?)"),
        (("--format", "sarif="), "names no file; write sarif=FILE"),
        (("--format", "a.sarif", "--format", "b.sarif"), "a report as sarif is asked for already"),
        (("--json", "a.json", "--format", "b.json"), "a report as json is asked for already"),
    ],
)
def test_what_names_no_form_is_a_sentence(
    words: tuple[str, ...],
    says: str,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_sentence(invoke("run", model, *words), "bad-option", says)


def test_only_one_report_is_printed(model: Path, data: Path) -> None:
    run = invoke("run", model, "--data", data, "--json", "-", "--format", "sarif=-")
    assert run.code == 2
    assert "standard output (-) holds one report" in run.err


@pytest.mark.parametrize("name", NAMES)
def test_a_printed_report_is_the_written_one(
    name: str, model: Path, data: Path, tmp_path: Path
) -> None:
    """The table goes to standard error, and no other word to standard output."""
    base = ("run", model, "--data", data, *QUICK, "--json", tmp_path / "r.json")
    assert invoke(*base).code == 0
    target = tmp_path / "file"
    assert invoke("report", tmp_path / "r.json", "--format", f"{name}={target}").code == 0
    printed = invoke("report", tmp_path / "r.json", "--format", f"{name}=-")
    assert printed.out == target.read_text("utf-8")
    assert "Below each figure" in printed.err


@pytest.mark.parametrize(
    ("gate", "budget", "code"),
    [
        (EASY, "1m", 0),
        (HARD, "1m", 1),
        ("top1 >= 0.5 @ 1e-3", "0.000001s", 3),
        (None, "0.000001s", 3),
    ],
)
def test_the_exit_code_is_the_same_in_every_form(
    gate: str | None, budget: str, code: int, model: Path, data: Path, tmp_path: Path
) -> None:
    words = ("--data", data, *QUICK, "--budget", budget, "--json", tmp_path / "r")
    gates = ("--gate", gate) if gate else ()
    assert invoke("run", model, *words, *gates).code == code
    for name in NAMES:
        assert invoke("report", tmp_path / "r", "--format", f"{name}=-").code == code
    assert invoke("report", tmp_path / "r").code == code


def test_a_report_rendered_later_is_the_one_of_the_run(
    model: Path, data: Path, tmp_path: Path
) -> None:
    at_once, later = tmp_path / "once", tmp_path / "later"
    at_once.mkdir()
    later.mkdir()
    run = invoke("run", model, "--data", data, *QUICK, "--gate", EASY, *asked(at_once))
    assert run.code == 0, run.err
    again = invoke("report", at_once / "json", *asked(later))
    assert (again.code, again.out) == (0, run.out)
    assert written(later) == written(at_once)
    assert set(written(later)) == set(NAMES)


def test_maps_and_comparisons_are_rendered_later_as_well(
    model: Path, data: Path, tmp_path: Path
) -> None:
    common = ("--data", data, "--journal", "none", "--format", f"json={tmp_path / 'r'}")
    jobs = {
        "map": ("map", model, "--margin", "0.3"),
        "compare": ("compare", model, model, "--rates", "1e-3", "--precision", "0.2"),
    }
    for words in jobs.values():
        run = invoke(*words, *common)
        folder = tmp_path / words[0]
        folder.mkdir()
        again = invoke("report", tmp_path / "r", *asked(folder))
        assert (again.code, again.out) == (0, run.out)
        assert set(written(folder)) == set(NAMES)


BAD_REPORTS = {
    "missing": (None, "there is no report"),
    "no json": ("<html>", "is no JSON"),
    "other json": ('{"a": 1}', "is no report of relcheck"),
    "a list": ("[1]", "is no report of relcheck"),
    "another version": ('{"format_version": "9.0"}', "is a report of another version, or damaged"),
    "deep": ("[" * 100_000, "is no JSON"),
}


@pytest.mark.parametrize("name", BAD_REPORTS)
def test_what_is_no_report_is_a_sentence(name: str, tmp_path: Path) -> None:
    content, says = BAD_REPORTS[name]
    path = tmp_path / "r.json"
    if content is not None:
        path.write_text(content)
    assert_sentence(invoke("report", path), "bad-report", says)


# After an error


def failed(words: tuple[str | Path, ...]) -> Run:
    run = invoke("run", "nowhere.onnx", *words)
    assert (run.code, "[file-missing]" in run.err) == (2, True)
    return run


def test_an_error_takes_the_place_of_every_older_report(
    model: Path, data: Path, tmp_path: Path
) -> None:
    assert invoke("run", model, "--data", data, *QUICK, *asked(tmp_path)).code == 0
    before = written(tmp_path)
    failed((*asked(tmp_path),))
    after = written(tmp_path)
    assert set(after) == set(before) == set(NAMES)
    for name in NAMES:
        assert after[name] != before[name]
        assert "file-missing" in after[name], name


def test_a_report_of_an_error_is_shown_with_its_exit_code(tmp_path: Path) -> None:
    told = failed(("--json", tmp_path / "r.json"))
    shown = invoke("report", tmp_path / "r.json", "--format", f"junit={tmp_path / 'r.xml'}")
    assert (shown.code, shown.out) == (2, told.err)
    assert 'errors="1"' in (tmp_path / "r.xml").read_text()


def test_an_error_is_printed_where_a_report_was_to_be(tmp_path: Path) -> None:
    assert json.loads(failed(("--json", "-")).out)["error"]["slug"] == "file-missing"


def test_so_is_one_that_is_found_before_anything_is_parsed(tmp_path: Path) -> None:
    target = tmp_path / "r.json"
    run = invoke("run", "--bogus", "--json", target)
    assert run.code == 2
    assert json.loads(target.read_text())["error"]["slug"] == "bad-command-line"


def test_and_a_crash_of_the_process_that_runs_the_model(tmp_path: Path) -> None:
    """The parent process tells of it, which has not parsed the command line."""
    crash = (
        "import os, signal, sys; sys.argv = ['relcheck', 'm.onnx', '--json', sys.argv[1]];"
        "from analyzer.cli import guard;"
        "guard.main = lambda: os.kill(os.getpid(), signal.SIGSEGV); guard.entry()"
    )
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", crash, tmp_path / "r.json"], check=False)
    assert done.returncode == 2
    assert json.loads((tmp_path / "r.json").read_text())["error"]["slug"] == "model-crashes-runtime"


def test_a_defect_is_told_in_reports_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("analyzer.jobs.requests.settings.ask", broken)
    assert invoke("run", "--json", tmp_path / "r.json").code == 4
    assert json.loads((tmp_path / "r.json").read_text())["exit_code"] == 4


def test_nothing_but_a_report_is_replaced(model: Path, data: Path, tmp_path: Path) -> None:
    """Fails if a mistake in the order of words costs somebody a model or a data set."""
    notes = tmp_path / "notes.json"
    notes.write_text('{"my": "notes"}')
    empty = tmp_path / "empty.json"
    empty.touch()
    before = {path: path.read_bytes() for path in (model, data, notes)}
    for target in before:
        failed(("--json", target))
    failed(("--json", empty))
    assert {path: path.read_bytes() for path in before} == before
    assert "file-missing" in empty.read_text()


def test_an_input_that_is_a_report_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    failed(("--json", path))
    assert not replaceable("json", path, ["report", str(path), "--json", str(path)])
    assert replaceable("json", path, ["run", "--json", str(path)])
    before = path.read_bytes()
    assert invoke("report", path, "--json", path).code == 2
    assert path.read_bytes() == before


def test_a_target_that_cannot_be_written_is_no_second_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for target in (tmp_path / "folder", tmp_path / "no" / "r.json"):
        run = invoke("run", "nowhere.onnx", "--json", target)
        assert (run.code, run.err.count("\n")) == (2, 1)


@pytest.mark.parametrize("words", [[], ["--json"], ["--format", "x.pdf"], ["--format="], ["-"]])
def test_a_command_line_without_reports_asks_for_none(words: list[str]) -> None:
    assert asked_reports(words) == {}


@pytest.mark.parametrize("kind", RecordKind)
def test_a_failure_has_every_form_that_a_report_has(kind: RecordKind) -> None:
    failure = {form.name: form.suffix for form in FORMATS[RecordKind.FAILURE]}
    assert {form.name: form.suffix for form in FORMATS[kind]}.items() <= failure.items()
    assert set(failure) == set(OPENINGS) == set(NAMES)


def test_every_report_is_known_by_its_beginning(model: Path, data: Path, tmp_path: Path) -> None:
    for words in (
        ("run", model, "--rates", "1e-3", "--precision", "0.2"),
        ("run", model, "--rates", "1e-2", "--precision", "0.2", "--gate", HARD),
        ("map", model, "--margin", "0.3"),
        ("compare", model, model, "--rates", "1e-3", "--precision", "0.2"),
    ):
        invoke(*words, "--data", data, "--journal", "none", *asked(tmp_path))
        for name, text in written(tmp_path).items():
            assert is_report(name, text), (words, name)
            assert not is_report(name, "x" + text)


# In a job of GitHub Actions


def test_the_summary_of_a_job_gets_the_comment(
    model: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("earlier\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    comment = tmp_path / "r.md"
    assert invoke("run", model, "--data", data, *QUICK, "--format", comment).code == 0
    assert summary.read_text() == f"earlier\n{comment.read_text()}\n"
    failed(())
    assert "file-missing" in summary.read_text()
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "summary.md"))
    assert invoke("run", model, "--data", data, *QUICK).code == 0


def test_a_full_disk_under_standard_output_is_a_sentence() -> None:
    import subprocess
    import sys

    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "analyzer", "selftest", "--known-answers-only"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == (
        "relcheck: standard output cannot be written: No space left on device [unwritable-output]\n"
    )


def test_in_a_process_of_its_own_the_report_alone_is_printed(model: Path, data: Path) -> None:
    run = run_cli("run", model, "--data", data, *QUICK, "--json", "-")
    assert json.loads(run.out)["format_version"] == "1.0"

"""Bad input gets a sentence, exit code 2, and leaves no half-written file."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.errors import InternalError, NotOnnx, UnwritableOutput
from analyzer.jobs import files
from analyzer.model import load_model
from tests.cli.bad_input import CASES, good
from tests.support import ROOT, Run, invoke, run_cli, tiny_cnn_proto

IN_A_PROCESS = (
    "truncated_model",
    "external_data_in_parent_folder",
    "rates reversed",
    "damaged_npz",
)


def contents(folder: Path) -> dict[Path, bytes]:
    """Every file below ``folder``."""
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def assert_sentence(run: Run, slug: str, says: str) -> None:
    """One line on standard error that a person can act on, and nothing else anywhere."""
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("relcheck: ")
    assert run.err.endswith(f" [{slug}]\n")
    assert run.err.count("\n") == 1
    assert says in run.err
    assert len(run.err) < 700
    for noise in ("Traceback", "Error(", "<class", "onnxruntime_src", "errors.pydantic"):
        assert noise not in run.err


def assert_only_failures(folder: Path, before: dict[Path, bytes], slug: str, *reports: str) -> None:
    """Nothing but reports of the error was written, and nothing was changed."""
    now = contents(folder)
    assert {path: now[path] for path in before} == before
    written = {path for path in now if path not in before}
    assert {path.name for path in written} <= {"report.json", "report.html", *reports}
    assert all(slug in now[path].decode() for path in written)


def spoilt(name: str, folder: Path) -> list[str | Path]:
    """Arguments of one case: reports asked for, then what spoils the run."""
    given, reports = folder / "given", folder / "reports"
    given.mkdir()
    reports.mkdir()
    json, html = reports / "report.json", reports / "report.html"
    return ["run", "--json", json, "--html", html, *CASES[name].make(given)]


@pytest.mark.parametrize("name", CASES)
def test_bad_input(name: str, tmp_path: Path) -> None:
    arguments = spoilt(name, tmp_path)
    before = contents(tmp_path)
    run = invoke(*arguments)
    assert_sentence(run, CASES[name].slug, CASES[name].says)
    assert_only_failures(tmp_path, before, CASES[name].slug)


@pytest.mark.parametrize("name", IN_A_PROCESS)
def test_bad_input_in_a_process_of_its_own(name: str, tmp_path: Path) -> None:
    arguments = spoilt(name, tmp_path)
    before = contents(tmp_path)
    assert_sentence(run_cli(*arguments), CASES[name].slug, CASES[name].says)
    assert_only_failures(tmp_path, before, CASES[name].slug)


@pytest.mark.parametrize("command", ["inspect", "selftest"])
@pytest.mark.parametrize(
    "name",
    [
        "truncated_model",
        "external_data_missing",
        "two_batch_sizes",
        "dynamic_shape",
        "no_such_data",
    ],
)
def test_bad_input_to_other_commands(command: str, name: str, tmp_path: Path) -> None:
    run = invoke(command, *CASES[name].make(tmp_path))
    assert_sentence(run, CASES[name].slug, CASES[name].says)


def test_inspect_explains_a_model_without_initializers(tmp_path: Path) -> None:
    run = invoke("inspect", *CASES["no_initializers"].make(tmp_path))
    assert (run.code, run.err) == (0, "")
    assert "0 bits at risk in 0 tensors" in run.out


def test_what_the_cases_spoil_is_good(tmp_path: Path) -> None:
    """Else every case might fail for a reason of its own."""
    run = invoke(*good(tmp_path), "--rates", "1e-3", "--precision", "0.2")
    assert (run.code, run.err) == (0, "")


def test_model_cut_at_any_byte_is_no_model(tmp_path: Path) -> None:
    content = tiny_cnn_proto().SerializeToString()
    path = tmp_path / "cut.onnx"
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(NotOnnx):
            load_model(path)


def test_refused_run_leaves_the_old_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    report.write_text("the report of yesterday")
    assert invoke(tmp_path / "nowhere.onnx", "--json", report).code == 2
    assert report.read_text() == "the report of yesterday"


def test_report_that_cannot_be_written_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("the report of yesterday")

    def no_space(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("analyzer.jobs.files.os.replace", no_space)
    with pytest.raises(UnwritableOutput, match="No space left"):
        files.write_whole(tmp_path / "report.json", "{}")
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]
    assert (tmp_path / "report.json").read_text() == "the report of yesterday"


def test_reports_are_readable_by_others_like_any_new_file(tmp_path: Path) -> None:
    files.write_whole(tmp_path / "report.json", "{}")
    (tmp_path / "plain").touch()
    assert (tmp_path / "report.json").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_streams_are_written_to_and_not_replaced(tmp_path: Path) -> None:
    stream = tmp_path / "stream"  # through a link, lest a failing test breaks the machine
    stream.symlink_to("/dev/null")
    run = invoke(*good(tmp_path), "--rates", "1e-3", "--precision", "0.2", "--html", stream)
    assert run.code == 0
    assert stream.is_char_device()


def test_lack_of_memory_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise MemoryError

    monkeypatch.setattr("analyzer.jobs.sources.load_model", refuse)
    assert_sentence(invoke(*good(tmp_path)), "out-of-memory", "use a smaller --batch")


def test_busy_journal_is_a_sentence(tmp_path: Path) -> None:
    with (tmp_path / "journal.db.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = invoke(*good(tmp_path), "--journal", tmp_path / "journal.db")
    assert_sentence(run, "journal-busy", "in use by another run")


def test_missing_cluster_package_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    run = invoke(*good(tmp_path), "--cluster", "tcp://localhost:8786")
    assert run.code == 2  # the head of the report is out by then
    assert "needs the package distributed" in run.err
    assert run.err.endswith("[cluster]\n")


@pytest.mark.parametrize(
    ("deed", "slug"),
    [
        ("os.kill(os.getpid(), signal.SIGSEGV)", "model-crashes-runtime"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "out-of-memory"),
        ("signal.pause()", "model-hangs"),
    ],
)
def test_what_becomes_of_the_child_is_a_sentence(deed: str, slug: str) -> None:
    """The command runs in a child; here it does what a hostile model may make it do."""
    code = f"import os, signal\nfrom analyzer.cli import guard\nguard.main = lambda: {deed}\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "guard.entry()"],
        env={**os.environ, "RELCHECK_PATIENCE": "0.3"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert_sentence(Run(done.returncode, done.stdout, done.stderr), slug, "")


@pytest.mark.parametrize(
    ("error", "says"),
    [(InternalError("a weight moved"), "a weight moved [internal]"), (KeyError("x"), "KeyError")],
)
def test_defects_are_told_apart_from_bad_input(
    error: Exception, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise error

    monkeypatch.setattr("analyzer.jobs.sources.load_model", fail)
    run = invoke(*good(tmp_path))
    assert run.code == 4
    assert says in run.err
    assert run.err.endswith("[internal]\n")
    assert "Traceback" not in run.err

"""The plug-in of pytest, in sessions of its own: pass, fail, cache, and workers of xdist."""

from pathlib import Path

import onnx
import pytest

from tests.support import tiny_cnn, tiny_data

TESTS = """
import pytest

QUICK = {"data": "d.npz", "precision": 0.2}

def test_passes(relcheck):
    report = relcheck.gate("m.onnx", "top1 >= 0.5 @ 1e-3", **QUICK)
    assert report.passed

@pytest.mark.parametrize("number", range(4))
def test_fails(relcheck, number):
    relcheck.gate("m.onnx", "top1 >= 0.87 @ 1e-2", **QUICK)
"""


@pytest.fixture
def session(pytester: pytest.Pytester) -> pytest.Pytester:
    tiny_cnn(pytester.path / "m.onnx")
    tiny_data(pytester.path / "d.npz")
    pytester.makepyfile(TESTS)
    return pytester


def run(session: pytest.Pytester, *words: str) -> pytest.RunResult:
    plugin = ("-p", "relcheck_onnx.pytest_plugin") if not registered() else ()
    return session.runpytest_subprocess(*plugin, *words)


def registered() -> bool:
    from importlib.metadata import entry_points

    return any(e.value == "relcheck_onnx.pytest_plugin" for e in entry_points(group="pytest11"))


def kept(session: pytest.Pytester) -> dict[Path, float]:
    folder = session.path / ".pytest_cache" / "d" / "relcheck"
    return {path: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_a_gate_that_fails_shows_its_evidence(session: pytest.Pytester) -> None:
    result = run(session, "-k", "passes or fails and 0")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["the gate of m.onnx is not passed", "*fail *top1 >= 0.87 @ 1e-2*"])
    assert "Traceback" not in result.stdout.str()


def test_a_second_session_reads_what_the_first_one_found(session: pytest.Pytester) -> None:
    run(session).assert_outcomes(passed=1, failed=4)
    before = kept(session)
    assert len(before) == 2
    run(session).assert_outcomes(passed=1, failed=4)
    assert kept(session) == before
    tiny_cnn(session.path / "m.onnx", seed=9)
    run(session).assert_outcomes(failed=5)
    assert len(kept(session)) == 4, "another model is another sweep"


def test_workers_of_xdist_share_the_cache(session: pytest.Pytester) -> None:
    run(session, "-n", "2").assert_outcomes(passed=1, failed=4)
    assert len(kept(session)) == 2


def test_a_damaged_report_is_run_anew(session: pytest.Pytester) -> None:
    run(session, "-k", "passes").assert_outcomes(passed=1)
    (path,) = kept(session)
    path.write_text("{")
    run(session, "-k", "passes").assert_outcomes(passed=1)
    assert path.read_text() != "{"


def test_options_reach_the_sweep(session: pytest.Pytester) -> None:
    run(session, "-k", "passes", "--relcheck-no-cache").assert_outcomes(passed=1)
    result = run(session, "-k", "passes", "--relcheck-budget", "soon")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*write a duration like 90s*"])


@pytest.mark.parametrize(
    "option", ["config='relcheck.toml'", "metric='mine.py:score', data='d.npz'"]
)
def test_a_file_that_an_option_names_is_never_stale(option: str, session: pytest.Pytester) -> None:
    """Fails if a report is kept under the name of a settings file, or of code, that may change."""
    session.makefile(".toml", relcheck='data = "d.npz"\nprecision = 0.2\n')
    score = (
        "def score(answers, labels):\n    return (answers[0].argmax(1) == labels).astype(float)\n"
    )
    session.makefile(".py", mine=score)
    call = f"relcheck.run('m.onnx', rates='1e-3', {option})"
    session.makepyfile(f"def test_it(relcheck):\n    assert {call}.complete\n")
    run(session).assert_outcomes(passed=1)
    assert kept(session) == {}
    session.makefile(".toml", relcheck='data = "gone.npz"\nprecision = 0.2\n')
    session.makefile(".py", mine="def score(answers, labels):\n    raise ValueError\n")
    run(session).assert_outcomes(failed=1)


OTHERS = {
    "severity='s.csv'": "s.csv",
    "severity=pathlib.Path('s.csv')": "s.csv",
    "severity=str(pathlib.Path('s.csv'))": "s.csv",
}


@pytest.mark.parametrize("option", OTHERS)
def test_a_file_that_is_named_counts_by_its_content(option: str, session: pytest.Pytester) -> None:
    """Fails if a path that is given as text stands for the file behind it: a stale pass."""
    session.makefile(".csv", s="true,predicted\n0,1\n")
    call = f"relcheck.run('m.onnx', rates='1e-2', data='d.npz', precision=0.2, {option})"
    session.makepyfile(f"import pathlib\ndef test_it(relcheck):\n    assert {call}.complete\n")
    run(session).assert_outcomes(passed=1)
    run(session).assert_outcomes(passed=1)
    assert len(kept(session)) == 1
    session.makefile(".csv", s="no table of confusions\n")
    run(session).assert_outcomes(failed=1)


def test_the_external_data_of_a_model_count(session: pytest.Pytester) -> None:
    """Fails if only the ONNX file is looked at: its weights may be in another one."""
    model = session.path / "m.onnx"
    proto = onnx.load(model)
    onnx.save(proto, model, save_as_external_data=True, location="m.bin", size_threshold=0)
    run(session, "-k", "passes").assert_outcomes(passed=1)
    weights = session.path / "m.bin"
    weights.write_bytes(bytes(len(weights.read_bytes())))
    run(session, "-k", "passes").assert_outcomes(failed=1)


@pytest.mark.parametrize("option", ["json='r.json'", "html='r.json'"])
def test_files_that_are_asked_for_are_written(option: str, session: pytest.Pytester) -> None:
    """Fails if a kept report takes the place of a call that writes files."""
    call = f"relcheck.run('m.onnx', rates='1e-2', data='d.npz', precision=0.2, {option})"
    session.makepyfile(f"def test_it(relcheck):\n    assert {call}.complete\n")
    for _ in range(2):
        run(session).assert_outcomes(passed=1)
        (session.path / "r.json").unlink()

"""The command runs in a child that may crash, hang or eat memory: what is left of it, and said.

Each test names the line that it watches over: without the line, it fails.
"""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.cli.process import heartbeat
from tests.cli.test_bad_input import assert_sentence
from tests.support import ROOT, Run, invoke, tiny_cnn, tiny_data

GUARDED = """
{before}
import os, resource, signal, subprocess, sys, tempfile, time
from analyzer.cli import guard, main
def deed(**_):
{deed}
{where} = deed
guard.entry()
"""

Environment = dict[str, str]


def start(
    deed: str, where: str = "guard.main", before: str = "", **variables: str
) -> subprocess.Popen[str]:
    """A guarded command that does a deed of its own, in place of what is at ``where``."""
    deed = textwrap.indent(textwrap.dedent(deed), "    ")
    code = GUARDED.format(deed=deed, where=where, before=before)
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(deed: str, where: str = "guard.main", before: str = "", **variables: str) -> Run:
    process = start(deed, where, before, **variables)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return Run(process.returncode, out, err)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` holds within ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def alive(pid: int) -> bool:
    """Whether there is such a process, dead ones that wait to be noticed not counted."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return ""
    return status.rpartition(")")[2].split()[0]


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"])
def test_a_crash_is_a_sentence(name: str) -> None:
    """guard.py: ``if ending.crashed``."""
    found = run(f"os.kill(os.getpid(), signal.{name})")
    assert_sentence(found, "model-crashes-runtime", f"crashed ({name})")


def test_last_words_of_native_code_are_not_printed() -> None:
    """guard.py: ``os.dup2(..., 2)`` in ``_settle``; Python's own words come through."""
    found = run("os.write(2, b'free(): invalid pointer'); sys.stderr.write('ours')")
    assert found == Run(0, "", "ours")


def test_warnings_of_libraries_are_not_printed() -> None:
    """guard.py: ``warnings.simplefilter("ignore")``; found by the fuzz suite: numpy's, of NaN."""
    assert run("import warnings; warnings.warn('overflow encountered')") == Run(0, "", "")


def test_a_crash_leaves_no_temporary_files(tmp_path: Path) -> None:
    """guard.py: ``shutil.rmtree(folder, ...)``, and ``tempfile.tempdir = folder``."""
    deed = """
    with tempfile.TemporaryDirectory(prefix="relcheck-"):
        print(tempfile.mkdtemp(), os.environ["TMPDIR"], flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    """
    found = run(deed, TMPDIR=str(tmp_path))
    made, told = found.out.split()
    assert Path(made).parent == Path(told)
    assert Path(told).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


def in_memory(folder: Path) -> str:
    """Code that makes ``folder`` the one in memory."""
    return f"import analyzer.cli.guard as g; g.MEMORY = {str(folder)!r}"


WHERE = """
from analyzer.memory.scratch import SCRATCH
print(SCRATCH.folder_for(1), flush=True)
os.kill(os.getpid(), signal.SIGSEGV)
"""


def test_a_crash_leaves_nothing_in_memory(tmp_path: Path) -> None:
    """guard.py: ``SCRATCH.use(quick)``, and ``quick`` in what is removed."""
    told = run(WHERE, before=in_memory(tmp_path), TMPDIR="")
    assert Path(told.out.strip()).parent == tmp_path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP"])
def test_a_user_s_folder_for_temporary_files_is_the_only_one(tmp_path: Path, variable: str) -> None:
    """guard.py: ``return None`` in ``_folder_in_memory``."""
    memory, own = tmp_path / "memory", tmp_path / "own"
    memory.mkdir()
    own.mkdir()
    told = run(WHERE, before=in_memory(memory), **{variable: str(own)})
    assert told.out == "None\n"


def test_without_a_folder_in_memory_files_go_elsewhere(tmp_path: Path) -> None:
    """guard.py: ``except OSError`` in ``_folder_in_memory``."""
    told = run(WHERE, before=in_memory(tmp_path / "nothing"), TMPDIR="")
    assert told.out == "None\n"


def test_a_crash_leaves_no_core_file() -> None:
    """isolation.py: ``_limit(resource.RLIMIT_CORE, 0)``."""
    recording = (
        "import resource; asked = []; resource.getrlimit = lambda kind: (-1, -1); "
        "resource.setrlimit = lambda kind, limits: asked.append((kind, limits))"
    )
    deed = "print([limits for kind, limits in asked if kind == resource.RLIMIT_CORE])"
    assert run(deed, before=recording).out == "[(0, -1)]\n"


def test_a_crash_leaves_no_processes() -> None:
    """isolation.py: ``_sweep(child)``."""
    deed = """
    print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)
    """
    process = start(deed)
    assert process.stdout is not None
    left = int(process.stdout.readline())
    assert process.wait() == 2
    assert eventually(lambda: not alive(left))


def test_silence_ends_it() -> None:
    """guard.py: ``HEARTBEAT.begin(patience)``; a loop in C is not interrupted by Python."""
    found = run("sum(iter(int, 1))", RELCHECK_PATIENCE="0.4")
    assert_sentence(found, "model-hangs", "no sign of life with this model for 0.4 s")


def test_handlers_of_others_do_not_keep_it_alive() -> None:
    """isolation.py: ``signal.signal(signal.SIGALRM, signal.SIG_DFL)``."""
    deaf = "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)"
    found = run("time.sleep(60)", before=deaf, RELCHECK_PATIENCE="0.4")
    assert_sentence(found, "model-hangs", "no sign of life")


def test_memory_has_an_end() -> None:
    """isolation.py: ``_limit(resource.RLIMIT_AS, memory)``: 64 GiB are asked for, never touched."""
    found = run("bytearray(2**36)", "main.app", RELCHECK_MEMORY="2")
    assert_sentence(found, "out-of-memory", "not enough memory")


def test_a_stricter_limit_stays() -> None:
    """isolation.py: ``min(stricter)`` in ``_limit``."""
    deed = "print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    assert run(deed, RELCHECK_MEMORY="2").out == f"{2 * 2**30}\n"
    limited = "import resource; resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**31))"
    assert run(deed, before=limited).out == f"{2**30}\n"


def test_death_by_the_system_is_a_sentence() -> None:
    """guard.py: ``if ending.killed``: what Linux does when memory runs out."""
    found = run("os.kill(os.getpid(), signal.SIGKILL)")
    assert_sentence(found, "out-of-memory", "most likely for want of memory")


@pytest.mark.parametrize(
    ("name", "value"),
    [("PATIENCE", "soon"), ("PATIENCE", "0"), ("MEMORY", "-1"), ("MEMORY", "nan")],
)
def test_settings_are_numbers(name: str, value: str) -> None:
    """guard.py: ``if not 0.0 < value < 2.0**31``."""
    found = run("print('it ran')", **{f"RELCHECK_{name}": value})
    assert_sentence(found, "bad-option", f"RELCHECK_{name}={value!r} is no positive number")


def test_no_place_for_temporary_files_is_a_sentence() -> None:
    """guard.py: ``except OSError`` in ``_own_folder``."""
    spoilt = "import tempfile; tempfile.mkdtemp = lambda prefix: open('/nowhere/x')"
    found = run("print('it ran')", before=spoilt)
    assert_sentence(found, "unwritable-output", "set TMPDIR to a folder that can")


# The child is the command: signals mean it, and it does not outlive the one who waits


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_passed_on(number: signal.Signals) -> None:
    """isolation.py: ``os.kill(child, number)``."""
    deed = f"""
    def hear(number, frame):
        print("heard", flush=True)
        os._exit(3)
    signal.signal({int(number)}, hear)
    print("ready", flush=True)
    time.sleep(60)
    """
    hearing = f"import signal; signal.signal({int(number)}, signal.SIG_DFL)"  # also under nohup
    process = start(deed, before=hearing)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.readline() == "heard\n"
    assert process.wait(30) == 3


def test_it_dies_of_what_the_child_died_of() -> None:
    """guard.py: ``os.kill(os.getpid(), ending.signal)``: shells and schedulers look at it."""
    assert run("os.kill(os.getpid(), signal.SIGTERM)").code == -signal.SIGTERM


def test_exit_codes_come_through() -> None:
    """guard.py: ``sys.exit(ending.code)``."""
    assert run("sys.exit(3)") == Run(3, "", "")


def test_the_child_dies_with_its_parent() -> None:
    """isolation.py: ``die_with(parent)``."""
    process = start("print(os.getpid(), flush=True); time.sleep(60)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    assert child != process.pid
    process.kill()
    process.wait()
    assert eventually(lambda: not alive(child))


def test_both_pause_and_go_on() -> None:
    """isolation.py: ``pause`` in ``_listen``: the child is in a group of its own."""
    process = start("print(os.getpid(), flush=True); time.sleep(60)")
    assert process.stdout is not None
    child = int(process.stdout.readline())
    try:
        process.send_signal(signal.SIGTSTP)
        assert eventually(lambda: state(child) == state(process.pid) == "T")
        process.send_signal(signal.SIGCONT)
        assert eventually(lambda: state(child) != "T" and state(process.pid) != "T")
    finally:
        process.kill()


def test_what_was_ignored_stays_ignored() -> None:
    """isolation.py: ``if signal.getsignal(number) != signal.SIG_IGN``: as nohup wants it."""
    deaf = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    process = start("print('ready', flush=True); time.sleep(0.5)", before=deaf)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGHUP)
    assert process.wait(30) == 0


# Signs of life


@pytest.fixture
def signs(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What is promised to the system, in order, within a process as if it were guarded."""
    given: list[float] = []
    monkeypatch.setattr(heartbeat, "sign_of_life", given.append)
    return given


def test_patience_grows_with_the_preparation(
    signs: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """heartbeat.py: ``self._seconds += SLOWER * ...``."""
    clock = iter((100.0,))
    monkeypatch.setattr("analyzer.cli.process.heartbeat.time.monotonic", lambda: next(clock, 103.0))
    own = heartbeat.Heartbeat()
    own.begin(10)
    own.renew()
    own.prepared()
    with own.suspended():
        signs.append(-1)
    own.end()
    own.renew()
    grown = 10 + 3 * heartbeat.SLOWER
    assert signs == [10, 10, grown, 0, -1, grown, 0]


def test_without_a_guard_nothing_is_promised(signs: list[float]) -> None:
    own = heartbeat.Heartbeat()
    own.renew()
    own.prepared()
    with own.suspended():
        own.renew()
    own.end()
    assert signs == []


@pytest.mark.parametrize(
    ("command", "least"),
    [(("run", "--rates", "1e-3", "--precision", "0.2"), 10), (("selftest", "--patterns", "9"), 11)],
)
def test_commands_give_signs_of_life(
    command: tuple[str, ...], least: int, tmp_path: Path, signs: list[float]
) -> None:
    """Fails without ``observer.alive()``, ``step()`` or ``suspended()`` in a job."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    heartbeat.HEARTBEAT.begin(1000)
    try:
        assert invoke(*command, model, "--data", data).code == 0
    finally:
        heartbeat.HEARTBEAT.end()
    assert signs[0] == 1000
    assert 0 in signs[1:-1]  # while the data set is read
    assert len([s for s in signs if s]) >= least
    assert signs[-2] > 1000  # the preparation counts

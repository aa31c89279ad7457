"""Help as a newcomer meets it: short flags, order, widths, shells, and readers that leave."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from unittest import mock

import pytest

from analyzer.cli import settings_file
from analyzer.cli.app import SECTIONS
from tests.support import ROOT, invoke
from tests.test_docs import OPTIONS

COMMANDS = sorted(OPTIONS)
CONFIGURED = [name for name, options in OPTIONS.items() if "--config" in options]
every_command = pytest.mark.parametrize("command", COMMANDS)


@every_command
def test_each_command_has_one_help_by_three_names(command: str) -> None:
    long = invoke(command, "--help")
    assert (long.code, long.err) == (0, "")
    assert f"Usage: relcheck {command}" in long.out
    assert invoke(command, "-h") == invoke("help", command) == long


def test_so_does_the_program() -> None:
    assert invoke("-h") == invoke("help") == invoke("--help")
    assert invoke("--help").code == 0


@every_command
def test_switches_show_no_type(command: str) -> None:
    text = invoke(command, "--help").out
    assert "<bool>" not in text
    assert "BOOLEAN" not in text
    assert "<bool>" not in invoke("--help").out


def test_commands_stand_in_the_order_of_need() -> None:
    text = invoke("--help").out
    there = [name for names in SECTIONS.values() for name in names if name in OPTIONS]
    assert there[0] == "run"
    assert there[-1] == "help"
    places = [text.index(f"│ {name} ") for name in there]
    assert places == sorted(places)
    assert sorted(there) == COMMANDS, "a command is in no section of help"


def test_a_mistyped_command_is_guessed() -> None:
    run = invoke("help", "insepct")
    assert (run.code, run.out) == (2, "")
    assert "there is no command 'insepct' (did you mean inspect?)" in run.err
    assert run.err.endswith("[bad-command-line]\n")


@pytest.mark.parametrize("columns", [60, 80, 200])
@every_command
def test_help_fits_the_terminal(command: str, columns: int) -> None:
    with mock.patch("tests.support.ENVIRONMENT", {"COLUMNS": str(columns), "TERM": "dumb"}):
        text = invoke(command, "--help").out
    assert max(map(len, text.splitlines())) <= columns


def shell(line: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A line of bash in which ``relcheck`` is this checkout's."""
    told = f'relcheck() {{ "{sys.executable}" -m analyzer "$@"; }}; {line}'
    return subprocess.run(
        ["bash", "-c", told, "bash", *arguments],
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb", **variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("words", ["--help", "help run", "--version", "inspect $1"])
def test_a_full_disk_is_a_sentence(words: str) -> None:
    done = shell(f"relcheck {words} > /dev/full", str(ROOT / "models/digits_resnet.onnx"))
    assert done.returncode == 2
    assert done.stderr == (
        "relcheck: standard output cannot be written: No space left on device [unwritable-output]\n"
    )


@pytest.mark.parametrize("words", ["--help", "help run", "--version", "inspect $1"])
def test_a_reader_that_leaves_is_no_error(words: str) -> None:
    line = f"(sleep 0.7; relcheck {words}; echo $? >&2) | true"
    done = shell(line, str(ROOT / "models/digits_resnet.onnx"))
    assert done.stderr == "0\n"


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("relcheck in", {"inspect"}),
        ("relcheck model.onnx --prec", {"--precision", "--precise-int8"}),
        ("relcheck map --marg", {"--margin"}),
        ("relcheck mpa --prec", {"--precision", "--precise-int8"}),
    ],
)
def test_a_shell_completes_lines(line: str, offered: set[str], tmp_path: Path) -> None:
    words = line.split()
    script = (
        "from analyzer.cli.main import COMMANDS; from analyzer.cli.app import app; "
        "app(prog_name='relcheck')"
    )
    asked = {"_RELCHECK_COMPLETE": "complete_bash", "COMP_WORDS": line}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **asked, "COMP_CWORD": str(len(words) - 1)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert set(done.stdout.split()) == offered, done.stderr
    assert done.stderr == ""


def test_completion_can_be_installed() -> None:
    text = invoke("--help").out
    assert "--install-completion" in text
    assert "--show-completion" in text


def test_quiet_and_verbose_contradict() -> None:
    run = invoke("run", "-q", "--verbose")
    assert (run.code, run.out) == (2, "")
    assert "--quiet and --verbose contradict each other" in run.err


@pytest.mark.parametrize("columns", [60, 200])
@every_command
def test_a_paragraph_is_broken_by_the_terminal_alone(command: str, columns: int) -> None:
    """Fails if lines of a docstring end where its author ended them."""
    with mock.patch("tests.support.ENVIRONMENT", {"COLUMNS": str(columns), "TERM": "dumb"}):
        lines = invoke(command, "--help").out.partition("╭")[0].splitlines()[2:]
    for line, following in pairwise(map(str.strip, lines)):
        first = following.partition(" ")[0]
        assert not first or not line or len(f" {line} {first} ") > columns, f"{line!r} ends early"


@every_command
def test_arguments_are_named_plainly(command: str) -> None:
    """Fails if a type of Python, or a brace of a version of typer, stands beside them."""
    text = invoke(command, "--help").out
    head = text.partition("╭─ Options")[0]
    assert not re.search(r"[{}]|<[a-z]|list\[", head)


@pytest.mark.parametrize("command", CONFIGURED)
def test_config_says_if_a_file_is_looked_for(command: str) -> None:
    text = " ".join(invoke(command, "--help").out.replace("│", " ").split())
    looks = command in settings_file.COMMANDS
    assert ("relcheck.toml, if found" in text) is looks
    assert ("no file is looked for" in text) is not looks

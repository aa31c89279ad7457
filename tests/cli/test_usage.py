"""Command lines that cannot be read: one sentence, a slug, exit code 2, as any other refusal."""

import os
from pathlib import Path
from unittest import mock

import pytest
import typer

from tests.cli.test_bad_input import assert_sentence
from tests.support import invoke, run_cli, tiny_cnn

LINES = {
    "compare": "relcheck compare needs MODEL MODEL..; relcheck compare --help lists",
    "export": "relcheck export needs SOURCE",
    "inspect": "relcheck inspect needs MODEL",
    "resume": "relcheck resume needs JOURNAL",
    "merge a.db": "relcheck merge needs --output",
    "map --exhaustive=3": "--exhaustive takes no value; relcheck map --help",
    "map --margin": "--margin needs a value; relcheck map --help",
    "map --precision 0.1": "relcheck map has no option --precision (relcheck run has)",
    "compare a b --shard 1/2": "relcheck compare has no option --shard (relcheck run has)",
    "m.onnx --rate 1e-6": "relcheck run has no option --rate (did you mean --rates?)",
    "--versio": "relcheck run has no option --versio (did you mean --version?)",
    "run --xyzzy": "relcheck run has no option --xyzzy; relcheck run --help",
    "runn": "runn is neither a command nor a file (did you mean relcheck run?)",
    "mpa m.onnx": "mpa is neither a command nor a file (did you mean relcheck map?)",
    "merge a b c": "relcheck merge needs --output",
    "inspect a b": "'b' is more than relcheck inspect takes",
    "resume a b c": "'b c' is more than relcheck resume takes",
}


@pytest.mark.parametrize("line", LINES)
def test_what_cannot_be_read_is_a_sentence(line: str) -> None:
    assert_sentence(invoke(*line.split()), "bad-command-line", LINES[line])


def test_and_in_a_process_of_its_own() -> None:
    assert_sentence(run_cli("run", "--rate", "1"), "bad-command-line", "did you mean --rates?")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("harden m.onnx --iterations 0 -o b", "--iterations '0': input should be greater"),
        ("map --seed=1.5", "--seed '1.5': input should be a valid integer"),
    ],
)
def test_values_that_are_no_numbers_are_told_as_bad_ones(line: str, says: str) -> None:
    assert_sentence(invoke(*line.split()), "bad-option", says)


def test_of_what_the_environment_says_only_the_name_is_told() -> None:
    with mock.patch("tests.support.ENVIRONMENT", {**os.environ, "RELCHECK_JOBS": "x"}):
        run = invoke("run")
    assert_sentence(run, "bad-option", "--jobs: input should be a valid integer")


def test_a_file_is_no_mistyped_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails if names are compared before the folder is looked at."""
    monkeypatch.chdir(tmp_path)
    tiny_cnn(tmp_path / "runn")
    run = invoke("runn", "--rates", "1e-3", "--precision", "0.3")
    assert run.code == 0, run.err


def test_a_model_that_is_not_there_is_no_mistyped_command() -> None:
    assert_sentence(invoke("resnet.onnx"), "file-missing", "there is no file resnet.onnx")
    assert_sentence(invoke("network"), "file-missing", "there is no file network")


@pytest.mark.parametrize("error", [KeyboardInterrupt, typer.Abort])
def test_ctrl_c_is_no_defect(error: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends a command outside a campaign; which of the two arrives is up to typer's version."""

    def interrupted(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("analyzer.jobs.requests.settings.ask", interrupted)
    run = invoke("run")
    assert (run.code, run.out, run.err) == (130, "", "")


def test_nothing_at_all_shows_the_help() -> None:
    run = invoke()
    assert run.code == 2
    assert "Usage:" in run.out + run.err
    assert "[bad-command-line]" not in run.err


@pytest.mark.parametrize("line", ["--help", "map --help", "--version"])
def test_what_was_asked_for_is_no_error(line: str) -> None:
    run = invoke(*line.split())
    assert (run.code, run.err) == (0, "")

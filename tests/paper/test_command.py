"""``python -m paper`` as its users meet it."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from paper import __main__ as command
from paper.plan import stages
from paper.plan.study import FULL, quick
from paper.progress import Times
from paper.stage import ROOT

EVERY = stages(quick())


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert command.main(arguments) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err


def test_without_data_it_says_what_to_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "--folder", str(tmp_path))
    assert said.startswith("paper: there are no images in ")
    assert "make paper DATA=... TEST=..." in said


def test_data_that_are_not_there_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "--data", str(tmp_path / "cifar"))
    assert said == f"paper: --data: there is no file or folder {tmp_path / 'cifar'}\n"


def test_the_quick_study_takes_no_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert "leave out --data" in refusal(capsys, "--quick", "--data", ".")


def test_a_name_that_means_nothing_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    said = refusal(capsys, "--quick", "--list", "fp23")
    assert said.startswith("paper: no stage is called 'fp23'; kinds are images, train, harden")


def test_without_doit_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "paper.engine", raising=False)
    monkeypatch.setitem(sys.modules, "doit.action", None)
    said = refusal(capsys, "--quick", "--list", "--folder", str(tmp_path))
    assert "'.[paper]'" in said


@pytest.mark.parametrize(
    ("pattern", "count"),
    [("fp32", 6), ("fp32/", 6), ("train/vgg-2", 1), ("harden/vgg-1-*", 4), ("fit/*", 6)],
)
def test_stages_are_chosen_by_name_kind_or_pattern(pattern: str, count: int) -> None:
    assert len(command.select(EVERY, [pattern])) == count


def test_whatever_a_chosen_stage_needs_comes_with_it() -> None:
    chosen = command.select(EVERY, ["q15.16/resnet20-simsiam-2"])
    assert [stage.name for stage in command.needed(EVERY, chosen)] == [
        "images",
        "pretrain/resnet20-simsiam-2",
        "train/resnet20-simsiam-2",
        "harden/resnet20-simsiam-2-actmax",
        "harden/resnet20-simsiam-2-clipact",
        "q15.16/resnet20-simsiam-2",
    ]


def test_the_list_runs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list", "--folder", str(tmp_path), "train/vgg-1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [
        ["to", "run", "images"],
        ["to", "run", "train/vgg-1"],
    ]
    assert lines[2].startswith("2 of 2 stages to run")
    assert not (tmp_path / "records").exists()


def test_the_time_left_is_that_of_the_same_stages_or_of_their_kind() -> None:
    times = Times()
    first, second, other = (
        command.select(EVERY, [name])[0] for name in ("train/vgg-1", "train/vgg-2", "map/vgg-1")
    )
    assert times.left([first], 2) == ""
    times.add(first, 600)
    assert times.left([first, second], 1) == "about 20 min"
    assert times.left([first, second], 2) == "about 10 min"
    assert times.left([second], 2) == "about 10 min"
    assert times.left([second, other], 1) == "at least 10 min"


def test_a_folder_in_the_checkout_gives_the_same_commands_everywhere() -> None:
    inside = command._in_repository(ROOT / "build" / "paper")
    assert stages(replace(FULL, folder=inside)) == stages(FULL)

"""The plan of the study: its commands can be run in their order, and are those on record."""

import doctest
import importlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import typer.main

from analyzer.cli.app import app
from paper.plan import stages
from paper.plan.images import PARTS
from paper.plan.study import FULL, Study, quick
from paper.stage import ROOT, Stage

WITH_DATA = replace(FULL, data=Path("/somewhere/cifar"), test=Path("/somewhere/else"))
STUDIES = {"full": WITH_DATA, "quick": quick()}

PREPROCESSING = "--input 32 --mean 0.4914,0.4822,0.4465 --std 0.247,0.2435,0.2616"
IMAGES = "--data build/paper/data/train.npz --validation build/paper/data/validation.npz"
MODEL = "build/paper/models/resnet20-ssql-2"
FLOAT = [f"{MODEL}/{form}.onnx" for form in ("float", "actmax", "clipact")]
VGG = "build/paper/models/vgg-2"
SWEEP = "--precision 0.02 --budget 10m --jobs 0 --journal none --seed 2"
COMMANDS = {
    "images": "python -m paper.images --train DATA --test TEST --out build/paper/data",
    "pretrain/resnet20-ssql-2": (
        f"relcheck pretrain paper/networks.py:resnet20 --method ssql {IMAGES} {PREPROCESSING} "
        "--epochs 5 --batch 128 --optimizer adam --lr 0.002 --seed 2 --threads 1 "
        f"-o {MODEL}/pretrained.pt --json {MODEL}/pretrain.json"
    ),
    "train/resnet20-ssql-2": (
        f"relcheck train paper/networks.py:resnet20 --init {MODEL}/pretrained.pt {IMAGES} "
        f"{PREPROCESSING} --lr 0.2 --epochs 12 --seed 2 --threads 1 "
        f"-o {MODEL}/float.pt --onnx {MODEL}/float.onnx --json {MODEL}/train.json"
    ),
    "train/vgg-3": (
        f"relcheck train paper/networks.py:vgg {IMAGES} {PREPROCESSING} "
        "--epochs 12 --seed 3 --threads 1 -o build/paper/models/vgg-3/float.pt "
        "--onnx build/paper/models/vgg-3/float.onnx --json build/paper/models/vgg-3/train.json"
    ),
    "harden/resnet20-ssql-2-clipact": (
        f"relcheck harden {FLOAT[0]} --method clipact --data build/paper/data/validation.npz "
        f"--seed 2 --rates 1e-7..3e-5 -o {FLOAT[2]} --json {MODEL}/clipact.json"
    ),
    "ptq/vgg-2-actmax": (
        f"relcheck quantize {VGG}/actmax.onnx --data build/paper/data/validation.npz --images 500 "
        f"-o {VGG}/actmax_ptq.onnx --json {VGG}/actmax_ptq.json"
    ),
    "q15.16/resnet20-ssql-2": (
        f"relcheck compare {' '.join(FLOAT)} --encoding q15.16 --data build/paper/data/test.npz "
        f"--rates 1e-8..3e-5/2 {SWEEP} --json build/paper/results/q15.16/resnet20-ssql-2.json"
    ),
    "int8/resnet20-ssql-2": (
        f"relcheck compare {FLOAT[0]} {MODEL}/ptq.onnx {MODEL}/qat.onnx "
        "--data build/paper/data/test.npz --rates 1e-6..1e-3/2 --precision 0.03 --budget 10m "
        "--jobs 0 --journal none --seed 2 --json build/paper/results/int8/resnet20-ssql-2.json"
    ),
    "int8/vgg-2": (
        f"relcheck compare {VGG}/float.onnx {VGG}/actmax.onnx {VGG}/ptq.onnx {VGG}/actmax_ptq.onnx "
        "--data build/paper/data/test.npz --rates 1e-6..1e-3/2 --precision 0.03 --budget 10m "
        "--jobs 0 --journal none --seed 2 --json build/paper/results/int8/vgg-2.json"
    ),
    "map/mobilenet-1": (
        "relcheck map build/paper/models/mobilenet-1/float.onnx "
        "--data build/paper/data/test.npz --margin 0.01 --budget 1m --jobs 0 --journal none "
        "--seed 1 --json build/paper/results/map/mobilenet-1.json"
    ),
}
"""Stages whose outputs exist: another word in a command would repeat hours of training."""

DOCTESTED = ("plan", "plan.models", "made_images", "progress", "collect", "stage")


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_whatever_a_stage_reads_is_given_or_was_written_before(study: Study) -> None:
    """Fails if, say, ptq stages come before the hardening that one of them reads."""
    written: set[Path] = set()
    for stage in stages(study):
        missing = [path for path in stage.reads if path not in written]
        assert all((ROOT / path).is_file() and path.suffix in {".py", ".md"} for path in missing), (
            stage.name
        )
        assert written.isdisjoint(stage.writes), stage.name
        written.update(stage.writes)


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_names_are_unique_and_each_stage_names_its_own_files(study: Study) -> None:
    found = stages(study)
    assert len({stage.name for stage in found}) == len(found)
    for stage in found:
        assert set(stage.writes) <= {Path(word) for word in stage.words} or stage.name in {
            "images",
            "scenes",
            "collect",
        }, stage.name
        inputs = {path for path in stage.reads if path.suffix in {".npz", ".onnx", ".pt"}}
        assert inputs <= {Path(word) for word in stage.words}, stage.name


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_those_whose_outputs_exist(name: str) -> None:
    found = {stage.name: stage for stage in stages(WITH_DATA)}
    assert found[name].command == COMMANDS[name]


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_relcheck_understands_every_command(study: Study) -> None:
    """Fails with an option that the command does not have, or a value that it refuses."""
    group = typer.main.get_command(app)
    commands = cast("dict[str, typer.core.TyperCommand]", group.commands)  # type: ignore[attr-defined]
    seen = set()
    for stage in stages(study):
        if stage.words[0] == "relcheck":
            name, *words = stage.words[1:]
            commands[name].make_context(name, list(words))
            seen.add(name)
    assert seen == {"pretrain", "train", "harden", "quantize", "compare", "map", "run"}


def test_the_quick_study_has_all_kinds_of_stages() -> None:
    def kinds(found: Sequence[Stage]) -> list[str]:
        return sorted({stage.kind for stage in found})

    assert kinds(stages(quick())) == kinds(stages(WITH_DATA))


def test_only_the_images_know_where_data_lie() -> None:
    for stage in stages(WITH_DATA):
        assert "/somewhere" not in stage.command
        assert bool(stage.places) == (stage.name == "images")


def test_images_that_are_there_need_no_stage() -> None:
    names = [stage.name for stage in stages(FULL)]
    assert "images" not in names
    assert [FULL.images(part).name for part in PARTS] == [f"{part}.npz" for part in PARTS]


def test_the_quick_study_stays_in_its_folder() -> None:
    """The committed results and page are those of the full study only."""
    for stage in stages(quick(Path("here"))):
        assert all(path.is_relative_to("here") for path in stage.writes), stage.name


@pytest.mark.parametrize("module", DOCTESTED)
def test_examples_in_docstrings(module: str) -> None:
    """The package is not collected as a whole: its networks need torch."""
    found = doctest.testmod(importlib.import_module(f"paper.{module}"))
    assert found.attempted > 0
    assert found.failed == 0


def test_a_network_that_has_relu6_is_not_given_it_again() -> None:
    """``relcheck harden`` refuses it: no activation is left to be bounded."""
    names = {stage.name for stage in stages(WITH_DATA)}
    assert "harden/vgg-1-relu6" in names
    assert "harden/mobilenet-1-ranger" in names
    assert "harden/mobilenet-1-relu6" not in names
    sweep = next(stage for stage in stages(WITH_DATA) if stage.name == "fp32/mobilenet-1")
    assert not any("relu6" in word for word in sweep.words)

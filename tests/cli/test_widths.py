"""Reports as wide as the terminal: readable at 60 columns, and 200 are used."""

import re
from pathlib import Path
from unittest import mock

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.support import ENVIRONMENT, Run, invoke, tiny_cnn

QUICK = ("--rates", "1e-3,1e-2", "--precision", "0.3", "--batch", "8", "--journal", "none")
LONG = "backbone.stage{}.block0.expansion.pointwise.convolution.of.the.network.weight"


def at(columns: int, *words: str | Path) -> Run:
    """A command on a terminal of so many columns."""
    with mock.patch("tests.support.ENVIRONMENT", {**ENVIRONMENT, "COLUMNS": str(columns)}):
        return invoke(*words)


@pytest.fixture
def long_names(tmp_path: Path) -> Path:
    """A model whose two largest tensors differ in the middle of long names."""
    path = tiny_cnn(tmp_path / "a_model_with_quite_a_long_name_of_its_own.onnx")
    proto = onnx.load(path)
    sizes = {i.name: int(np.prod(numpy_helper.to_array(i).shape)) for i in proto.graph.initializer}
    largest = sorted(sizes, key=lambda name: -sizes[name])[:2]
    new = dict(zip(largest, (LONG.format(1), LONG.format(2)), strict=True))
    for initializer in proto.graph.initializer:
        initializer.name = new.get(initializer.name, initializer.name)
    for node in proto.graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = new.get(name, name)
    onnx.save(proto, path)
    return path


def words_of(command: str, model: Path, data: Path) -> list[str | Path]:
    words: dict[str, list[str | Path]] = {
        "run": ["run", model, "--data", data, *QUICK, "--gate", "top1 >= 0.1 @ 1e-3"],
        "map": ["map", model, "--data", data, "--margin", "0.3", "--journal", "none"],
        "compare": ["compare", model, model, "--data", data, *QUICK],
        "inspect": ["inspect", model],
    }
    return words[command]


@pytest.mark.parametrize("command", ["run", "map", "compare", "inspect"])
def test_every_line_fits(command: str, long_names: Path, data: Path) -> None:
    """Fails if a table is made for 80 columns, whatever the terminal."""
    for columns in (60, 80, 200):
        run = at(columns, *words_of(command, long_names, data))
        assert run.code == 0, run.err
        assert max(map(len, run.out.splitlines())) <= columns


@pytest.mark.parametrize("command", ["map", "inspect"])
def test_long_names_are_whole_where_there_is_room_and_never_alike(
    command: str, long_names: Path, data: Path
) -> None:
    words = words_of(command, long_names, data)
    for number in (1, 2):
        assert LONG.format(number) in at(200, *words).out
    for columns in (60, 80):
        short = re.findall(r"^\S*…\S*", at(columns, *words).out, re.MULTILINE)
        assert len(set(short)) == len(short) == 2


def test_figures_are_those_of_every_width(model: Path, data: Path) -> None:
    """The trials, and each interval, stand in the table at 60, 80 and 200 columns."""
    texts = [at(columns, *words_of("run", model, data)).out for columns in (60, 80, 200)]
    spans = [re.findall(r"[\d.e-]+ – [\d.>]+", text) for text in texts]
    assert spans[0] == spans[1] == spans[2]
    assert len(spans[0]) == 7
    narrow, usual, wide = (text.splitlines() for text in texts)
    assert len(wide) <= len(usual) - 2, "an interval stands beside its figure"
    assert any("masked" in line for line in usual + wide)
    assert not any("masked" in line for line in narrow)


def test_an_unfinished_row_is_marked_on_narrow_pages(model: Path, data: Path) -> None:
    words = ("compare", model, model, "--data", data, "--rates", "1e-3", "--precision", "0.001")
    run = at(60, *words, "--budget", "0.4s", "--journal", "none")
    assert run.code == 3
    assert re.search(r"^ +1e-3 +A\*", run.out, re.MULTILINE)

"""Large files that are needed for moments go into memory only where there is ample room."""

import os
from pathlib import Path

import numpy as np
import pytest

from analyzer.memory.array_file import ArrayFile
from analyzer.memory.scratch import AMPLE, SCRATCH, Scratch
from analyzer.model import load_model
from analyzer.runtime.layout.probe_session import ProbeOptimizer
from analyzer.runtime.ort.optimized_graph import optimize
from tests.runtime.benches import MODELS

SIZE = 1000


def with_room(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Every folder has room for so many bytes."""
    fields = list(os.statvfs("/"))
    fields[0] = fields[1] = 1  # the size of a block
    fields[4] = size  # blocks for all users
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(fields))


def test_until_somebody_says_so_nothing_goes_into_memory() -> None:
    assert Scratch().folder_for(1) is None


@pytest.mark.parametrize(("room", "fits"), [(AMPLE * SIZE, True), (AMPLE * SIZE - 1, False)])
def test_there_must_be_ample_room(
    room: int, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fails without the comparison: Docker gives containers 64 MB, which others use as well."""
    scratch = Scratch()
    scratch.use(str(tmp_path))
    with_room(monkeypatch, room)
    assert scratch.folder_for(SIZE) == (str(tmp_path) if fits else None)


def test_a_folder_that_is_gone_is_not_used(tmp_path: Path) -> None:
    """Fails without `except OSError`."""
    scratch = Scratch()
    scratch.use(str(tmp_path / "nothing"))
    assert scratch.folder_for(1) is None


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[int]:
    """Sizes for which a folder in memory was asked for; there is none."""
    asked: list[int] = []
    monkeypatch.setattr(SCRATCH, "folder_for", asked.append)
    return asked


def test_weights_that_are_looked_at_all_the_time_may_go_there(used: list[int]) -> None:
    """Fails without `hot` in `nameless_file`: a file that nobody maps takes memory unseen."""
    arrays = {"w": np.arange(100)}
    ArrayFile.of(arrays)
    assert used == []
    file = ArrayFile.of(arrays, hot=True)
    assert used == [len(file.block)]
    assert np.array_equal(file.arrays()["w"], arrays["w"])


def test_what_is_made_of_probes_may_go_there(used: list[int]) -> None:
    """Fails without `dir` in `optimize`; with it for the golden model, which is kept longer."""
    model = load_model(MODELS / "digits_resnet.onnx")
    optimize(model.proto)
    assert used == []
    ProbeOptimizer(model.proto, model.inventory.at_risk).optimized({})
    (asked,) = used
    assert 0.9 * model.size < asked < model.size

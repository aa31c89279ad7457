"""Data sets larger than memory: batches are made when they are run, and are the same."""

import json
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from analyzer.errors import BadData, TooLarge
from analyzer.evaluation.dataset import Dataset, StreamedBatch, make_batches
from analyzer.evaluation.lookahead import map_ahead
from analyzer.evaluation.readers import read_data
from analyzer.evaluation.rows import StoredRows
from analyzer.model import InputSignature, Preprocessing, limits
from tests.evaluation.test_archive import little_memory
from tests.support import invoke, tiny_cnn, tiny_data, tiny_images

COLOR = InputSignature("image", "float32", (None, 3, 6, 6))
VECTOR = InputSignature("x", "float32", (None, 4))
HOW = Preprocessing(resize=7, crop=6, mean=(0.5,), std=(0.25,))
COUNT = 11


@pytest.fixture
def nothing_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELD_BYTES", 0)


def colors(count: int = COUNT) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(0).integers(256, size=(count, 9, 8, 3), dtype=np.uint8)


def floats(count: int = COUNT) -> npt.NDArray[np.float16]:
    return np.random.default_rng(0).standard_normal((count, 4)).astype(np.float16)


def pictures(root: Path) -> Path:
    for number, pixels in enumerate(colors()):
        folder = root / f"{number % 3}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return root


def npz(path: Path, images: npt.NDArray[Any], compressed: bool = False) -> Path:
    save = np.savez_compressed if compressed else np.savez
    save(path, images=images, labels=np.arange(len(images)) % 3)
    return path


SETS = ("bytes", "bytes compressed", "channels first", "floats", "doubles", "folder", "fortran")


def make(kind: str, place: Path) -> tuple[Path, InputSignature, Preprocessing]:
    if kind == "folder":
        return pictures(place / "d"), COLOR, HOW
    if kind in ("floats", "doubles"):
        values = floats().astype({"floats": np.float16, "doubles": np.float64}[kind])
        return npz(place / "d.npz", values), VECTOR, Preprocessing()
    images = colors()
    if kind == "channels first":
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    if kind == "fortran":
        images = np.asfortranarray(images)
    return npz(place / "d.npz", images, kind == "bytes compressed"), COLOR, HOW


@pytest.fixture(params=SETS)
def both(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Dataset, Dataset]:
    """A data set in memory, and the same as it is streamed."""
    parts = make(request.param, tmp_path)
    held = read_data(*parts)
    monkeypatch.setattr(limits, "HELD_BYTES", 0)
    return held, read_data(*parts)


def same_batches(one: Dataset, other: Dataset, size: int, seed: int, fixed: bool) -> None:
    pairs = zip(*(make_batches(d, size, seed, fixed) for d in (one, other)), strict=True)
    for held, streamed in pairs:
        assert isinstance(streamed, StreamedBatch)
        assert held.images == streamed.images
        assert held.labels is not None
        assert streamed.labels is not None
        np.testing.assert_array_equal(held.labels, streamed.labels)
        first, second = held.feeds("x"), streamed.feeds("x")
        assert first.keys() == second.keys()
        for name in first:
            assert first[name].dtype == second[name].dtype
            assert second[name].flags.c_contiguous
            np.testing.assert_array_equal(first[name], second[name])


def test_streamed_batches_are_those_in_memory(both: tuple[Dataset, Dataset]) -> None:
    held, streamed = both
    assert (held.streamed, streamed.streamed) == (False, True)
    assert held.sha256 == streamed.sha256
    assert held.recipe == streamed.recipe
    assert (held.size, held.items, len(held)) == (streamed.size, streamed.items, len(streamed))
    np.testing.assert_array_equal(held.inputs, streamed.inputs)
    same_batches(held, streamed, 4, 1, fixed=True)
    same_batches(held, streamed, 3, 0, fixed=False)


def test_a_streamed_batch_travels(both: tuple[Dataset, Dataset]) -> None:
    """To worker processes, which make it where they are."""
    held, streamed = both
    there = pickle.loads(pickle.dumps(streamed, protocol=5))
    same_batches(held, there, 4, 1, fixed=False)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=20))
def test_any_rows_may_be_taken(both: tuple[Dataset, Dataset], rows: list[int]) -> None:
    held, streamed = both
    indices = np.array(rows)
    np.testing.assert_array_equal(held.chosen(indices).inputs, streamed.chosen(indices).inputs)
    np.testing.assert_array_equal(held.first(3).inputs, streamed.first(3).inputs)


def test_a_sample_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ("bytes", "folder"):
        (tmp_path / kind).mkdir()
        parts = make(kind, tmp_path / kind)
        monkeypatch.undo()
        held = read_data(*parts, 5, seed=9)
        monkeypatch.setattr(limits, "HELD_BYTES", 0)
        same_batches(held, read_data(*parts, 5, seed=9), 2, 0, fixed=False)


@pytest.mark.usefixtures("nothing_held")
@pytest.mark.parametrize("kind", ["bytes", "folder"])
def test_what_changes_meanwhile_is_refused(kind: str, tmp_path: Path) -> None:
    """rows.py: ``check_unchanged``: the figures would be of two data sets at once."""
    path, signature, how = make(kind, tmp_path)
    found = read_data(path, signature, how)
    assert len(found.inputs) == COUNT
    file = path / "0" / "00.png" if path.is_dir() else path
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(BadData, match="was changed or removed while it was in use"):
        assert found.inputs is None
    file.unlink()
    with pytest.raises(BadData, match="was changed or removed while it was in use"):
        assert found.inputs is None


@pytest.mark.usefixtures("nothing_held")
def test_a_damaged_array_that_stays_in_its_file_is_found(tmp_path: Path) -> None:
    """archive.py: ``left.crc != left.wanted``: zipfile checks only what it reads."""
    path = npz(tmp_path / "d.npz", floats(1000).astype(np.float32))
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadData, match="damaged"):
        read_data(path, VECTOR, Preprocessing())


@pytest.mark.parametrize("kind", ["stored", "compressed"])
def test_little_memory_is_taken(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB of floats, of which a batch is 64 kB."""
    monkeypatch.setattr(limits, "HELD_BYTES", 2**20)
    wide = InputSignature("x", "float32", (None, 2**14))
    path = npz(tmp_path / "d.npz", np.zeros((1024, 2**14), np.float32), kind == "compressed")
    with little_memory():
        found = read_data(path, wide, Preprocessing())
        assert isinstance(found.rows, StoredRows)
        for batch in make_batches(found, 1, 0, fixed=False)[:20]:
            assert batch.inputs.nbytes == 2**16


def test_bytes_that_grow_are_made_batch_by_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few kB of pixels that would take 24 MB once prepared."""
    monkeypatch.setattr(limits, "HELD_BYTES", 2**20)
    large = InputSignature("x", "float32", (None, 1, 256, 256))
    path = npz(tmp_path / "d.npz", tiny_images(96))
    with little_memory(6 * 2**20):
        found = read_data(path, large, Preprocessing())
        assert found.streamed
        assert make_batches(found, 4, 0, fixed=False)[0].inputs.shape == (4, 1, 256, 256)


def test_a_compressed_bomb_is_refused_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "HELD_BYTES", 2**20)
    monkeypatch.setattr(limits, "DATA_BYTES", 2**21)
    path = npz(tmp_path / "d.npz", np.zeros((1024, 2**12), np.float32), compressed=True)
    with pytest.raises(TooLarge, match="and not savez_compressed"):
        read_data(path, InputSignature("x", "float32", (None, 2**12)), Preprocessing())


# Whole runs


@pytest.mark.parametrize("jobs", ["0", "2"])
@pytest.mark.parametrize("exposure", ["transient", "resident"])
def test_a_run_has_the_same_figures(
    jobs: str, exposure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    wanted = ("--rates", "1e-3,1e-2", "--precision", "0.1", "--batch", "5", "--jobs", jobs)
    reports = []
    for held in (limits.HELD_BYTES, 0):
        monkeypatch.setattr(limits, "HELD_BYTES", held)
        report = tmp_path / f"{held}.json"
        run = invoke(
            model,
            "--data",
            data,
            *wanted,
            "--exposure",
            exposure,
            "--json",
            report,
            "--journal",
            tmp_path / f"{held}.db",
        )
        assert run.code == 0, run.err
        found = json.loads(report.read_text())
        found.pop("run")
        reports.append(found)
    assert reports[0] == reports[1]


def test_a_map_has_the_same_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    reports = []
    for held in (limits.HELD_BYTES, 0):
        monkeypatch.setattr(limits, "HELD_BYTES", held)
        report = tmp_path / f"{held}.json"
        run = invoke("map", model, "--data", data, "--margin", "0.2", "--json", report)
        assert run.code == 0, run.err
        found = json.loads(report.read_text())
        found.pop("run")
        reports.append(found)
    assert reports[0] == reports[1]


def test_journals_of_both_are_of_one_campaign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest of what was fed, made in the golden pass, is that of arrays in memory."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "d.npz")
    wanted = ("--rates", "1e-3", "--precision", "0.2", "--journal", tmp_path / "j.db")
    assert invoke(model, "--data", data, *wanted).code == 0
    monkeypatch.setattr(limits, "HELD_BYTES", 0)
    run = invoke(model, "--data", data, *wanted)
    assert run.code == 0, run.err


# Looking ahead


@given(st.lists(st.integers()), st.integers(1, 4))
def test_results_come_in_order_and_not_too_far_ahead(items: list[int], threads: int) -> None:
    taken = 0

    def give() -> Iterator[int]:
        nonlocal taken
        for item in items:
            taken += 1
            yield item

    results = map_ahead(lambda item: item * 2, give(), threads, "test")
    for place, found in enumerate(results):
        assert found == items[place] * 2
        assert taken <= place + 2 * threads
    assert taken == len(items)

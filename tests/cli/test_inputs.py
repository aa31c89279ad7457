"""Models with several inputs, and inputs that are no images, from the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.support import invoke, save
from tests.transformers import VOCABULARY, text, vision

QUICK = ("--rates", "1e-6,1e-4", "--precision", "0.2", "--journal", "none")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("inputs")
    save(text(), place / "text.onnx")
    save(vision(), place / "vision.onnx")
    return place


def sentences(length: int = 7, rows: int = 12) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    mask = np.ones((rows, length), np.int64)
    mask[::2, length // 2 :] = 0
    return {
        "input_ids": rng.integers(VOCABULARY, size=(rows, length)),
        "attention_mask": mask,
        "token_type_ids": np.zeros((rows, length), np.int64),
        "labels": rng.integers(5, size=rows),
    }


def test_a_text_model_is_analyzed_on_given_sentences(folder: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", allow_pickle=False, **sentences())
    report = tmp_path / "r.json"
    data = ("--data", tmp_path / "d.npz", "--json", report)
    run = invoke("run", folder / "text.onnx", *data, *QUICK)
    assert run.code == 0, run.err
    assert json.loads(report.read_text())["golden"]["metric"] == "top1"


@pytest.mark.parametrize("name", ["text", "vision"])
def test_without_data_inputs_are_generated(name: str, folder: Path) -> None:
    run = invoke("run", folder / f"{name}.onnx", *QUICK)
    assert run.code == 0, run.err
    assert "inputs are random, judged by agreement" in " ".join(run.out.split())


def test_generated_sentences_stay_within_the_vocabulary(folder: Path) -> None:
    """Fails without `_bound`: a row that is not there fails the golden run."""
    run = invoke("inspect", folder / "text.onnx")
    assert run.code == 0, run.err
    assert "attention_mask int64 (N, N)" in run.out


def test_the_selftest_takes_them(folder: Path) -> None:
    run = invoke("selftest", folder / "text.onnx", "--patterns", "40")
    assert run.code == 0, run.err


BAD = {
    "missing": ({"attention_mask": None}, "has no key 'attention_mask'"),
    "rows": ({"attention_mask": np.ones((3, 7), np.int64)}, "has 3 rows, its first input has 12"),
    "kind": ({"input_ids": np.zeros((12, 7), np.float32)}, "they must be integers"),
    "words": ({"input_ids": np.full((12, 7), 99)}, "which takes 0 to 39"),
    "shape": ({"input_ids": np.zeros((12, 7, 2), np.int64)}, "have shape (7, 2)"),
}


@pytest.mark.parametrize(("change", "says"), BAD.values(), ids=BAD)
def test_data_that_do_not_fit(
    change: dict[str, np.ndarray | None], says: str, folder: Path, tmp_path: Path
) -> None:
    content = {k: v for k, v in (sentences() | change).items() if v is not None}
    np.savez(tmp_path / "d.npz", allow_pickle=False, **content)
    run = invoke("run", folder / "text.onnx", "--data", tmp_path / "d.npz", *QUICK)
    assert run.code == 2
    assert says in " ".join(run.err.split())


def test_an_image_folder_fills_one_input(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.png").write_bytes(b"")
    run = invoke("run", folder / "text.onnx", "--data", tmp_path, *QUICK)
    assert run.code == 2
    assert "an image folder fills one" in " ".join(run.err.split())

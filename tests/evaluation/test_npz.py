"""Archives: keys that are not used are named, labels that cannot be used say why."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from analyzer.errors import BadData, BadOption, DataMismatch
from analyzer.evaluation.dataset import Dataset, make_batches
from analyzer.evaluation.readers import read_data
from analyzer.model import InputSignature, Preprocessing

VECTOR = InputSignature("x", "float32", (None, 4))
COUNT = 6


def archive(path: Path, **arrays: Any) -> Path:
    np.savez(path / "d.npz", **arrays)
    return path / "d.npz"


def rows(count: int = COUNT) -> npt.NDArray[np.float32]:
    return np.arange(count * 4, dtype=np.float32).reshape(count, 4)


def read(path: Path, signature: InputSignature = VECTOR, **more: Any) -> Dataset:
    return read_data(path, signature, Preprocessing(), **more)


# Keys

UNUSED = {
    "label": "key 'label' is not used (did you mean labels?)",
    "y": "key 'y' is not used (did you mean labels?)",
    "targets": "key 'targets' is not used (did you mean labels?)",
    "Lables": "key 'Lables' is not used (did you mean labels?)",
    "ids": "key 'ids' is not used",
}


@pytest.mark.parametrize(("key", "told"), UNUSED.items())
def test_keys_that_are_not_used_are_named(key: str, told: str, tmp_path: Path) -> None:
    found = read(archive(tmp_path, images=rows(), **{key: np.zeros(COUNT, np.int64)}))
    assert found.labels is None
    assert found.remarks == (told,)


def test_what_is_there_is_not_suggested(tmp_path: Path) -> None:
    zeros = np.zeros(COUNT, np.int64)
    found = read(archive(tmp_path, images=rows(), labels=zeros, label=zeros))
    assert found.remarks == ("key 'label' is not used",)


def test_many_keys_are_counted(tmp_path: Path) -> None:
    more = {f"k{i}": np.zeros(1) for i in range(9)}
    (told,) = read(archive(tmp_path, images=rows(), **more)).remarks
    assert told.count("is not used") == 5
    assert told.endswith("; nor are 4 other keys")


def test_a_list_of_labels_is_for_folders(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="--labels is for folders"):
        read(archive(tmp_path, images=rows()), labels=tmp_path / "l.csv")


# Labels

USED = {
    "integers": np.array([2, 0, 1, 2, 0, 1]),
    "bytes": np.array([2, 0, 1, 2, 0, 1], np.uint8),
    "column": np.array([[2], [0], [1], [2], [0], [1]]),
    "whole floats": np.array([2.0, 0, 1, 2, 0, 1]),
    "one-hot": np.eye(3)[[2, 0, 1, 2, 0, 1]],
    "names": np.array(["emu", "dog", "cat"] * 2),
    "names as bytes": np.array([b"emu", b"dog", b"cat"] * 2),
}


@pytest.mark.parametrize("labels", USED.values(), ids=USED)
def test_labels_come_in_several_forms(labels: npt.NDArray[Any], tmp_path: Path) -> None:
    found = read(archive(tmp_path, images=rows(), labels=labels), names=("dog", "cat", "emu"))
    assert found.labels is not None
    assert found.labels.dtype == np.int64
    assert found.labels.tolist() == [2, 0, 1, 2, 0, 1]


OTHER_FORMS = {
    "fractions": np.full(COUNT, 0.5),
    "several a row": np.zeros((COUNT, 3), np.int64),
    "masks": np.zeros((COUNT, 5, 5), np.uint8),
    "boxes": np.full((COUNT, 4, 5), 0.5, np.float32),
}


@pytest.mark.parametrize("labels", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_labels_that_are_no_classes_are_left_to_the_metrics(
    labels: npt.NDArray[Any], tmp_path: Path
) -> None:
    found = read(archive(tmp_path, images=rows(), labels=labels))
    assert found.labels is not None
    assert np.array_equal(found.labels, labels)
    assert found.labels.dtype == (np.float64 if labels.dtype.kind == "f" else np.int64)
    assert found.remarks == ()


NOT_USED = {
    "infinity": (np.full(COUNT, np.inf), "not all finite"),
    "names": (np.array(["a"] * COUNT), "the model does not state the order of its classes"),
    "complex": (np.zeros(COUNT, np.complex64), "must be class numbers"),
}


@pytest.mark.parametrize(("labels", "why"), NOT_USED.values(), ids=NOT_USED)
def test_labels_that_cannot_be_used_say_why(
    labels: npt.NDArray[Any], why: str, tmp_path: Path
) -> None:
    found = read(archive(tmp_path, images=rows(), labels=labels))
    assert found.labels is None
    (told,) = found.remarks
    assert told.startswith("labels are not used: ")
    assert why in told


def test_a_label_that_the_model_does_not_name_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path, images=rows(), labels=np.array(["emu"] * COUNT))
    (told,) = read(path, names=("dog", "cat")).remarks
    assert "'emu' is none of the 2 classes" in told


# Samples


def test_a_sample_keeps_labels_and_further_inputs_with_their_rows(tmp_path: Path) -> None:
    ids = InputSignature("ids", "int64", (None, 2))
    both = InputSignature("x", "float32", (None, 4), others=(ids,))
    numbers = np.arange(40)
    images = np.repeat(numbers[:, None], 4, axis=1).astype(np.float32)
    more = np.repeat(numbers[:, None], 2, axis=1)
    path = archive(tmp_path, images=images, labels=numbers % 4, ids=more)
    found = read(path, both, most=8, seed=1)
    first = found.inputs[:, 0].astype(int)
    assert found.labels is not None
    np.testing.assert_array_equal(found.labels, first % 4)
    np.testing.assert_array_equal(found.more["ids"][:, 0], first)
    assert np.bincount(found.labels).tolist() == [2, 2, 2, 2]
    assert first.tolist() != list(range(8))


# States

STATE = InputSignature("h", "float32", (2, None, 3), axis=1)
RATE = InputSignature("sr", "int64", (), axis=None)
SPEECH = InputSignature("x", "float32", (None, 4), others=(STATE, RATE))


def test_states_are_fed_zeros_and_said(tmp_path: Path) -> None:
    found = read(archive(tmp_path, images=rows()), SPEECH)
    assert found.remarks == ("input 'h' is fed zeros; input 'sr' is fed 16000",)
    feeds = make_batches(found, 4, 0, fixed=False)[0].feeds("x")
    assert feeds["h"].shape == (2, 4, 3)
    assert not feeds["h"].any()
    assert feeds["sr"].shape == ()
    assert feeds["sr"].dtype == np.int64
    assert int(feeds["sr"]) == 16000
    assert found.items == ((4,), (2, 3), ())


@pytest.mark.parametrize(
    ("name", "dtype", "value"),
    [("sample_rate", "int32", 16000), ("k", "float32", 1), ("steps", "int64", 1), ("f", "bool", 0)],
)
def test_scalars_are_fed_what_is_usual(name: str, dtype: str, value: int, tmp_path: Path) -> None:
    scalar = InputSignature(name, dtype, (), axis=None)
    both = InputSignature("x", "float32", (None, 4), others=(scalar,))
    found = read(archive(tmp_path, images=rows()), both)
    assert found.remarks == (f"input {name!r} is fed {value}",)
    assert found.states[name].values == value


def test_states_are_fed_what_is_given(tmp_path: Path) -> None:
    state = np.arange(2 * COUNT * 3, dtype=np.float32).reshape(2, COUNT, 3)
    path = archive(tmp_path, images=rows(), h=state, sr=np.int64(8000))
    found = read(path, SPEECH)
    assert found.remarks == ()
    for batch in make_batches(found, 4, 0, fixed=False):
        feeds = batch.feeds("x")
        taken = (feeds["x"][:, 0] / 4).astype(int)
        np.testing.assert_array_equal(feeds["h"], state[:, taken])
        assert int(feeds["sr"]) == 8000
    some = read(path, SPEECH, most=3)
    taken = (some.inputs[:, 0] / 4).astype(int)
    np.testing.assert_array_equal(some.states["h"].values, state[:, taken])


def test_one_state_may_be_given_for_all(tmp_path: Path) -> None:
    state = np.arange(6, dtype=np.float32).reshape(2, 1, 3)
    found = read(archive(tmp_path, images=rows(), h=state), SPEECH)
    feeds = make_batches(found, 4, 0, fixed=False)[0].feeds("x")
    np.testing.assert_array_equal(feeds["h"], np.repeat(state, 4, axis=1))


BAD_STATES = {
    "rows": (np.zeros((2, 4, 3), np.float32), "4 rows in dimension 1, its first input has 6"),
    "shape": (np.zeros((2, 1, 4), np.float32), "has shape (2, 1, 4)"),
    "kind": (np.zeros((2, 1, 3), np.int64), "must be uint8 or float"),
}


@pytest.mark.parametrize(("state", "says"), BAD_STATES.values(), ids=BAD_STATES)
def test_states_that_do_not_fit(state: npt.NDArray[Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(DataMismatch) as error:
        read(archive(tmp_path, images=rows(), h=state), SPEECH)
    assert says in str(error.value)


# Other files

OTHERS = {
    "photo.png": "it is one picture; give the folder that it lies in",
    "labels.csv": "goes to --labels",
    "images.tar": "unpack it",
    "images.npy": "numpy.savez",
}


@pytest.mark.parametrize(("name", "says"), OTHERS.items())
def test_files_of_other_kinds_say_what_to_do(name: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"content")
    with pytest.raises(BadData, match=says):
        read(tmp_path / name)

"""CIFAR-10 is read from every form in which it is published, and runs no code on the way."""

import io
import os
import pickle
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analyzer.errors import BadData, FileMissing
from analyzer.evaluation.sources.pickles import read_pickle
from exporters.datasets.archives import write_archive
from exporters.datasets.cifar10 import Subset, read_cifar10
from exporters.datasets.images import LabelledImages
from tests.exporters.cifar_trees import FILES, batches, python2_pickle, write_binary, write_python
from tests.support import Run, invoke, parse_model, save, with_initializers, with_metadata

CONTENT = batches()


def expected(part: Subset) -> LabelledImages:
    """Pixel by pixel, after the description of the format."""
    rows = np.concatenate([CONTENT[name][0] for name in FILES[part]])
    labels = np.concatenate([CONTENT[name][1] for name in FILES[part]])
    pixels = np.zeros((len(rows), 32, 32, 3), np.uint8)
    for image, values in enumerate(rows):
        for place, value in enumerate(values):
            color, pixel = divmod(place, 1024)
            pixels[(image, *divmod(pixel, 32), color)] = value
    return LabelledImages(pixels, labels.astype(np.int64))


def assert_same(found: LabelledImages, wanted: LabelledImages) -> None:
    assert found.pixels.dtype == np.uint8
    assert found.labels.dtype == np.int64
    assert np.array_equal(found.pixels, wanted.pixels)
    assert np.array_equal(found.labels, wanted.labels)


@pytest.mark.parametrize("part", Subset)
def test_every_form_gives_the_same_images(tmp_path: Path, part: Subset) -> None:
    wanted = expected(part)
    binary = write_binary(tmp_path / "a", CONTENT)
    assert_same(read_cifar10(binary, part), wanted)
    assert_same(read_cifar10(binary.parent, part), wanted)
    for protocol in (2, 4):
        python = write_python(tmp_path / f"p{protocol}", CONTENT, protocol)
        assert_same(read_cifar10(python.parent, part), wanted)
    for name, (rows, labels) in CONTENT.items():
        (python / name).write_bytes(python2_pickle(rows, labels))
    assert_same(read_cifar10(python, part), wanted)


def test_the_imitated_pickle_is_what_numpy_reads() -> None:
    """Else the test above would show nothing about the published files."""
    rows, labels = CONTENT["test_batch"]
    found = pickle.loads(python2_pickle(rows, labels), encoding="latin1")
    assert np.array_equal(found["data"], rows)
    assert found["labels"] == labels


def test_archives_of_jpeg_and_of_pixels(tmp_path: Path) -> None:
    plain = np.repeat(np.arange(0, 250, 50, dtype=np.uint8), 32 * 32 * 3).reshape(-1, 32, 32, 3)
    files = []
    for image in plain:
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "JPEG", quality=95)
        files.append(np.frombuffer(buffer.getvalue(), np.uint8))
    ends = np.cumsum([0, *map(len, files)])
    labels = np.arange(len(files), dtype=np.uint8)
    path = tmp_path / "jpeg.npz"
    np.savez(path, jpeg=np.concatenate(files), offsets=ends, labels=labels)
    assert_same(read_cifar10(path, Subset.TRAIN), LabelledImages(plain, labels.astype(np.int64)))
    (tmp_path / "plain.npz").write_bytes(write_archive({"images": plain, "labels": labels}))
    assert_same(
        read_cifar10(tmp_path / "plain.npz", Subset.TEST), LabelledImages(plain, labels.astype(int))
    )


class Harmful:
    """What runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (self.command,)


def test_a_pickle_runs_no_code(tmp_path: Path) -> None:
    folder = write_python(tmp_path, CONTENT)
    trace = tmp_path / "trace"
    content = pickle.dumps({"data": Harmful(f"touch {trace}"), "labels": [1]}, protocol=2)
    (folder / "test_batch").write_bytes(content)
    with pytest.raises(BadData, match=r"it names (posix|nt)\.system"):
        read_cifar10(tmp_path, Subset.TEST)
    assert not trace.exists()
    pickle.loads(content)
    assert trace.exists()


@pytest.mark.parametrize(
    "value",
    [
        np.zeros((2, 3072), np.float32),
        np.zeros((2, 3072), np.int8),
        np.array([None]),
        np.asfortranarray(np.eye(2, dtype="u1")),
    ],
)
def test_other_arrays_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match="something else than bytes"):
        read_pickle(pickle.dumps({"data": value}, protocol=2))


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ({"labels": [1]}, "'data' is no array of 3072 bytes"),
        ({"data": np.zeros((1, 3071), np.uint8), "labels": [1]}, "'data' is no array"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": ["cat"]}, "no list of integers"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [1, 2]}, "1 images but 2 labels"),
        ({"data": np.zeros((1, 3072), np.uint8), "labels": [10]}, "not from 0 to 9"),
        ([1, 2], "no dictionary"),
    ],
)
def test_batches_that_are_none(tmp_path: Path, entries: object, says: str) -> None:
    folder = write_python(tmp_path, CONTENT)
    (folder / "test_batch").write_bytes(pickle.dumps(entries, protocol=2))
    with pytest.raises(BadData, match=says):
        read_cifar10(tmp_path, Subset.TEST)


def test_a_batch_cut_short_at_any_byte(tmp_path: Path) -> None:
    rows, labels = CONTENT["test_batch"]
    whole = python2_pickle(rows, labels)
    assert set(read_pickle(whole)) == {"data", "labels"}
    for length in [*range(200), *range(200, len(whole), 97), len(whole) - 1]:
        with pytest.raises(ValueError, match="it cannot be read"):
            read_pickle(whole[:length])


def test_a_binary_batch_cut_short(tmp_path: Path) -> None:
    file = write_binary(tmp_path, CONTENT) / "test_batch.bin"
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(BadData, match="no whole number of images"):
        read_cifar10(tmp_path, Subset.TEST)


def test_a_missing_batch(tmp_path: Path) -> None:
    (write_binary(tmp_path, CONTENT) / "data_batch_3.bin").unlink()
    assert len(read_cifar10(tmp_path, Subset.TEST).labels) == 3
    with pytest.raises(FileMissing, match=r"data_batch_3\.bin is missing"):
        read_cifar10(tmp_path, Subset.TRAIN)


NETWORK = """
<ir_version: 8, opset_import: ["" : 17]>
g (float[N, 3, 32, 32] image) => (float[N, 10] scores) {
    f = Flatten (image)
    scores = Gemm (f, w)
}
"""


def cifar_model(path: Path) -> Path:
    """A linear classifier that looks for the file that ``relcheck data`` writes."""
    weights = np.random.default_rng(0).standard_normal((3072, 10)).astype(np.float32)
    proto = with_initializers(parse_model(NETWORK), {"w": weights})
    return save(with_metadata(proto, data="cifar10_test.npz"), path)


def data(*arguments: str | Path) -> Run:
    return invoke("data", "cifar10", *arguments)


def test_data_writes_what_run_reads(tmp_path: Path) -> None:
    write_python(tmp_path, CONTENT)
    run = data(tmp_path)
    assert (run.code, run.err) == (0, "")
    assert run.out == f"{tmp_path / 'cifar10_test.npz'}: 3 images of cifar10, part test\n"
    with np.load(tmp_path / "cifar10_test.npz") as archive:
        assert_same(LabelledImages(archive["images"], archive["labels"]), expected(Subset.TEST))
    analysis = invoke(cifar_model(tmp_path / "m.onnx"), "--rates", "1e-6", "--precision", "0.4")
    assert analysis.code == 0
    assert "cifar10_test.npz: 3 images" in analysis.out


def test_data_writes_no_time_of_day(tmp_path: Path) -> None:
    """Else the same images would count as another data set the next time."""
    write_binary(tmp_path, CONTENT)
    one = tmp_path / "one.npz"
    assert data(tmp_path, "--part", "train", "--images", "7", "-o", one).code == 0
    with zipfile.ZipFile(one) as members:
        assert {member.date_time for member in members.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(one) as archive:
        assert np.array_equal(archive["images"], expected(Subset.TRAIN).pixels[:7])


@pytest.mark.parametrize(
    ("arguments", "slug", "says"),
    [
        (("data", "mnist", "."), "bad-option", "no data set 'mnist'"),
        (("data", "cifar10", ".", "--part", "both"), "bad-option", "neither test nor train"),
        (("data", "cifar10", "/no/such/folder"), "file-missing", "no folder /no/such/folder"),
    ],
)
def test_bad_requests(arguments: tuple[str, ...], slug: str, says: str) -> None:
    run = invoke(*arguments)
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith(f"[{slug}]\n")
    assert says in run.err


def test_a_copy_that_is_damaged_leaves_no_file(tmp_path: Path) -> None:
    (write_python(tmp_path, CONTENT) / "test_batch").write_bytes(b"\x80\x02.")
    run = data(tmp_path)
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("[bad-data]\n")
    assert not list(tmp_path.glob("*.npz"))


def test_without_copy_and_torchvision_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    run = data(tmp_path)
    assert (run.code, run.out) == (2, "")
    assert "relcheck-onnx[export]" in run.err
    assert run.err.endswith("[torch-missing]\n")


def test_without_copy_and_network_the_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    from exporters.torch.zoo import import_torchvision

    import_torchvision()

    def offline(*_: object, **__: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr("torchvision.datasets.CIFAR10", offline)
    run = data(tmp_path)
    assert (run.code, run.out) == (2, "")
    assert "cannot be fetched: no route to host; put a copy" in run.err
    assert run.err.endswith("[file-missing]\n")

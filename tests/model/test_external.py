"""External data come from the model's folder, whatever the file says, and never too many.

Each test names the line that it watches over: without the line, it fails.
"""

import os
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from analyzer.errors import ExternalDataError, FileMissing, TooLarge
from analyzer.graph.walk import messages
from analyzer.model import inside, limits, load_model
from analyzer.model.element_types import BITS_OF
from tests.model.test_bounds import PLACES
from tests.support import save, soon, tiny_cnn_proto


def outside(folder: Path, location: str, **entries: str) -> Path:
    """A model in ``folder``/model whose first weights are at ``location``."""
    (folder / "model").mkdir(exist_ok=True)
    proto = tiny_cnn_proto()
    point(proto.graph.initializer[0], location, **entries)
    return save(proto, folder / "model" / "m.onnx")


def point(tensor: onnx.TensorProto, location: str, **entries: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)


SECRET = bytes(108)


WAYS_OUT = ("../w.bin", "./../w.bin", "d/../../w.bin", "link", "d/up/w.bin")


@pytest.mark.parametrize("location", WAYS_OUT)
def test_no_way_leads_out_of_the_folder(location: str, tmp_path: Path) -> None:
    """external.py: ``target.is_relative_to(folder)``, of a resolved path, in ``inside``."""
    (tmp_path / "w.bin").write_bytes(SECRET)
    (tmp_path / "model" / "d").mkdir(parents=True)
    (tmp_path / "model" / "link").symlink_to(tmp_path / "w.bin")
    (tmp_path / "model" / "d" / "up").symlink_to(tmp_path)
    with pytest.raises(ExternalDataError, match="outside the model's folder"):
        load_model(outside(tmp_path, location))


def test_absolute_paths_are_refused_even_into_the_folder(tmp_path: Path) -> None:
    """external.py: ``not Path(name).is_absolute()`` in ``inside``."""
    (tmp_path / "w.bin").write_bytes(SECRET)
    assert inside(tmp_path, str(tmp_path / "w.bin")) is None
    assert inside(tmp_path, "w.bin") == (tmp_path / "w.bin").resolve()


def test_links_within_the_folder_are_followed(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "w.bin").write_bytes(SECRET)
    (tmp_path / "model" / "link").symlink_to("w.bin")
    values = load_model(outside(tmp_path, "link")).values()["conv_w"]
    assert values.tobytes() == SECRET


@pytest.mark.parametrize("place", PLACES)
def test_no_tensor_is_left_to_the_runtime(place: object, tmp_path: Path) -> None:
    """external.py: ``chain(graph_tensors(...), messages(proto))``: functions, training graphs."""
    assert callable(place)
    for location, refused in (("w.bin", False), ("../w.bin", True)):
        tensor = onnx.TensorProto(name="t", data_type=onnx.TensorProto.FLOAT, dims=[27])
        point(tensor, location)
        proto = tiny_cnn_proto()
        place(proto, tensor)
        (tmp_path / "w.bin").write_bytes(SECRET)
        path = save(proto, tmp_path / "m.onnx")
        if refused:
            with pytest.raises(ExternalDataError, match="outside"):
                load_model(path)
            continue
        found = load_model(path).proto
        parts = [t for t in messages(found) if isinstance(t, onnx.TensorProto)]
        assert any(t.raw_data == SECRET for t in parts)
        assert not any(t.data_location or t.external_data for t in parts)


def test_sparse_attributes_are_no_hiding_place(tmp_path: Path) -> None:
    """The same line."""
    values = onnx.TensorProto(name="v", data_type=onnx.TensorProto.FLOAT, dims=[1])
    point(values, "../w.bin")
    places = helper.make_tensor("p", onnx.TensorProto.INT64, [1], [0])
    sparse = onnx.SparseTensorProto(values=values, indices=places, dims=[4])
    proto = tiny_cnn_proto()
    proto.graph.node.append(helper.make_node("Constant", [], ["c"], sparse_value=sparse))
    with pytest.raises(ExternalDataError, match="outside"):
        load_model(save(proto, tmp_path / "m.onnx"))


def test_without_a_length_the_shape_says_how_much(tmp_path: Path) -> None:
    """external.py: ``_stored_bytes(tensor)`` in ``_extent``: not all the rest of a large file."""
    path = outside(tmp_path, "w.bin", offset="8")
    (tmp_path / "model" / "w.bin").write_bytes(b"\1" * 8 + SECRET + b"\2" * 4000)
    model = load_model(path)
    assert model.values()["conv_w"].tobytes() == SECRET
    assert model.size == path.stat().st_size + len(SECRET)


def test_all_parts_together_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """external.py: ``if wanted > room``."""
    path = outside(tmp_path, "w.bin")
    (tmp_path / "model" / "w.bin").write_bytes(SECRET)
    monkeypatch.setattr(limits, "MODEL_BYTES", path.stat().st_size + 108)
    load_model(path)
    monkeypatch.setattr(limits, "MODEL_BYTES", path.stat().st_size + 107)
    with pytest.raises(TooLarge, match="over 2 GiB"):
        load_model(path)


def test_a_part_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """The same line stands before the reading; the file is a terabyte of nothing."""
    path = outside(tmp_path, "w.bin", length=str(2**40))
    with (tmp_path / "model" / "w.bin").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(TooLarge, match="over 2 GiB"):
        load_model(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    """file.py: ``if path.stat().st_size > limits.MODEL_BYTES``."""
    with (tmp_path / "m.onnx").open("wb") as stream:
        stream.truncate(2**40)
    with pytest.raises(TooLarge, match="larger than 2 GiB"):
        load_model(tmp_path / "m.onnx")


@pytest.mark.parametrize("what", ["pipe", "device"])
def test_what_has_no_end_is_not_read(what: str, tmp_path: Path) -> None:
    """file.py: ``not (path.is_file() or path.is_dir())``; reading a pipe would wait for ever."""
    path = tmp_path / "m.onnx"
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/null")
    with soon(), pytest.raises(FileMissing, match="a device or a pipe"):
        load_model(path)


def test_a_pipe_is_no_external_data(tmp_path: Path) -> None:
    """external.py: ``if not target.is_file()``."""
    path = outside(tmp_path, "w.bin")
    os.mkfifo(tmp_path / "model" / "w.bin")
    with soon(), pytest.raises(ExternalDataError, match="not beside the model"):
        load_model(path)


def test_external_weights_are_those_of_the_file(tmp_path: Path) -> None:
    path = outside(tmp_path, "w.bin", offset="4", length="108")
    weights = np.arange(28, dtype=np.float32)
    (tmp_path / "model" / "w.bin").write_bytes(weights.tobytes())
    found = load_model(path).values()["conv_w"]
    np.testing.assert_array_equal(found.reshape(-1), weights[1:])


TYPES = [
    name
    for name in onnx.TensorProto.DataType.keys()  # noqa: SIM118  # no mapping
    if name not in ("UNDEFINED", "STRING")
]


@pytest.mark.parametrize("name", TYPES)
def test_a_length_follows_from_every_type(name: str) -> None:
    """element_types.py: `BITS_OF`: seven elements, as the onnx package itself stores them."""
    kind = onnx.TensorProto.DataType.Value(name)
    stored = helper.make_tensor("t", kind, [7], [0] * 7).SerializeToString()
    raw = numpy_helper.from_array(numpy_helper.to_array(onnx.TensorProto.FromString(stored)))
    assert len(raw.raw_data) == -(-7 * BITS_OF[kind] // 8)


@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.uint32, np.bool_, np.uint64])
def test_data_of_rarer_types_end_where_the_shape_says(kind: type, tmp_path: Path) -> None:
    """Case 41: what is behind it in the file belongs to other tensors."""
    proto = tiny_cnn_proto()
    values = numpy_helper.from_array(np.ones((4, 3), kind), "extra")
    raw = values.raw_data
    proto.graph.initializer.append(values)
    point(proto.graph.initializer[-1], "w.bin", offset="5")
    (tmp_path / "w.bin").write_bytes(bytes(5) + raw + b"\xff" * 999)
    found = load_model(save(proto, tmp_path / "m.onnx")).proto.graph.initializer[-1]
    assert found.raw_data == raw


# Links, as caches of models lay them


def cache(root: Path, sub: str = "") -> Path:
    """Snapshots that link into blobs, as the cache of Hugging Face does it; returns the model."""
    blobs, snapshot = root / "blobs", root / "snapshots" / "rev" / sub
    blobs.mkdir(parents=True)
    snapshot.mkdir(parents=True)
    up = Path(*[".."] * len(snapshot.relative_to(root).parts))
    proto = tiny_cnn_proto()
    point(proto.graph.initializer[0], "model.onnx_data")
    save(proto, blobs / "aaaa")
    (blobs / "bbbb").write_bytes(SECRET)
    for name, blob in (("model.onnx", "aaaa"), ("model.onnx_data", "bbbb")):
        (snapshot / name).symlink_to(up / "blobs" / blob)
    return snapshot / "model.onnx"


@pytest.mark.parametrize("sub", ["", "onnx"])
def test_a_cache_of_links_is_followed(sub: str, tmp_path: Path) -> None:
    """Case 39, external.py: ``homes_of``: data lies beside the link, and beside what it means."""
    path = cache(tmp_path, sub)
    assert load_model(path).values()["conv_w"].tobytes() == SECRET
    assert load_model(Path(os.path.relpath(path))).values()["conv_w"].tobytes() == SECRET


def test_a_link_to_a_model_finds_the_data_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    path = outside(tmp_path, "w.bin")
    (tmp_path / "model" / "w.bin").write_bytes(SECRET)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "m.onnx").symlink_to(path)
    found = load_model(tmp_path / "elsewhere" / "m.onnx")
    assert found.values()["conv_w"].tobytes() == SECRET


def test_links_of_a_cache_do_not_lead_out_either(tmp_path: Path) -> None:
    path = cache(tmp_path / "hf")
    (tmp_path / "secret").write_bytes(SECRET)
    (path.parent / "model.onnx_data").unlink()
    (path.parent / "model.onnx_data").symlink_to(tmp_path / "secret")
    with pytest.raises(ExternalDataError, match="outside the model's folder"):
        load_model(path)


def test_links_in_a_circle_are_a_sentence(tmp_path: Path) -> None:
    path = outside(tmp_path, "w.bin")
    (tmp_path / "model" / "w.bin").symlink_to("w.bin")
    with pytest.raises(ExternalDataError):
        load_model(path)

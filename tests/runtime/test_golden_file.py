"""The golden model as a file, joined from parts, against what onnx serializes."""

import dataclasses
from pathlib import Path

import onnx
import pytest

from analyzer.faults.selection import Selection
from analyzer.model import Model, load_model
from analyzer.runtime.ort.golden_file import _varint, golden_file
from analyzer.runtime.ort.golden_model import golden_proto, golden_values
from tests.runtime.zoo import ZOO
from tests.support import save


def parsed(model: Model, encoding: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The model read from the joined bytes, and as onnx makes it."""
    golden = golden_values(model, model.space(Selection(), encoding))
    joined = onnx.ModelProto()
    joined.ParseFromString(golden_file(model, golden))
    return joined, golden_proto(model, golden)


@pytest.mark.parametrize("encoding", ["stored", "q15.16"])
@pytest.mark.parametrize("name", sorted(ZOO))
def test_it_holds_what_the_serialized_model_holds(name: str, encoding: str, tmp_path: Path) -> None:
    joined, plain = parsed(load_model(save(ZOO[name].build(), tmp_path / "m.onnx")), encoding)
    assert joined == plain


def test_weights_that_stand_in_a_file_of_their_own_are_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.model.WORTH_A_FILE", 1)
    monkeypatch.setattr("analyzer.model.LARGE", 1)
    whole = load_model(save(ZOO[sorted(ZOO)[0]].build(), tmp_path / "m.onnx"))
    filed = whole.filed()
    assert filed.file is not None
    joined, _ = parsed(filed, "stored")
    assert joined == parsed(dataclasses.replace(whole), "stored")[1]


@pytest.mark.parametrize("value", [0, 1, 127, 128, 16383, 16384, 2**31, 2**35 + 5])
def test_lengths_read_back(value: int) -> None:
    encoded = _varint(value)
    assert sum((byte & 0x7F) << 7 * i for i, byte in enumerate(encoded)) == value
    assert [byte >> 7 for byte in encoded] == [1] * (len(encoded) - 1) + [0]

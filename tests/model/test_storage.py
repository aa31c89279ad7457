"""However a file stores its tensors, the same bits are at risk."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from analyzer.errors import ExternalDataError, NothingAtRisk
from analyzer.faults.elements import ELEMENT_TYPES, ElementType, Values, from_codes, to_raw
from analyzer.faults.selection import Selection
from analyzer.model import Model, load_model
from analyzer.model.element_types import ELEMENT_OF
from analyzer.model.inventory import values_of
from tests.storage import as_inputs, external, in_typed_fields, ordinary
from tests.strategies import examples
from tests.support import parse_model, save, with_initializers

DATA_TYPE = {element.name: number for number, element in ELEMENT_OF.items()}


def typed(values: Values, element: ElementType) -> onnx.TensorProto:
    """The tensor with its values in typed fields, written by onnx."""
    data_type = DATA_TYPE[element.name]
    return helper.make_tensor("w", data_type, values.shape, values.reshape(-1).tolist(), raw=False)


@st.composite
def ordinary_contents(draw: st.DrawFn) -> tuple[ElementType, Values]:
    """Any values but NaN, whose payload typed fields of Python floats do not keep."""
    element = draw(st.sampled_from(list(ELEMENT_TYPES.values())))
    codes = draw(st.lists(st.integers(0, 2**element.bits - 1), min_size=1, max_size=7))
    values = from_codes(np.array(codes, element.code_dtype), element)
    return element, values[~np.isnan(values)] if element.is_float else values


@examples(150)
@given(ordinary_contents())
def test_typed_fields_and_raw_bytes_hold_the_same_values(
    given_: tuple[ElementType, Values],
) -> None:
    element, values = given_
    raw = onnx.TensorProto(data_type=DATA_TYPE[element.name], dims=values.shape)
    raw.raw_data = to_raw(values, element)
    assert not typed(values, element).raw_data
    assert values_of(typed(values, element)).tobytes() == values.tobytes()
    assert values_of(raw).tobytes() == values.tobytes()
    assert values_of(raw).dtype == element.dtype


AS_ONNX_1_17 = {"bfloat16": np.float32, "int4": np.int8, "uint4": np.uint8}
"""What onnx gives, before 1.19, in place of the element types of ml_dtypes."""


@pytest.mark.parametrize("raw", [True, False])
@pytest.mark.parametrize("name", AS_ONNX_1_17)
def test_older_versions_of_onnx_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, name: str, raw: bool
) -> None:
    element = ELEMENT_TYPES[name]
    values = from_codes(np.arange(2**element.bits).astype(element.code_dtype), element)
    if not raw:  # typed fields of Python floats do not keep the payload of NaN
        with np.errstate(invalid="ignore"):  # signalling NaNs
            values = values[~np.isnan(values)]
    tensor = typed(values, element)
    if raw:
        tensor = onnx.TensorProto(data_type=DATA_TYPE[name], dims=values.shape)
        tensor.raw_data = to_raw(values, element)
    right = numpy_helper.to_array
    monkeypatch.setattr(numpy_helper, "to_array", lambda t: right(t).astype(AS_ONNX_1_17[name]))
    found = values_of(tensor)
    assert (found.dtype, found.tobytes()) == (element.dtype, values.tobytes())


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2)], ids=str)
@pytest.mark.parametrize("element", ELEMENT_TYPES.values(), ids=lambda e: e.name)
def test_typed_fields_keep_their_shape(element: ElementType, shape: tuple[int, ...]) -> None:
    values = np.ones(shape, element.dtype)
    assert values_of(typed(values, element)).shape == shape


WEIGHT = np.random.default_rng(0).standard_normal((6, 4)).astype(np.float32)
BIAS = np.linspace(-1, 1, 4, dtype=np.float32)


def gemm(**values: npt.NDArray[Any]) -> onnx.ModelProto:
    head = '<ir_version: 8, opset_import: ["" : 17]>'
    text = f"{head} g (float[N, 6] x) => (float[N, 4] y) {{ y = Gemm (x, w, b) }}"
    return with_initializers(parse_model(text), values or {"w": WEIGHT, "b": BIAS})


Writer = Callable[[onnx.ModelProto, Path], Path]


@pytest.mark.parametrize("write", [ordinary, external, as_inputs, in_typed_fields])
def test_the_same_values_are_at_risk_wherever_they_stand(tmp_path: Path, write: Writer) -> None:
    model = load_model(write(gemm(), tmp_path / "m.onnx"))
    values = model.values()
    assert {n: v.tobytes() for n, v in values.items()} == {
        "w": WEIGHT.tobytes(),
        "b": BIAS.tobytes(),
    }
    assert model.space(Selection()).bits == 32 * 28
    assert [i.name for i in model.proto.graph.input] == ["x"]
    assert model.signature.name == "x"


def test_external_data_begin_at_their_offset_and_end_at_the_file_s_end(tmp_path: Path) -> None:
    proto = gemm(w=WEIGHT, b=BIAS)
    path = external(proto, tmp_path / "m.onnx")
    bias = proto.graph.initializer[1]
    del bias.external_data[2]  # no length: up to the end
    (tmp_path / "weights.bin").write_bytes((tmp_path / "weights.bin").read_bytes()[:-28])
    save(proto, path)
    assert load_model(path).values()["b"].tobytes() == BIAS.tobytes()


def load_external(folder: Path, flip_at: int | None) -> Model:
    folder.mkdir()
    path = external(gemm(), folder / "m.onnx")
    data = bytearray((folder / "weights.bin").read_bytes())
    if flip_at is not None:
        data[flip_at] ^= 1
    (folder / "weights.bin").write_bytes(data)
    return load_model(path)


def test_the_digest_covers_the_external_bytes_that_are_used(tmp_path: Path) -> None:
    golden = load_external(tmp_path / "a", None)
    assert load_external(tmp_path / "b", None).sha256 == golden.sha256
    assert load_external(tmp_path / "c", 100).sha256 != golden.sha256
    assert load_external(tmp_path / "d", 100 + 4 * 24 + 28).sha256 != golden.sha256
    assert load_external(tmp_path / "e", 0).sha256 == golden.sha256
    assert golden.size == (tmp_path / "a" / "m.onnx").stat().st_size + 4 * 28


def test_the_digest_covers_the_file(tmp_path: Path) -> None:
    one = load_model(save(gemm(), tmp_path / "a.onnx"))
    other = load_model(save(gemm(w=-WEIGHT, b=BIAS), tmp_path / "b.onnx"))
    assert one.sha256 != other.sha256
    assert one.sha256 == load_model(save(gemm(), tmp_path / "c.onnx")).sha256


@pytest.mark.parametrize("offset", [200, 10**9])
def test_external_data_that_end_too_early_are_refused(tmp_path: Path, offset: int) -> None:
    proto = gemm()
    path = external(proto, tmp_path / "m.onnx")
    proto.graph.initializer[1].external_data[1].value = str(offset + 100)
    save(proto, path)
    with pytest.raises(ExternalDataError, match="cut short"):
        load_model(path)


def test_nothing_at_risk_is_an_error_of_its_own(tmp_path: Path) -> None:
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[N, 6] x) => (float[N, 6] y)'
    model = load_model(save(parse_model(f"{text} {{ y = Relu (x) }}"), tmp_path / "m.onnx"))
    with pytest.raises(NothingAtRisk):
        model.space(Selection())


def test_the_opset_is_the_standard_one(tmp_path: Path) -> None:
    proto = gemm()
    proto.opset_import.add(domain="com.microsoft", version=99)
    assert load_model(save(proto, tmp_path / "m.onnx")).opset == 17

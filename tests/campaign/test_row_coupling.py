"""Images of one run that influence one another are found, said, and run one by one."""

import json
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

from analyzer.answers import Run
from analyzer.evaluation.dataset import DataKind, Dataset
from analyzer.graph.rows import mixes_no_rows
from analyzer.jobs.notes import coupling_of
from analyzer.model import load_model
from analyzer.runtime.ort.session import new_session, run_session, session_options
from analyzer.verification.row_coupling import find_coupling
from tests.runtime.zoo.registry import integers, model, normal, one
from tests.support import invoke, save

DYNAMIC = """
    q, s, z = DynamicQuantizeLinear (x)
    p = MatMulInteger (q, w, z) f = Cast <to = 1> (p) m = Mul (s, ws) h = Mul (f, m) r = Relu (h)
    q2, s2, z2 = DynamicQuantizeLinear (r) p2 = MatMulInteger (q2, v, z2)
    f2 = Cast <to = 1> (p2) m2 = Mul (s2, ws) y = Mul (f2, m2)
"""


def dynamic(rows: str = "N") -> onnx.ModelProto:
    values = {"w": integers(16, 32), "v": integers(32, 5), "ws": one(0.01)}
    return model(f"float[{rows}, 16] x", f"float[{rows}, 5] y", DYNAMIC, values)


def data(count: int = 8) -> Dataset:
    return Dataset(DataKind.ARRAYS, "numbers", normal(count, 16), None, "0" * 64)


def forbidden() -> Run:
    raise AssertionError("nothing is to be run")


def coupled_by(body: str, fixed: int | None = None, rows: str = "N") -> bool:
    """True if images of a model with this body influence one another."""
    proto = model(f"float[{rows}, 16] x", f"float[{rows}, 16] y", body, {"w": normal(16)})
    run = partial(run_session, new_session(proto, session_options(pack=True)))
    assert not mixes_no_rows(proto.graph)
    return find_coupling(data(), "x", fixed, lambda: run) is not None


@pytest.mark.parametrize(
    ("body", "coupled"),
    [
        ("m = ReduceMean <axes = [0]> (x) y = Sub (x, m)", True),
        ("y = Softmax <axis = 0> (x)", True),
        ("y, a, b = BatchNormalization <training_mode = 1> (x, w, w, w, w)", True),
        ("m = ReduceMean <axes = [1]> (x) y = Sub (x, m)", False),
        ("t = Transpose (x) y = Transpose (t)", False),
    ],
)
def test_what_mixes_images_is_found(body: str, coupled: bool) -> None:
    assert coupled_by(body) is coupled
    assert coupled_by(body, fixed=3, rows="3") is coupled
    assert not coupled_by(body, fixed=1, rows="1")


@pytest.mark.parametrize(
    "body",
    [
        "a = Mul (x, w) y = Relu (a)",
        "f = Flatten (x) y = Softmax <axis = 1> (f)",
        "y = BatchNormalization (x, w, w, w, w)",
    ],
)
def test_operators_that_mix_no_images_are_not_run(body: str) -> None:
    proto = model("float[N, 16] x", "float[N, 16] y", body, {"w": normal(16)})
    assert mixes_no_rows(proto.graph)


TURNED = "y = Transpose <perm = [1, 0]> (x)"
MIXED = "m = ReduceMean <axes = [0]> (x) d = Sub (x, m) y = Transpose <perm = [1, 0]> (d)"


@pytest.mark.parametrize(("body", "coupled"), [(TURNED, False), (MIXED, True)])
def test_images_lie_along_the_axis_that_was_found(body: str, coupled: bool, tmp_path: Path) -> None:
    """Along the first axis lie features: pieces of it hold all images, and differ in company."""
    proto = model("float[N, 16] x", "float[16, N] y", body, {"w": normal(16)})
    found = coupling_of(load_model(save(proto, tmp_path / "turned.onnx")), data())
    assert (found is not None) is coupled


def test_an_output_without_a_row_per_image_tells_nothing() -> None:
    """Nobody says here what an answer is, so that sizes alone decide."""
    proto = model("float[N, 16] x", "float[16, N] y", TURNED, {"w": normal(16)})
    session = new_session(proto, session_options(pack=True))
    assert find_coupling(data(), "x", None, lambda: partial(run_session, session)) is None


def test_a_single_image_has_no_company() -> None:
    assert find_coupling(data(), "x", 1, forbidden) is None
    assert find_coupling(data(1), "x", None, forbidden) is None


def report(folder: Path, *flags: str) -> tuple[dict[str, object], str, str]:
    """JSON, text and HTML of a short run of the dynamically quantized model."""
    save(dynamic(), folder / "m.onnx")
    np.savez(folder / "m.npz", images=normal(32, 16), labels=np.arange(32) % 5)
    asked = ("--rates", "1e-3", "--precision", "0.4", "--journal", "none", "--jobs", "0")
    files = ("--json", folder / "r.json", "--html", folder / "r.html")
    run = invoke("run", folder / "m.onnx", *asked, *files, *flags)
    assert run.code == 0, run.err
    found = json.loads((folder / "r.json").read_text("utf-8"))
    return found, " ".join(run.out.split()), (folder / "r.html").read_text("utf-8")


def test_such_images_are_run_one_by_one_and_every_report_says_so(tmp_path: Path) -> None:
    found, text, page = report(tmp_path)
    assert found["plan"]["batch"] == 1  # type: ignore[index]  # of JSON
    assert found["model"]["coupled"] is True  # type: ignore[index]  # of JSON
    for shown in (text, page):
        assert "1 image per run" in shown
        assert "Images of one run influence one another (DynamicQuantizeLinear" in shown


def test_another_batch_is_in_the_headline(tmp_path: Path) -> None:
    found, text, page = report(tmp_path, "--batch", "8")
    assert found["plan"]["batch"] == 8  # type: ignore[index]  # of JSON
    assert "encoding stored, 8 images per run" in text
    assert "8 images per run" in page
    assert "Figures hold for 8 images per run" in text

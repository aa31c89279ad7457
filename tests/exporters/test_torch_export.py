"""Networks of a user's own become ONNX files that answer as torch does."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import pytest

from analyzer.model import load_model
from tests.exporters.own_nets import CODE
from tests.exporters.test_export_refusals import assert_refused
from tests.support import Run, invoke

torch = pytest.importorskip("torch")


@pytest.fixture
def nets(tmp_path: Path) -> Path:
    """A Python file with networks in it."""
    path = tmp_path / "own_nets.py"
    path.write_text(CODE)
    return path


def export(nets: Path, name: str, *arguments: str | Path, size: str = "1x6x6") -> Run:
    target = nets.parent / "out.onnx"
    return invoke("export", f"{nets}:{name}", "--input", size, *arguments, "-o", target)


def answer(path: Path, values: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["logits"], {"image": values})[0])


def test_a_factory_is_exported(nets: Path) -> None:
    run = export(nets, "small", "--mean", "0.5", "--std", "0.25", "--classes", "7")
    assert (run.code, run.err) == (0, "")
    assert all(len(line) <= 80 for line in run.out.splitlines())
    assert "x = (pixel * 0.00392157 - 0.5) / 0.25" in run.out
    path = nets.parent / "out.onnx"
    found = load_model(path)
    assert found.signature.shape == (None, 1, 6, 6)
    preprocessing = found.metadata.preprocessing
    assert (preprocessing.mean, preprocessing.std, preprocessing.layout) == (
        (0.5,),
        (0.25,),
        "NCHW",
    )
    assert [node.op_type for node in found.proto.graph.node] == [
        *("Conv", "Relu", "GlobalAveragePool", "Flatten", "Gemm")
    ]
    names = [site.name for site in found.inventory.at_risk]
    assert names == ["0.weight", "5.weight", "5.bias"]
    assert answer(path, np.zeros((5, 1, 6, 6), np.float32)).shape == (5, 7)


def test_weights_of_a_checkpoint_are_what_the_file_answers_by(nets: Path) -> None:
    scope: dict[str, object] = {}
    exec(CODE, scope)
    build = scope["small"]
    assert callable(build)
    trained = build().eval()
    generator = torch.Generator().manual_seed(5)
    weights = {
        name: torch.rand(value.shape, generator=generator) + 0.5
        if value.dtype.is_floating_point
        else value
        for name, value in trained.state_dict().items()
    }
    trained.load_state_dict(weights)
    checkpoint = nets.parent / "trained.pth"
    torch.save({"model": {f"module.{name}": value for name, value in weights.items()}}, checkpoint)
    run = export(nets, "small", "--weights", checkpoint)
    assert (run.code, run.err) == (0, "")
    assert "weights: weights trained.pth, sha256" in run.out
    assert "note: no preprocessing was given: x = pixel / 255" in run.out
    values = np.random.default_rng(0).standard_normal((4, 1, 6, 6)).astype(np.float32)
    with torch.no_grad():
        wanted = trained(torch.from_numpy(values)).numpy()
    assert np.allclose(answer(nets.parent / "out.onnx", values), wanted, rtol=1e-5, atol=1e-6)
    checkpoint.unlink()


def test_exporting_twice_gives_the_same_bytes(nets: Path) -> None:
    contents = []
    for _ in range(2):
        assert export(nets, "small").code == 0
        contents.append((nets.parent / "out.onnx").read_bytes())
    assert contents[0] == contents[1]
    text = str(onnx.load_from_string(contents[0]))
    assert str(nets.parent.parent) not in text.replace(str(nets), "")


def test_a_finished_network_and_a_module_by_name(
    nets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert export(nets, "finished").code == 0
    monkeypatch.chdir(nets.parent)
    target = nets.parent / "second.onnx"
    run = invoke("export", "own_nets:finished", "--input", "1x6x6", "-o", target)
    assert (run.code, run.err) == (0, "")
    assert target.exists()


@pytest.mark.parametrize(
    ("name", "slug", "says"),
    [
        ("smal", "bad-network", "has no smal (did you mean small?)"),
        ("number", "bad-network", "is a int; name a function or class"),
        ("not_a_network", "bad-network", "gives a str, not a torch.nn.Module"),
        ("Pair", "bad-network", "returns a tuple; wrap it"),
        ("Labels", "bad-network", "a row of floats per image"),
        ("Whole", "bad-network", "a row of floats per image"),
        ("Deciding", "export-failed", "decides by values of a tensor"),
        ("Exotic", "export-failed", "no ONNX form for the operator prims.bessel_j0"),
        ("Huge", "export-failed", "weights take 2.0 GiB; an ONNX file ends at 2 GiB"),
        ("Silent", "export-failed", "answers 0 to every input"),
        ("Noisy", "export-failed", "answers otherwise than torch"),
    ],
)
def test_what_cannot_be_exported(nets: Path, name: str, slug: str, says: str) -> None:
    assert_refused(export(nets, name), slug, says, nets.parent)


def test_an_input_that_does_not_suit_the_network(nets: Path) -> None:
    run = export(nets, "small", size="3x6x6")
    assert_refused(run, "bad-network", "fails on an input of shape (2, 3, 6, 6)", nets.parent)


def test_nobody_knows_the_input_of_a_users_network(nets: Path) -> None:
    run = invoke("export", f"{nets}:small", "-o", nets.parent / "out.onnx")
    assert_refused(run, "bad-option", "--input is needed", nets.parent)


def test_a_checkpoint_of_another_network(nets: Path) -> None:
    checkpoint = nets.parent / "other.py"
    torch.save({"0.weight": torch.ones(3, 1, 3, 3), "5.wieght": torch.ones(4, 3)}, checkpoint)
    run = export(nets, "small", "--weights", checkpoint)
    says = "5.weight (nearest in the file: 5.wieght)"
    assert_refused(run, "bad-checkpoint", says, nets.parent)


def test_a_refused_export_leaves_the_old_file(nets: Path) -> None:
    target = nets.parent / "out.onnx"
    target.write_bytes(b"the model of yesterday")
    assert export(nets, "Exotic").code == 2
    assert target.read_bytes() == b"the model of yesterday"
    assert sorted(p.name for p in nets.parent.iterdir() if p.is_file()) == [
        "out.onnx",
        "own_nets.py",
    ]

"""``relcheck export`` refuses with one sentence; these refusals need no torch."""

import sys
from pathlib import Path

import pytest

from tests.support import Run, invoke


def assert_refused(run: Run, slug: str, says: str, folder: Path) -> None:
    """One line on standard error, and nothing written."""
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("relcheck: ")
    assert run.err.endswith(f" [{slug}]\n")
    assert run.err.count("\n") == 1
    assert len(run.err) < 700
    assert says in run.err
    assert not [p for p in folder.rglob("*") if p.suffix != ".py"]


@pytest.mark.parametrize("missing", ["torch", "onnxscript"])
def test_without_torch_the_extra_is_named(
    missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing == "onnxscript":
        pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, missing, None)
    run = invoke("export", "torchvision:resnet18", "-o", tmp_path / "out.onnx")
    says = f"package {missing} is not installed; pip install 'relcheck-onnx[export]'"
    assert_refused(run, "torch-missing", says, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "slug", "says"),
    [
        (("resnet50",), "bad-network", "names no network; write torchvision:NAME"),
        (("my nets:build",), "bad-network", "neither a Python file"),
        (("torchvision:resnet18", "--input", "0"), "bad-option", "no image size"),
        (("torchvision:resnet18", "--weights", "no.pth"), "file-missing", "no checkpoint no.pth"),
    ],
)
def test_requests_that_cannot_be_read(
    arguments: tuple[str, ...], slug: str, says: str, tmp_path: Path
) -> None:
    run = invoke("export", *arguments, "-o", tmp_path / "out.onnx")
    assert_refused(run, slug, says, tmp_path)


def test_a_file_that_cannot_be_written_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    run = invoke("export", "torchvision:resnet18", "-o", tmp_path / "nowhere" / "out.onnx")
    assert_refused(run, "unwritable-output", "there is no folder", tmp_path)


def test_the_checkpoint_is_not_overwritten(tmp_path: Path) -> None:
    weights = tmp_path / "weights.py"
    weights.write_text("trained for days")
    run = invoke("export", "torchvision:resnet18", "--weights", weights, "-o", weights)
    assert_refused(run, "unwritable-output", "is in use already", tmp_path)
    assert weights.read_text() == "trained for days"

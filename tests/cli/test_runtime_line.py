"""Figures depend on the runtime's version: it stands at the top of every report."""

from pathlib import Path

import onnxruntime
import pytest

from tests.support import invoke, tiny_cnn, tiny_data

LINE = f"ONNX Runtime {onnxruntime.__version__}, CPUExecutionProvider"


@pytest.mark.parametrize("command", ["run", "map", "compare"])
def test_the_runtime_stands_at_the_top(command: str, tmp_path: Path) -> None:
    """Fails if it is found at the foot of a page alone, or not in the text."""
    model, data = tiny_cnn(tmp_path / "m.onnx"), tiny_data(tmp_path / "m.npz")
    models = [model, model] if command == "compare" else [model]
    how = ["--margin", "0.3"] if command == "map" else ["--rates", "1e-3", "--precision", "0.3"]
    page = tmp_path / "r.html"
    run = invoke(command, *models, "--data", data, *how, "--html", page, "--journal", "none")
    assert run.code == 0, run.err
    head = run.out.split("─" * 80)[0]
    assert LINE in head.splitlines()
    first_lines = page.read_text("utf-8").split("</h1>")[1].split("</p>")[0]
    assert LINE in first_lines

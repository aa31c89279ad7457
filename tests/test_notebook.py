"""The notebook runs from its first cell to its last, and shows what it printed then.

It needs a kernel, which the development tools do not bring: `make site` installs one and runs this.
``python -m tests.test_notebook`` runs the notebook and keeps what its cells print now.
"""

import importlib
from pathlib import Path
from typing import Any

import pytest

from tests.console import agree
from tests.support import ROOT

NOTEBOOK = ROOT / "examples" / "notebook.ipynb"
APART = 0.11
"""Figures may differ so much on another processor."""


def executed(folder: Path) -> Any:
    """The notebook after all its cells ran in ``folder``, which holds nothing that they need."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    book = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(
        book,
        timeout=300,
        record_timing=False,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    ).execute()
    return book


def printed(book: Any) -> list[list[str]]:
    """Lines that each cell of code printed."""
    cells = [cell for cell in book.cells if cell.cell_type == "code"]
    return [
        "".join(output.text for output in cell.outputs if "text" in output).splitlines()
        for cell in cells
    ]


def test_it_prints_what_it_shows(tmp_path: Path) -> None:
    pytest.importorskip("ipykernel")
    kept, new = pytest.importorskip("nbformat").read(NOTEBOOK, as_version=4), executed(tmp_path)
    for shown, lines in zip(printed(kept), printed(new), strict=True):
        assert agree(tuple(shown), lines, APART), lines
    for book in (kept, new):
        text = "\n".join("\n".join(lines) for lines in printed(book))
        assert "Gate: fail" in text
        assert "Gate: pass" in text
        kinds = {
            kind for c in book.cells for o in c.get("outputs", ()) for kind in o.get("data", {})
        }
        assert "image/png" in kinds, "a chart"
    assert list(tmp_path.iterdir()) == [], "it leaves nothing behind"


if __name__ == "__main__":
    import tempfile

    nbformat = importlib.import_module("nbformat")
    with tempfile.TemporaryDirectory() as place:
        NOTEBOOK.write_text(nbformat.writes(executed(Path(place))) + "\n", "utf-8")

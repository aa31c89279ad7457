"""Examples of the documentation run as they stand, in order, in one process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import ROOT

PAGES = ("docs/api.md",)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

RUNNER = """
import sys
names = {"__name__": "__main__"}
for number, block in enumerate(sys.argv[2:], 1):
    exec(compile(block, f"{sys.argv[1]}, block {number}", "exec"), names)
assert not [name for name in sys.modules if name.startswith("analyzer.cli")]
"""
"""A page as a notebook: one block after the other, in the same names."""


@pytest.mark.parametrize("page", PAGES)
def test_examples_run(page: str, tmp_path: Path) -> None:
    """Fails with any example that raises, whose assertion is wrong, or that warns."""
    blocks = BLOCK.findall((ROOT / page).read_text("utf-8"))
    assert len(blocks) > 8
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER, page, *blocks],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Gate: pass" in done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_every_function_has_an_example(page: str) -> None:
    import analyzer

    text = "".join(BLOCK.findall((ROOT / page).read_text("utf-8")))
    functions = [n for n in analyzer.__all__ if n[0].islower() and n != "demonstration_model"]
    assert len(functions) == 17
    for name in functions:
        assert f"analyzer.{name}(" in text, name

"""The command that reports record: as one would type it, however the process was started."""

import pytest

from analyzer.cli.words import command_line


@pytest.mark.parametrize("program", ["/usr/bin/relcheck", "/x/analyzer/__main__.py"])
def test_the_program_is_called_relcheck(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``python -m analyzer`` puts the path of a file first, which nobody can run by its name."""
    monkeypatch.setattr("sys.argv", [program, "run", "m.onnx", "--rates", "1e-6"])
    assert command_line() == "relcheck run m.onnx --rates 1e-6"

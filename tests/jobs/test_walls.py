"""Below the command line nothing knows of a terminal, of an argument vector, or of an exit."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

PACKAGE = ROOT / "analyzer"
TERMINAL = {"typer", "rich", "click", "argparse", "getpass", "readline"}
WORDS = {"sys.argv", "sys.exit", "sys.stdout", "sys.stderr", "os._exit", "signal.alarm"}
ALLOWED = {
    ("campaign/workers/worker.py", "os._exit"): "a worker that nobody listens to any more",
}


def below_the_command_line() -> Iterator[Path]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in {"cli", "__main__.py"}:
            yield path


def names_in(path: Path) -> set[str]:
    """Modules that a file imports, and dotted names that it uses."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module.split(".")[0], node.module}
        elif isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found.add(f"{node.func.id}()")
    return found


@pytest.fixture(scope="module")
def used() -> dict[str, set[str]]:
    paths = list(below_the_command_line())
    assert len(paths) > 150
    return {p.relative_to(PACKAGE).as_posix(): names_in(p) for p in paths}


def test_no_terminal_below_the_command_line(used: dict[str, set[str]]) -> None:
    forbidden = TERMINAL | WORDS | {"print()", "input()", "exit()", "analyzer.cli"}
    found = {(file, name) for file, names in used.items() for name in names & forbidden}
    assert found == set(ALLOWED)


def test_no_heartbeat_below_the_command_line(used: dict[str, set[str]]) -> None:
    """The watchdog is an observer's: no process-wide object is renewed from below."""
    assert not [file for file, names in used.items() if "analyzer.cli.process" in names]
    text = [p for p in below_the_command_line() if "HEARTBEAT" in p.read_text("utf-8")]
    assert text == []


def test_commands_are_small() -> None:
    """Parse, one call, render, exit code: no policy hides in a command."""
    for path in (PACKAGE / "cli" / "commands").glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                statements = [s for s in node.body if not isinstance(s, ast.ImportFrom | ast.Expr)]
                assert len(statements) <= 5, (path.name, node.name)
                assert ast.unparse(node.returns or ast.Constant(None)) == "Exit"

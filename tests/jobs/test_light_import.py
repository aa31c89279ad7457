"""``import analyzer`` costs nothing, and offers what it says."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from tests.support import ROOT

HEAVY = ("numpy", "onnx", "onnxruntime", "scipy", "matplotlib", "pydantic", "typer", "rich", "PIL")


def loaded_after(code: str) -> list[str]:
    """Heavy packages, and rooms of ours, that are loaded after some code in a fresh process."""
    code += (
        f"\nimport sys; print(*[m for m in {HEAVY!r} if m in sys.modules], "
        "*[m for m in sys.modules if m.startswith('analyzer.')])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.split()


def test_the_package_loads_nothing() -> None:
    """Fails if a name is imported when the package is."""
    assert loaded_after("import analyzer; dir(analyzer); analyzer.__all__") == []


def test_an_error_loads_errors_alone() -> None:
    loaded = loaded_after("import analyzer; analyzer.RelcheckError")
    assert loaded
    assert {name.partition(".errors")[0] for name in loaded} == {"analyzer"}
    assert all(name.startswith("analyzer.errors") for name in loaded)


def test_jobs_load_nothing_of_the_command_line() -> None:
    """Fails with one import of `analyzer.cli`, or of what it is made of, below it."""
    found = loaded_after("import analyzer; [getattr(analyzer, name) for name in analyzer.__all__]")
    assert "analyzer.jobs.api" in found
    assert {"typer", "rich", "matplotlib"}.isdisjoint(found)
    assert not [name for name in found if name.startswith("analyzer.cli")]


def test_every_public_name_is_there() -> None:
    for name in analyzer.__all__:
        found = getattr(analyzer, name)
        assert found.__name__ == name
        assert getattr(analyzer, name) is found
    assert set(analyzer.__all__) <= set(dir(analyzer))
    with pytest.raises(AttributeError, match="no attribute 'rnu'"):
        _ = analyzer.rnu


def test_type_checkers_see_the_same_names() -> None:
    """The imports for type checkers, and the table of homes, are kept by hand."""
    tree = ast.parse(Path(analyzer.__file__).read_text("utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If))
    seen = {
        alias.name: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == analyzer._HOMES
    assert set(seen) == set(analyzer.__all__)


def test_signatures_show_every_keyword() -> None:
    """Fails without `takes`: a notebook would show ``**options``."""
    shown = inspect.signature(analyzer.run).parameters
    assert list(shown)[:2] == ["model", "observer"]
    assert {"data", "rates", "gate", "jobs", "json", "config"} <= set(shown)
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in list(shown.values())[1:])

"""docs/reliability.md names tests and commands that exist."""

import re

from tests.support import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text("utf-8")


def existing() -> set[str]:
    """Names of test files and test functions."""
    files = list((ROOT / "tests").rglob("test_*.py"))
    functions = (re.findall(r"^def (test_\w+)", f.read_text("utf-8"), re.MULTILINE) for f in files)
    return {f.name for f in files} | {name for found in functions for name in found}


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"\btest_\w+(?:\.py)?", PAGE))
    assert len(named) > 30
    assert named - existing() == set()


def test_every_command_that_is_named_exists() -> None:
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"\bmake (\w+)", PAGE)) <= set(targets)

"""Inside `exporters`: rooms that import downwards, short files, docstrings that name things."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

EXPORTERS = ROOT / "exporters"

FLOORS = {
    "quiet": 0,
    "bare_model": 0,
    "calibration_data": 0,
    "latency": 0,
    "model_files": 0,
    "torch/optional_package": 0,
    "torch/checkpoint": 1,
    "training/blocks": 1,
    "training/cifar_nets": 2,
    "segmentation": 2,
    "hardening/not_applied": 0,
    "hardening/metadata": 0,
    "hardening/subject": 1,
    "hardening/interface": 1,
    "hardening/activations": 2,
    "hardening/bounds": 3,
    "hardening/clipact": 4,
    "hardening/promises": 4,
    "hardening/mitigations": 5,
    "hardening/harden": 6,
    "quantize": 7,
    "torch": 8,
    "datasets": 9,
    "training": 10,
    "segmentation/joint_augmentation": 11,
    "segmentation/objective": 12,
    "segmentation/task": 13,
    "training/tasks": 14,
    "pretraining": 11,
    "qat": 11,
}
"""Place -> floor; `interface` names records of higher floors for the type checker alone."""

MOST_LINES = 300
QUESTIONS = frozenset({"what", "whether", "how", "where", "which", "who", "whom", "why", "when"})


def place_of(path: str) -> str:
    """The place of a file or module below exporters/: the longest one that is listed."""
    parts = path.removesuffix(".py").split("/")
    names = ["/".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((name for name in names if name in FLOORS), "")


def files() -> list[Path]:
    return sorted(EXPORTERS.rglob("*.py"))


def arrows() -> Iterator[tuple[str, str]]:
    """(file, place that it imports when it runs), type checking left out."""
    for path in files():
        file = path.relative_to(EXPORTERS).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        typing = [
            n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECK" in ast.unparse(n)
        ]
        skipped = {id(inner) for node in typing for inner in ast.walk(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and id(node) not in skipped:
                module = node.module or ""
                for alias in node.names if module.startswith("exporters") else ():
                    inner = f"{module}.{alias.name}".removeprefix("exporters.").replace(".", "/")
                    yield file, place_of(inner)


ARROWS = tuple(arrows())


def test_every_file_has_a_floor() -> None:
    empty = {"__init__.py", "hardening/__init__.py"}
    found = {path.relative_to(EXPORTERS).as_posix() for path in files()} - empty
    assert {file for file in found if not place_of(file)} == set()
    assert {place_of(file) for file in found} == set(FLOORS)


def test_imports_point_down() -> None:
    assert len(ARROWS) > 100
    for file, target in ARROWS:
        here = place_of(file)
        assert target == here or FLOORS[target] < FLOORS[here], (file, target)


def test_files_are_short() -> None:
    for path in files():
        assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES, path


def documented() -> Iterator[tuple[str, ast.AST, str]]:
    """(file, node, its docstring) of every module, class and function."""
    for root in (EXPORTERS, ROOT / "analyzer" / "graph"):
        for path in sorted(root.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                    yield str(path.relative_to(ROOT)), node, ast.get_docstring(node) or ""


DOCUMENTED = tuple(documented())


def test_docstrings_name_things_instead_of_asking() -> None:
    assert len(DOCUMENTED) > 400
    for file, node, text in DOCUMENTED:
        first = re.split(r"\W", text.lower(), maxsplit=1)[0]
        assert first not in QUESTIONS, (file, getattr(node, "name", ""), text.splitlines()[0])


def test_public_functions_of_several_arguments_say_what_these_are() -> None:
    """Members of a family refer to the interface, which does."""
    for file, node, text in DOCUMENTED:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and text:
            given = [a.arg for a in (*node.args.args, *node.args.kwonlyargs)]
            several = len([name for name in given if name not in {"self", "cls"}]) > 1
            assert not several or "Args:" in text or text.startswith("As in `"), (file, node.name)


@pytest.mark.parametrize("module", ["exporters", "exporters.hardening.mitigations"])
def test_some_imports_are_light(module: str) -> None:
    """The help of the command line needs them."""
    heavy = ("numpy", "onnx", "onnxruntime", "torch", "pydantic", "matplotlib")
    code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"

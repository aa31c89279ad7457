"""Docstrings name things: none is a riddle, and public functions describe their arguments."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = [
    *("analyzer/runtime", "analyzer/campaign", "analyzer/cli", "analyzer/jobs", "exporters"),
    *("analyzer/faults", "analyzer/gate", "analyzer/model", "analyzer/stats", "analyzer/targets"),
    *("relcheck_onnx", "paper"),
]
"""Rooms whose public functions describe their arguments; elsewhere protocols do it for families."""

QUESTION = re.compile(r"(What|Whether|How|Where|Which|Who|Whose|When|Why)\b")
HELP = "analyzer/cli/commands"
"""The docstrings of commands are their help."""

Documented = ast.Module | ast.ClassDef | ast.FunctionDef


def documented(room: str) -> Iterator[tuple[str, Documented, str]]:
    """File, node and docstring of everything in a room that has one."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, Documented) and (text := ast.get_docstring(node)):
                yield path.relative_to(ROOT).as_posix(), node, text


def arguments(node: ast.FunctionDef) -> list[str]:
    names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return [n for n in names if n not in {"self", "cls"} and not n.startswith("_")]


@pytest.mark.parametrize("room", ["analyzer", "exporters", "relcheck_onnx", "audit", "paper"])
def test_no_docstring_opens_with_a_question_word(room: str) -> None:
    found = [f"{file}: {text[:60]}" for file, _, text in documented(room) if QUESTION.match(text)]
    assert found == []


@pytest.mark.parametrize("room", ROOMS)
def test_public_functions_describe_two_arguments_or_more(room: str) -> None:
    """``As in `Protocol``` and ``see `Protocol.method``` refer to where they are described."""
    missing = [
        f"{file}: {node.name}"
        for file, node, text in documented(room)
        if isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and not file.startswith(HELP)
        and len(arguments(node)) > 1
        and "Args:" not in text
        and not text.startswith("As in ")
        and "see `" not in text
    ]
    assert missing == []

"""Inside `analyzer/runtime`: few entries, floors, accelerations that know nothing of each other.

The tables are those of docs/architecture.md; a test holds them together.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.runtime.live import LiveExecutor
from analyzer.runtime.open import ACCELERATIONS

ROOT = Path(__file__).parents[1]
RUNTIME = ROOT / "analyzer" / "runtime"
PACKAGE = "analyzer.runtime."

FLOORS = {
    "ort": 0,
    "oracle": 1,
    "layout": 1,
    "weights": 2,
    "stretches": 3,
    "executor": 4,
    "partial": 4,
    "speculative_bounds": 4,
    "prepacked_weights": 4,
    "recompile": 5,
    "device": 5,
    "live": 6,
    "open": 7,
}

OPTIONAL = {
    "speculative_bounds": "speculative_bounds",
    "prepacked_weights": "prepacked_weights",
    "recompile": "recompiled_subgraphs",
    "device": None,
    "weights/cow_pages": "copy_on_write_pages",
    "speculative_bounds/nchwc_layout": "nchwc_layout",
}
"""Place -> the name by which `open_executor` leaves it out; a device is chosen by its own name."""

MOST_ENTRIES, MOST_LINES, MOST_METHODS, MOST_BRANCHES = 14, 300, 14, 10


def arrows() -> Iterator[tuple[str, str, str]]:
    """(file, its place, a module of the runtime that it imports), places without ``.py``."""
    for path in RUNTIME.rglob("*.py"):
        file = path.relative_to(RUNTIME).as_posix()
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
                yield file, file.removesuffix(".py"), (node.module or "")[len(PACKAGE) :]


ARROWS = tuple(arrows())


def room(place: str) -> str:
    return re.split(r"[./]", place)[0]


def test_the_walk_sees_what_there_is() -> None:
    assert len(ARROWS) > 200
    assert ("live.py", "live", "executor") in ARROWS


def test_the_runtime_has_few_entries() -> None:
    entries = {p.name for p in RUNTIME.iterdir()} - {"__pycache__", "__init__.py"}
    assert {name.removesuffix(".py") for name in entries} == set(FLOORS)
    assert len(entries) + 1 <= MOST_ENTRIES


def test_imports_point_down() -> None:
    for file, place, module in ARROWS:
        if room(place) != room(module):
            assert FLOORS[room(module)] < FLOORS[room(place)], (file, module)


def test_the_oracle_shares_only_sessions_with_the_fast_path() -> None:
    assert {room(module) for _, place, module in ARROWS if room(place) == "oracle"} == {
        "oracle",
        "ort",
    }


@pytest.mark.parametrize("place", OPTIONAL)
def test_an_acceleration_is_imported_by_open_alone(place: str) -> None:
    """So to remove one is to delete it and its lines in `open.py`."""
    dotted = place.replace("/", ".")
    outside = {
        file
        for file, own, module in ARROWS
        if (module == dotted or module.startswith(f"{dotted}.")) and room(own) != room(place)
    }
    assert outside == {"open.py"}


def test_every_acceleration_has_a_name() -> None:
    names = {name for name in OPTIONAL.values() if name}
    assert names | {"live_weights", "partial_execution"} == set(ACCELERATIONS)


def sources() -> Iterator[Path]:
    for package in ("analyzer", "exporters"):
        yield from (ROOT / package).rglob("*.py")


def test_no_file_is_long() -> None:
    long = {p.name: n for p in sources() if (n := len(p.read_text("utf-8").splitlines())) > 300}
    assert not long


def test_the_live_executor_is_small_and_has_no_subclass() -> None:
    methods = [name for name, value in vars(LiveExecutor).items() if callable(value)]
    methods += [n for n, value in vars(LiveExecutor).items() if isinstance(value, property)]
    assert len([m for m in methods if m == "__init__" or not m.startswith("__")]) <= MOST_METHODS
    assert not LiveExecutor.__subclasses__()


BRANCHES = (
    ast.If,
    ast.IfExp,
    ast.For,
    ast.While,
    ast.ExceptHandler,
    ast.With,
    ast.Assert,
    ast.comprehension,
    ast.match_case,
)


def complexity(function: ast.FunctionDef) -> int:
    """McCabe's number: branches and Boolean operators, and 1."""
    found = 1
    for node in ast.walk(function):
        found += isinstance(node, BRANCHES)
        found += len(node.values) - 1 if isinstance(node, ast.BoolOp) else 0
    return found


@pytest.mark.parametrize("file", ["partial/plan.py", "open.py", "live.py", "partial/execution.py"])
def test_choices_are_simple(file: str) -> None:
    """The place that chooses among all accelerations, and those that run them."""
    tree = ast.parse((RUNTIME / file).read_text("utf-8"))
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    assert {f.name: n for f in functions if (n := complexity(f)) > MOST_BRANCHES} == {}


def test_the_tables_are_those_of_the_documentation() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| `runtime/(\w+)(?:\.py|/)` \|", text, re.MULTILINE)
    assert {name: int(floor) for floor, name in rows} == FLOORS

"""The house has floors: imports point down, and some things live in one room only.

The table is that of docs/architecture.md; one test holds the two together.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FLOORS = {
    "errors": 0,
    "did_you_mean": 0,
    "answers": 0,
    "memory": 1,
    "stats": 1,
    "graph": 1,
    "faults": 2,
    "model": 3,
    "targets": 3,
    "planning": 3,
    "runtime": 4,
    "evaluation": 5,
    "campaign": 6,
    "gate": 7,
    "verification": 7,
    "known_answers": 8,
    "reports": 9,
    "exporters": 9,
    "jobs": 10,
    "cli": 11,
    "pytest_plugin": 11,
}

EXCEPTIONS: dict[tuple[str, str], str] = {
    ("faults/sampling.py", "draws"): "the random numbers of every trial",
    (
        "runtime/layout/probe_values.py",
        "draws",
    ): "contents that find out where an element went; in no trial",
    (
        "runtime/weights/default_session.py",
        "draws",
    ): "contents on which packed and plain kernels are compared; in no trial",
    (
        "runtime/prepacked_weights/sessions.py",
        "draws",
    ): "contents that are looked for in memory; in no trial",
    (
        "runtime/recompile/validation.py",
        "draws",
    ): "patterns on which detours are tried out; in no trial",
    (
        "runtime/recompile/fusion_condition.py",
        "draws",
    ): "contents that must not change a form; in no trial",
    (
        "campaign/workers/inline_pool.py",
        "clock",
    ): "CPU time of a block, charged to the budget; no result has it",
    ("gate/waiver.py", "clock"): "the type of a day; jobs say which day it is",
    ("reports/shared/waivers.py", "clock"): "the type of a day",
    ("campaign/workers/worker.py", "clock"): "the same, measured where the block runs",
    ("__init__.py", "environment"): "switches off ONNX Runtime's telemetry before it is loaded",
}
"""(file, rule) -> why it may break the rule."""

CLOCKS = {"time", "datetime"}
ONNX_ROOMS = {"graph", "model", "runtime", "known_answers", "jobs", "exporters"}
"""Rooms that may know ONNX."""


@dataclass(frozen=True)
class Import:
    """One import statement: which file, which module, and whether it runs at load time."""

    file: str
    room: str
    module: str
    at_load: bool


def sources() -> dict[str, ast.Module]:
    """File name (below analyzer/, or with exporters/) -> its syntax tree."""
    files = [*(ROOT / "analyzer").rglob("*.py"), *(ROOT / "exporters").rglob("*.py")]
    names = (path.relative_to(ROOT).as_posix().removeprefix("analyzer/") for path in files)
    return {n: ast.parse(p.read_text("utf-8")) for n, p in zip(names, files, strict=True)}


SOURCES = sources()


def room_of_file(file: str) -> str:
    """The room a file lies in; the package's own two files are its roof."""
    return "" if file in {"__init__.py", "__main__.py"} else file.partition("/")[0].split(".")[0]


def room_of_module(module: str) -> str | None:
    """The room of one of our modules; None for other people's."""
    parts = module.split(".")
    if parts[0] == "exporters":
        return "exporters"
    return parts[1] if parts[0] == "analyzer" and len(parts) > 1 else None


def only_for_types(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def walk(nodes: list[ast.stmt], at_load: bool) -> Iterator[tuple[ast.stmt, bool]]:
    """Every statement, and whether it runs when its module is loaded."""
    for node in nodes:
        yield node, at_load
        inside = at_load and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for name in ("body", "orelse", "finalbody"):
            runs = inside and not (name == "body" and only_for_types(node))
            yield from walk(getattr(node, name, []), runs)
        for handler in getattr(node, "handlers", []):
            yield from walk(handler.body, inside)


def imports() -> Iterator[Import]:
    for file, tree in SOURCES.items():
        for node, at_load in walk(tree.body, True):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file} imports relatively"
                names = [f"{node.module}.{alias.name}" for alias in node.names]
                modules = names if node.module == "analyzer" else [node.module or ""]
            else:
                continue
            yield from (Import(file, room_of_file(file), m, at_load) for m in modules)


IMPORTS = tuple(imports())


def calls(file: str) -> Iterator[str]:
    """What a file calls, as it is written."""
    for node in ast.walk(SOURCES[file]):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_the_walk_sees_what_there_is() -> None:
    """Else every rule would hold by silence."""
    code = "import a\nif TYPE_CHECKING:\n    import b\nelse:\n    import c\n"
    code += "def f():\n    import d\ntry:\n    import e\nexcept OSError:\n    import f\n"
    code += "class C:\n    import g\n    def m(self):\n        with x:\n            import h\n"
    found = {
        node.names[0].name: at_load
        for node, at_load in walk(ast.parse(code).body, True)
        if isinstance(node, ast.Import)
    }
    assert found == {name: name not in "bdh" for name in "abcdefgh"}
    assert len(SOURCES) > 50
    assert len(IMPORTS) > 300


def test_every_room_has_a_floor() -> None:
    assert {room_of_file(file) for file in SOURCES} - {""} == set(FLOORS)


def test_the_table_is_the_one_in_the_documentation() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+) \| `(?:analyzer/)?(\w+)(?:\.py|/)` \|", text, re.MULTILINE)
    assert {room: int(floor) for floor, room in rows} == FLOORS


@pytest.mark.parametrize("room", FLOORS)
def test_imports_point_down(room: str) -> None:
    for found in IMPORTS:
        target = room_of_module(found.module)
        if found.room == room and target not in {None, room, "__version__"}:
            assert FLOORS[str(target)] < FLOORS[room], found


def test_analyzer_never_imports_torch() -> None:
    for found in IMPORTS:
        if found.room != "exporters":
            assert found.module.split(".")[0] not in {"torch", "torchvision"}, found


def test_exporters_are_called_by_jobs_only() -> None:
    rooms = {i.room for i in IMPORTS if i.module.split(".")[0] == "exporters"}
    assert rooms == {"exporters", "jobs"}


def test_nothing_imports_the_study() -> None:
    assert not [found for found in IMPORTS if found.module.split(".")[0] == "paper"]


def test_torch_is_imported_inside_functions_only() -> None:
    heavy = [
        i
        for i in IMPORTS
        if i.module.split(".")[0] in {"torch", "torchao", "torchvision", "onnxscript"}
    ]
    assert heavy
    assert not [found for found in heavy if found.at_load]


def test_onnxruntime_is_mentioned_in_the_runtime_only() -> None:
    rooms = {i.room for i in IMPORTS if i.module.split(".")[0] == "onnxruntime"}
    assert rooms == {"runtime", "exporters"}


def test_rooms_that_know_no_onnx() -> None:
    assert {i.room for i in IMPORTS if i.module.split(".")[0] == "onnx"} <= ONNX_ROOMS


def test_statistics_are_numbers_in_numbers_out() -> None:
    packages = {i.module.split(".")[0] for i in IMPORTS if i.room == "stats"}
    assert packages <= {
        "analyzer",
        "numpy",
        "scipy",
        "dataclasses",
        "typing",
        "math",
        "fractions",
        "collections",
    }


def draws(file: str) -> bool:
    direct = any(re.match(r"(np|numpy)\.random\.|default_rng", name) for name in calls(file))
    return direct or any(i.module == "random" for i in IMPORTS if i.file == file)


def prints(file: str) -> bool:
    return bool({"print", "exit", "sys.exit"} & set(calls(file)))


def environment(file: str) -> bool:
    return "os.environ" in ast.unparse(SOURCES[file]) or "os.getenv" in calls(file)


def clock(file: str) -> bool:
    return any(i.module in CLOCKS for i in IMPORTS if i.file == file)


@pytest.mark.parametrize(
    ("rule", "rooms"),
    [
        (draws, {"exporters"}),
        (prints, {"cli", "exporters"}),
        (environment, {"cli", "jobs"}),
        (clock, {"cli", "jobs"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_some_things_are_done_in_one_place(rule: Callable[[str], bool], rooms: set[str]) -> None:
    elsewhere = [f for f in SOURCES if rule(f) and room_of_file(f) not in rooms]
    assert [f for f in elsewhere if (f, rule.__name__) not in EXCEPTIONS] == []


def test_every_exception_is_still_needed() -> None:
    rules = {rule.__name__: rule for rule in (draws, prints, environment, clock)}
    for file, rule in EXCEPTIONS:
        assert rules[rule](file), (file, rule)

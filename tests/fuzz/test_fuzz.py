"""However hostile a file is: exit code 0, 2 or 3, a sentence, and nothing left behind.

A few hundred cases here, the same in every run; ``make fuzz`` tries 10,000. The line that turns a
native crash into a sentence is ``fork_off`` in ``guard.py``; other cases fail when a line named in
``docs/reliability-hostile-files.md`` is removed.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz import bytes as damage
from tests.fuzz.cases import ALONE, CHEAP, COMMANDS, FAMILIES, of_model
from tests.fuzz.client import Case, Ending, Server
from tests.fuzz.promise import REPORT, broken
from tests.fuzz.texts import STEPS, graph_text, to_bytes

SEEDS = sorted(p for p in (Path(__file__).parent / "seeds").iterdir() if p.suffix != ".md")

PARTS = 4
EXAMPLES = {"models": 30, "texts": 25, "data_sets": 20}
"""Cases per part; parts are what pytest hands out to processes."""

PATIENT = 100.0
"""Seconds for models that are in order, however busy the machine is."""

RUN, INSPECT, SELFTEST = COMMANDS[0], ("inspect", "m.onnx"), COMMANDS[-1]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def keep(server: Server, case: Case) -> Ending:
    """Run a case; the promise must hold."""
    ending = server.run(case)
    assert broken(case, ending) == [], (case.arguments, case.note, ending.err)
    return ending


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("family", FAMILIES)
def test_the_promise_is_kept(family: str, part: int, server: Server) -> None:
    @seed(part)
    @settings(
        max_examples=EXAMPLES[family],
        derandomize=False,
        database=None,
        deadline=None,
        phases=[Phase.generate],  # a smaller case is not worth the minutes that it takes to find
        suppress_health_check=list(HealthCheck),
    )
    @given(FAMILIES[family]())
    def run(case: Case) -> None:
        keep(server, case)

    run()


@pytest.mark.parametrize("command", [RUN, INSPECT, SELFTEST], ids=lambda c: c[0])
@pytest.mark.parametrize("path", [p for p in SEEDS if p.suffix == ".onnx"], ids=lambda p: p.stem)
def test_models_that_broke_it_once(path: Path, command: tuple[str, ...], server: Server) -> None:
    case = of_model(path.read_bytes(), command, path.name)
    assert keep(server, replace(case, patience=1.5)).code == 2


@pytest.mark.parametrize("path", [p for p in SEEDS if p.suffix == ".npz"], ids=lambda p: p.stem)
def test_data_sets_that_broke_it_once(path: Path, server: Server) -> None:
    files = {"m.onnx": damage.models()["tiny.onnx"].content, "d.npz": path.read_bytes()}
    command = ("run", "m.onnx", "--data", "d.npz", *CHEAP, *ALONE, "--json", REPORT)
    assert keep(server, Case(command, files, path.name)).code == 2


# What the suite itself rests on


@pytest.mark.parametrize("name", damage.models())
def test_undamaged_models_are_analyzed(name: str, server: Server) -> None:
    """Else it would only ever show that nonsense is refused."""
    case = of_model(damage.models()[name].content, RUN, name)
    assert keep(server, replace(case, patience=PATIENT)).code in (0, 3)  # 3: the budget ended


@pytest.mark.parametrize("step", STEPS)
def test_unspoilt_texts_are_models(step: str) -> None:
    assert to_bytes(graph_text([step])) is not None


def test_some_unspoilt_texts_are_analyzed(server: Server) -> None:
    for step in ("conv", "quantize", "lstm", "loop", "if"):
        content = to_bytes(graph_text([step])) or b""
        case = replace(of_model(content, RUN, step), patience=PATIENT)
        assert keep(server, case).code == 0


CASE = Case(("run",), {"m.onnx": b"?"})
KEPT = {"work/m.onnx": b"?"}
REFUSED = "relcheck: no [not-onnx]\n"


@pytest.mark.parametrize(
    ("ending", "says"),
    [
        (Ending(2, "", REFUSED, 0, KEPT), []),
        (Ending(0, "table\n", "wrote report.json\n", 0, {**KEPT, "work/report.json": b"{}"}), []),
        (Ending(None, "", "", 40, KEPT), ["it hangs"]),
        (Ending(4, "", "relcheck: ...[internal]\n", 0, KEPT), ["it ends with code 4"]),
        (Ending(-11, "", "", 0, KEPT), ["it ends with code -11"]),
        (Ending(1, "FAIL", "", 0, KEPT), ["it ends with code 1"]),
        (Ending(0, "\x1b[2J", "", 0, KEPT), ["it prints control characters"]),
        (Ending(2, "half", REFUSED, 0, KEPT), ["it prints more than a sentence"]),
        (Ending(2, "", f"noise\n{REFUSED}", 0, KEPT), ["it prints something else than one"]),
        (Ending(2, "", "relcheck: no\n", 0, KEPT), ["it names no slug"]),
        (Ending(2, "", f"relcheck: {'n' * 9999} [x]\n", 0, KEPT), ["it prints an endless"]),
        (
            Ending(0, "", "RuntimeWarning: overflow\n", 0, KEPT),
            ["it prints 'R", "it prints 'W", "it"],
        ),
        (Ending(2, "", REFUSED, 0, {**KEPT, "tmp/x": b""}), ["it leaves tmp/x"]),
        (Ending(2, "", REFUSED, 0, {"work/m.onnx": b"!"}), ["it leaves work/m.onnx"]),
        (Ending(2, "", REFUSED, 0, {}), ["it removes work/m.onnx"]),
        (Ending(2, "", REFUSED, 0, {**KEPT, "work/report.json": b"{}"}), ["it refuses, and"]),
        (Ending(0, "", "", 0, {**KEPT, "work/report.json": b"{"}), ["the JSON report is no"]),
        (Ending(0, "", "", 0, {**KEPT, "work/report.html": b"<html>"}), ["the HTML report is"]),
    ],
)
def test_the_promise_sees_what_is_wrong(ending: Ending, says: list[str]) -> None:
    found = broken(CASE, ending)
    assert len(found) == len(says)
    for problem, start in zip(found, says, strict=True):
        assert problem.startswith(start)


def test_the_server_is_started_again(server: Server) -> None:
    """Else a single case could end the suite."""
    assert server.run(Case(("--version",), {})).code == 0
    server.stop()
    assert server.run(Case(("--version",), {})).code == 0

"""The independent audit: it shares no code, passes, and fails where the command lies."""

import ast
import math
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from scipy import stats

from audit.judgement import largest_limit, rms_limit, tail_limit
from audit.stored import FileBytes, FixedPoint
from tests.support import ROOT, Run, environment, tiny_cnn

ALLOWED = {"audit", "numpy", "onnx", "onnxruntime", *sys.stdlib_module_names}


def imported(folder: str) -> Iterator[tuple[str, str]]:
    """File and first part of the name of every module that a folder's files import."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((path.name, alias.name.split(".")[0]) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path.name, "" if node.level else (node.module or "").split(".")[0]


def test_it_shares_no_code_with_what_it_audits() -> None:
    found = list(imported("audit"))
    assert len(found) > 30
    assert [pair for pair in found if pair[1] not in ALLOWED] == []
    assert "importlib" not in {module for _, module in found}
    for folder in ("analyzer", "exporters"):
        assert "audit" not in {module for _, module in imported(folder)}


def audit(*arguments: str) -> Run:
    with environment() as variables:
        done = subprocess.run(
            [sys.executable, "-m", "audit", "--quick", "--jobs", "2", *arguments],
            env={**os.environ, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    return Run(done.returncode, done.stdout, done.stderr)


def test_the_figures_agree_with_brute_force() -> None:
    run = audit()
    assert run.code == 0, run.out + run.err
    assert "27 z-scores in 6 groups" in run.out
    assert run.out.count("PASS") == 1


LIAR = """#!{python}
import json, subprocess, sys
arguments = sys.argv[1:]
{before}
code = subprocess.run([{relcheck!r}, *arguments]).returncode
path = arguments[arguments.index("--json") + 1]
with open(path) as file:
    report = json.load(file)
{after}
with open(path, "w") as file:
    json.dump(report, file)
sys.exit(code)
"""
DUE_AS_SDC = """
for entry in report.get("rates", []):
    for key in ("estimate", "low", "high"):
        entry["sdc"][key] += entry["due"][key]
        entry["due"][key] = 0.01 if key == "high" else 0.0
"""
TWICE_THE_RATE = """
at = arguments.index("--rates") + 1
arguments[at] = ",".join(str(2 * float(rate)) for rate in arguments[at].split(","))
"""
A_BIT_FEWER = 'report.get("model", {})["bits_at_risk"] = 28415'
WRONG_EXIT = "code = 0"
DIGITS, INT4, GATE = "Sweep(network='digits", "Sweep(network='int4", "Gate("
LIES = {
    "DUE as SDC": (DIGITS, "", DUE_AS_SDC, "WRONG largest |z|"),
    "twice the rate": (INT4, TWICE_THE_RATE, "", "WRONG rms z"),
    "one bit fewer": (INT4, "", A_BIT_FEWER, "WRONG int4_blockwise stored: bits at risk: 28415"),
    "a failed gate passes": (GATE, "", WRONG_EXIT, "('fail', 0), not ('fail', 1)"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_command_that_lies_is_found_out(tmp_path: Path, lie: str) -> None:
    cases, before, after, said = LIES[lie]
    relcheck = str(Path(sys.executable).parent / "relcheck")
    liar = tmp_path / "liar"
    liar.write_text(
        LIAR.format(python=sys.executable, relcheck=relcheck, before=before, after=after)
    )
    liar.chmod(liar.stat().st_mode | stat.S_IXUSR)
    run = audit("--only", cases, "--relcheck", str(liar))
    assert run.code == 1, run.out + run.err
    assert said in run.out
    assert "FAIL" in run.out


def test_without_the_command_it_says_so() -> None:
    run = audit("--relcheck", "no-such-command")
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("audit: there is no command no-such-command")


@pytest.mark.parametrize("groups", [1, 6, 30, 200])
def test_chance_exceeds_the_limit_of_the_rms_as_rarely_as_stated(groups: int) -> None:
    """Where all z of a group are equal, which is the worst case: a law of chi squared."""
    for probability in (1e-2, 1e-3, 1e-4):
        limit = rms_limit(groups, probability)
        chance = float(stats.chi2.sf(groups * limit**2, groups))
        assert probability / 100 < chance <= probability


def test_the_other_limits_are_those_of_the_laws_of_scipy() -> None:
    p = 4 * 2 * float(stats.norm.sf(3))
    k = tail_limit([4] * 30, 1e-3)
    assert stats.binom.sf(k, 30, p) <= 1e-3 < stats.binom.sf(k - 1, 30, p)
    assert math.isclose(largest_limit(80, 1e-3), float(stats.norm.isf(1e-3 / 160)))


def test_an_edited_file_differs_in_the_bits_meant(tmp_path: Path) -> None:
    path = tiny_cnn(tmp_path / "m.onnx")
    memory = FileBytes(path)
    sites = np.array([3, 32 * 27 + 17, memory.bits - 1])

    def words(file: bytes) -> list[int]:
        tensors = onnx.load_from_string(file).graph.initializer
        arrays = [numpy_helper.to_array(t).ravel() for t in tensors]
        return [int(w) for w in np.concatenate(arrays).view(np.uint32)]

    pairs = zip(words(path.read_bytes()), words(memory.edited(sites)), strict=True)
    assert {i: a ^ b for i, (a, b) in enumerate(pairs) if a != b} == {
        0: 1 << 3,
        27: 1 << 17,
        memory.bits // 32 - 1: 1 << 31,
    }
    assert words(memory.edited(sites[:0])) == words(path.read_bytes())


def test_fixed_point_words_are_those_of_the_definition(tmp_path: Path) -> None:
    values = np.array([1.5, -2.0, 2.0**-17, 3 * 2.0**-17, 40000.0, -40000.0], np.float32)
    model = onnx.load(tiny_cnn(tmp_path / "m.onnx"))
    del model.graph.initializer[:]
    model.graph.initializer.append(numpy_helper.from_array(values, "v"))
    onnx.save(model, tmp_path / "v.onnx")
    memory = FixedPoint(tmp_path / "v.onnx")

    def read(*sites: int) -> list[float]:
        file = memory.edited(np.array(sites, np.int64))
        found = np.frombuffer(onnx.load_from_string(file).graph.initializer[0].raw_data, np.float32)
        return [float(v) for v in found]

    top = float(np.float32((2**31 - 1) / 65536))
    assert read() == [1.5, -2.0, 0.0, 2.0**-15, top, -32768.0]
    assert read(16, 32 + 31)[:2] == [0.5, 32766.0]

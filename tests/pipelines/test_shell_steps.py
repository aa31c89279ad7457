"""The shell steps of the action and of the GitLab template, run without their hosts."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
GITLAB = yaml.safe_load((ROOT / "templates" / "relcheck.gitlab-ci.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))

RECORDER = f"#!{sys.executable}\nimport json, os, sys\n" + (
    "open(os.environ['RECORD'], 'w').write(json.dumps(sys.argv[1:]))\n"
    "sys.exit(int(os.environ.get('CODE', '0')))\n"
)
"""In place of relcheck: keeps its words, and leaves with a code."""


def steps() -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in ACTION["runs"]["steps"]}


def run_script(
    folder: Path, script: str, **variables: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run a step; the words that relcheck got, empty if it was not called."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    (tools / "relcheck").write_text(RECORDER)
    (tools / "relcheck").chmod(0o755)
    record = folder / "record.json"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={
            "PATH": f"{tools}:{os.environ['PATH']}",
            "RECORD": str(record),
            "GITHUB_OUTPUT": str(folder / "output"),
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done, json.loads(record.read_text()) if record.exists() else []


def act(folder: Path, given_code: int = 0, /, **inputs: str) -> tuple[int, list[str]]:
    """Run the second step with these inputs over the defaults, as GitHub passes them."""
    step = steps()["Run relcheck"]
    given = {name: spec.get("default", "") for name, spec in ACTION["inputs"].items()} | inputs
    names = {
        v: k for k, v in ((n, e.split("inputs.")[1].split()[0]) for n, e in step["env"].items())
    }
    variables = {variable: given[name] for name, variable in names.items()}
    done, words = run_script(folder, step["run"], CODE=str(given_code), **variables)
    return done.returncode, words


def test_no_step_holds_an_expression() -> None:
    """An expression within a script is read as shell: values must come by the environment."""
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step["run"]
        assert step["shell"] == "bash"


def test_inputs_become_words(tmp_path: Path) -> None:
    gates = "top1 >= 0.9 @ 1e-6\n\nwarn: sdc <= 0.1 @ 1e-6\n"
    code, words = act(tmp_path, model="m.onnx", data="d.npz", gate=gates, reports="out")
    assert code == 0
    assert words[:2] == ["run", "m.onnx"]
    assert [w for w in words if w.startswith("--gate")] == [
        "--gate=top1 >= 0.9 @ 1e-6",
        "--gate=warn: sdc <= 0.1 @ 1e-6",
    ]
    assert "--format=sarif=out/relcheck.sarif" in words
    assert (tmp_path / "output").read_text() == "exit-code=0\nreports=out\n"
    _, words = act(tmp_path, model="pr.onnx", reference="main.onnx")
    assert words[:3] == ["compare", "main.onnx", "pr.onnx"]


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4])
def test_the_exit_code_is_handed_on(code: int, tmp_path: Path) -> None:
    assert act(tmp_path, code, model="m.onnx")[0] == code
    assert f"exit-code={code}\n" in (tmp_path / "output").read_text()


HOSTILE = (
    "$(touch pwned)",
    "`touch pwned`",
    '"; touch pwned; "',
    "'; touch pwned; '",
    "x && touch pwned",
    "| touch pwned",
    "a b  c",
    "*",
    "${IFS}touch${IFS}pwned",
)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "name", ["model", "reference", "data", "gate", "rates", "budget", "config"]
)
def test_a_hostile_input_is_one_word_of_relcheck(name: str, value: str, tmp_path: Path) -> None:
    _, words = act(tmp_path, 0, **{"model": "m.onnx", name: value})
    assert any(word.endswith(value) for word in words)
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("value", ["--output=x", "-rf", "a\nexit-code=0"])
@pytest.mark.parametrize(
    "name", ["model", "reference", "data", "rates", "budget", "config", "reports"]
)
def test_an_input_is_no_option_and_no_second_line(name: str, value: str, tmp_path: Path) -> None:
    code, words = act(tmp_path, 0, **{"model": "m.onnx", name: value})
    assert (code, words) == (2, [])


@pytest.mark.parametrize("value", ["1.0; touch pwned", "$(touch pwned)", "--index-url=x", "@ git"])
def test_a_version_is_a_version(value: str, tmp_path: Path) -> None:
    script = steps()["Install relcheck"]["run"]
    done, _ = run_script(tmp_path, script, RELCHECK_VERSION=value, RUNNER_TEMP=str(tmp_path))
    assert done.returncode == 2
    assert not list(tmp_path.rglob("pwned"))
    done, _ = run_script(tmp_path, script, RELCHECK_VERSION="none", RUNNER_TEMP=str(tmp_path))
    assert done.returncode == 0


@pytest.mark.parametrize("value", HOSTILE)
def test_variables_of_gitlab_are_words_of_relcheck(value: str, tmp_path: Path) -> None:
    job = GITLAB[".relcheck"]
    (script,) = job["script"]
    given = {k: v for k, v in job["variables"].items() if k.startswith("RELCHECK")}
    done, words = run_script(tmp_path, script, **given, XDG_CACHE_HOME="x")
    assert (done.returncode, words[:2]) == (0, ["run", "model.onnx"])
    for name in given:
        _, words = run_script(tmp_path, script, **{**given, name: value})
        assert any(word.endswith(value) for word in words), name
    assert not list(tmp_path.rglob("pwned"))
    for path in job["artifacts"]["reports"].values():
        assert any(word.endswith(f"={path}") for word in words)


def test_hooks_run_commands_that_there_are() -> None:
    assert {hook["id"] for hook in HOOKS} == {"relcheck-inspect", "relcheck-gate"}
    for hook in HOOKS:
        assert hook["entry"].split()[:2] in (["relcheck", "inspect"], ["relcheck", "run"])
        assert (hook["language"], hook["files"]) == ("python", r"\.onnx$")

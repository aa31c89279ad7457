"""Settings that are found, told and checked: ``relcheck.toml``, ``[tool.relcheck]``, the schema."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from analyzer.cli.settings_file import COMMANDS, settings_names
from analyzer.cli.settings_schema import settings_schema
from analyzer.jobs.requests.config_file import find_config
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

RUN = 'rates = [1e-3]\nprecision = "30%"\nbatch = 8\ndata = "tiny.npz"\njournal = "none"\n'


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a model and its data; the working folder is two floors down."""
    tiny_cnn(tmp_path / "tiny.onnx")
    tiny_data(tmp_path / "tiny.npz")
    (tmp_path / ".git").mkdir()
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    return tmp_path


def table(name: str, text: str) -> str:
    return text if name == "relcheck.toml" else f"[project]\nname = 'x'\n[tool.relcheck]\n{text}"


@pytest.mark.parametrize("key", ["metric", "task"])
def test_a_file_that_nobody_named_runs_no_code(key: str, project: Path) -> None:
    """Fails if a stranger's repository can run its code in whoever analyzes a model there."""
    (project / "mine.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    (project / "relcheck.toml").write_text(f'{RUN}{key} = "{project}/mine.py:score"\n')
    run = invoke(project / "tiny.onnx")
    assert run.code == 2
    assert "[bad-config]" in run.err
    assert "was found, not named" in run.err
    assert not list(project.rglob("ran"))
    named = invoke(project / "tiny.onnx", "--config", project / "relcheck.toml")
    assert "was found, not named" not in named.err
    assert list(project.rglob("ran"))


@pytest.mark.parametrize("name", ["relcheck.toml", "pyproject.toml"])
def test_a_file_above_is_found_and_told(name: str, project: Path) -> None:
    """Fails if a found file is not read, or its paths start from the working folder."""
    (project / name).write_text(table(name, RUN))
    run = invoke(project / "tiny.onnx")
    assert run.code == 0, run.err
    assert run.err.startswith(f"settings: ../../{name} (--config none leaves them out)\n")
    assert "24 images" in run.out
    rows = [line for line in run.out.splitlines() if line.lstrip().startswith("1e-3 ")]
    assert len(rows) == 1


def test_flags_win_and_none_switches_off(project: Path) -> None:
    (project / "relcheck.toml").write_text(RUN)
    run = invoke(project / "tiny.onnx", "--rates", "1e-2")
    assert " 1e-2 " in run.out
    assert " 1e-3 " not in run.out
    quick = ("--rates", "1e-2", "--precision", "0.4", "--data", project / "tiny.npz")
    run = invoke(project / "tiny.onnx", "--config", "none", *quick)
    assert (run.code, "settings:" in run.err) == (0, False)


def test_a_named_file_is_the_only_one(project: Path) -> None:
    (project / "relcheck.toml").write_text("nonsense = 1\n")
    (project / "own.toml").write_text(RUN)
    run = invoke(project / "tiny.onnx", "--config", project / "own.toml")
    assert (run.code, "settings:" in run.err) == (0, False)


def test_the_nearest_file_is_taken(project: Path) -> None:
    (project / "relcheck.toml").write_text("nonsense = 1\n")
    (project / "a" / "pyproject.toml").write_text("[tool.other]\nx = 1\n")
    assert find_config(project / "a" / "b") == project / "relcheck.toml"
    (project / "a" / "pyproject.toml").write_text("[tool.relcheck]\nseed = 1\n")
    assert find_config(project / "a" / "b") == project / "a" / "pyproject.toml"
    (project / "a" / "relcheck.toml").write_text("seed = 2\n")
    assert find_config(project / "a" / "b") == project / "a" / "relcheck.toml"


def test_the_search_ends_at_the_root_of_the_repository(project: Path) -> None:
    (project / "relcheck.toml").write_text("seed = 1\n")
    (project / "a" / ".git").mkdir()
    assert find_config(project / "a" / "b") is None


def test_without_a_repository_only_the_folder_itself_counts(tmp_path: Path) -> None:
    """Fails if a file that anybody may have put into a folder above is obeyed."""
    (tmp_path / "relcheck.toml").write_text("seed = 1\n")
    (tmp_path / "a").mkdir()
    assert find_config(tmp_path / "a") is None
    assert find_config(tmp_path) == tmp_path / "relcheck.toml"


@pytest.mark.parametrize("text", ["relcheck = [", "tool = 3\n# relcheck", "[tool]\nrelcheck = 1"])
def test_a_project_without_settings_is_passed_by(text: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert find_config(tmp_path) is None


def test_a_found_file_is_for_all_commands(project: Path) -> None:
    """Fails if ``precision``, which a map does not have, ends a map."""
    text = RUN + "[map]\nmargin = 0.3\nexhaustive = true\n[compare]\nprecision = 0.3\n"
    (project / "relcheck.toml").write_text(text)
    run = invoke("map", project / "tiny.onnx", "--kinds", "bias")
    assert run.code == 0, run.err
    assert "Exhaustive:" in run.out
    other = tiny_cnn(project / "other.onnx", seed=1)
    assert invoke("compare", project / "tiny.onnx", other).code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rate = 1e-3", "'rate' is no setting of relcheck run (did you mean rates?)"),
        ("[run]\nmargin = 0.3", "'margin' is no setting of relcheck run"),
        ("run = 3", "'run' is the name of a command; write its settings below [run]"),
        ("seed = [", "relcheck.toml is no TOML"),
        ("precision = 2", "precision 2: percent has its sign; write 2%, or 0.02"),
        ("[run]\nprecision = 0.3\n[map]\nnonsense = 1", None),
    ],
)
def test_what_is_wrong_in_it_is_told(text: str, says: str | None, project: Path) -> None:
    (project / "relcheck.toml").write_text(text)
    flags = ("--rates", "1e-3", "--data", project / "tiny.npz", "--precision", "0.3")
    run = invoke(project / "tiny.onnx", *flags)
    if says is None:
        assert run.code == 0, run.err
        return
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert run.err.endswith("[bad-config]\n")


def test_a_named_project_needs_the_table(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.other]\n")
    run = invoke(project / "tiny.onnx", "--config", project / "pyproject.toml")
    assert "has no table [tool.relcheck]" in run.err


def test_the_published_schema_is_the_current_one() -> None:
    assert (ROOT / "docs" / "settings.schema.json").read_text("utf-8") == settings_schema()
    assert "settings.schema.json" in (ROOT / "Makefile").read_text("utf-8")


GOOD = [
    RUN,
    'rates = "1e-7..1e-4/3"\nprecision = 0.01\nconfidence = 95\n',
    'kinds = ["weight"]\nformat = ["junit=a.xml", "b.sarif"]\ngate = "top1 >= 0.9 @ 1e-6"\n',
    "[map]\nmargin = 0.02\nexhaustive = true\n[run]\nprecise_int8 = true\n",
    'target = "leo-sram"\n',
    'mean = [0.5, 0.5, 0.5]\nscale = "1/255"\nbudget = 90\n',
]
BAD = [
    "rate = 1e-3",
    "[run]\nmargin = 0.1",
    "seed = 'x'",
    "exhaustive = 1",
    "rates = []",
    "run = 1",
]


def test_the_schema_takes_what_is_right_and_nothing_else() -> None:
    schema = json.loads(settings_schema())
    jsonschema.Draft202012Validator.check_schema(schema)
    for text in GOOD:
        jsonschema.validate(tomllib.loads(text), schema)
    for text in BAD:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(tomllib.loads(text), schema)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_setting_is_described(command: str) -> None:
    section = json.loads(settings_schema())["properties"][command]
    assert section["properties"].keys() == settings_names(command)
    assert all(part["description"] for part in section["properties"].values())


@pytest.mark.parametrize("text", GOOD)
def test_what_the_schema_takes_is_read(text: str, project: Path) -> None:
    """Fails if the schema promises a type that a setting does not have."""
    (project / "relcheck.toml").write_text(text.replace('"tiny.npz"', '"missing.npz"'))
    run = invoke(project / "tiny.onnx", "--data", project / "gone.npz", "--kinds", "scale")
    assert run.code == 2
    assert "[bad-config]" not in run.err
    assert "[bad-option]" not in run.err


TARGET = """
name = "made up"
[use]
inferences_per_hour = 1000.0
mission_hours = 1000.0
[[region]]
name = "memory"
raw_fit_per_mbit = 5000.0
source = "nobody"
standing = "assumed"
"""
SWEEP_ONLY = 'until = "gate"\ngate = "top1 >= 0.1 @ 1e-3"\ncsv = "rows.csv"\nprotect = "none"\n'


@pytest.mark.parametrize("place", ["", "[run]\n"])
def test_a_found_file_of_a_sweep_does_not_end_a_target(place: str, project: Path) -> None:
    """Fails if ``--target`` is refused for rates or gates that nobody typed."""
    (project / "target.toml").write_text(TARGET)
    (project / "relcheck.toml").write_text(place + RUN + SWEEP_ONLY)
    run = invoke(project / "tiny.onnx", "--target", project / "target.toml", "--jobs", "0")
    assert run.code == 0, run.err
    assert "settings: ../../relcheck.toml" in run.err
    assert "24 images" in run.out
    assert "these settings of sweeps are left out: gate, protect, rates, until\n" in run.err
    typed = ("--target", project / "target.toml", "--rates", "1e-4")
    refused = invoke(project / "tiny.onnx", *typed)
    assert "--rates does not go with --target" in refused.err


def test_gates_on_the_target_in_a_found_file_are_judged(project: Path) -> None:
    """Fails if gates are left out with those of sweeps: the verdict would lack them."""
    (project / "target.toml").write_text(TARGET)
    (project / "relcheck.toml").write_text(f'{RUN}gate = "sdc_fit <= 1e9"\njobs = 0\n')
    run = invoke(project / "tiny.onnx", "--target", project / "target.toml")
    assert run.code == 0, run.err
    assert "these settings of sweeps are left out: rates\n" in run.err
    assert "sdc_fit <= 1000000000: " in run.out


def test_a_named_file_that_contradicts_a_target_is_named(project: Path) -> None:
    (project / "target.toml").write_text(TARGET)
    (project / "own.toml").write_text(RUN)
    words = ("--target", project / "target.toml", "--config", project / "own.toml")
    run = invoke(project / "tiny.onnx", *words)
    assert run.code == 2
    assert f"{project}/own.toml: rates does not go with --target: " in run.err
    assert run.err.endswith("[bad-config]\n")


def test_a_target_in_a_found_file_is_for_run_alone(project: Path) -> None:
    """Fails if map and compare end at a key that belongs to another command."""
    (project / "target.toml").write_text(TARGET)
    quick = RUN.replace("rates = [1e-3]\n", "")
    (project / "relcheck.toml").write_text(f'{quick}target = "target.toml"\njobs = 0\n')
    run = invoke(project / "tiny.onnx")
    assert run.code == 0, run.err
    assert "on made up" in run.out
    assert invoke("map", project / "tiny.onnx", "--margin", "0.3").code == 0
    other = tiny_cnn(project / "other.onnx", seed=1)
    assert invoke("compare", project / "tiny.onnx", other, "--rates", "1e-3").code == 0
    refused = invoke(project / "tiny.onnx", "--rates", "1e-3")
    assert "--rates does not go with --target: " in refused.err
    assert "(the target is named in ../../relcheck.toml) [bad-option]" in refused.err

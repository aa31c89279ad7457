"""Settings files: paths are relative to the file, and each command has its own keys."""

from pathlib import Path

import pytest

from analyzer.campaign.journal.sqlite_damage import is_journal
from analyzer.jobs.requests.base import Request
from analyzer.jobs.requests.campaigns import CampaignRequest, MapRequest, SweepRequest
from analyzer.jobs.requests.comparison import ComparisonRequest
from analyzer.jobs.requests.settings import ask
from tests.support import invoke, tiny_cnn, tiny_data

RUN = 'rates = "1e-3"\nprecision = 0.2\nbatch = 8\ndata = "../tiny.npz"\n'
MAP = 'margin = 0.2\nbatch = 8\ndata = "../tiny.npz"\nexhaustive = false\n'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and its data; the working folder is another one."""
    tiny_cnn(tmp_path / "tiny.onnx")
    tiny_data(tmp_path / "tiny.npz")
    for name in ("elsewhere", "settings"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tmp_path


def written(place: Path, text: str) -> Path:
    """A settings file with this content."""
    path = place / "settings" / "relcheck.toml"
    path.write_text(text)
    return path


def test_every_path_is_relative_to_the_file(place: Path) -> None:
    """Fails if `journal` or `csv` is taken for a name in the working folder."""
    names = 'journal = "kept.db"\njson = "a.json"\nhtml = "a.html"\n'
    config = written(place, RUN + names)
    assert invoke(place / "tiny.onnx", "--config", config).code == 0
    config = written(place, MAP + 'journal = "map.db"\ncsv = "a.csv"\nhtml = "b.html"\n')
    assert invoke("map", place / "tiny.onnx", "--config", config).code == 0
    found = {path.name for path in (place / "settings").iterdir()} - {"relcheck.toml"}
    reports = {"a.json", "a.html", "b.html", "a.csv"}
    journals = {"kept.db", "kept.db.lock", "map.db", "map.db.lock"}
    assert found == reports | journals
    assert all(is_journal(place / "settings" / name) for name in ("kept.db", "map.db"))
    assert list((place / "elsewhere").iterdir()) == []


def test_the_journals_of_a_comparison_are_too(place: Path) -> None:
    config = written(place, RUN + 'journal = "kept"\n')
    models = (place / "tiny.onnx", tiny_cnn(place / "other.onnx", seed=1))
    assert invoke("compare", *models, "--config", config).code == 0
    assert len(list((place / "settings" / "kept").glob("*.db"))) == 2
    assert list((place / "elsewhere").iterdir()) == []


def test_none_is_no_path(place: Path) -> None:
    """Fails if ``journal = "none"`` becomes a file of that name."""
    config = written(place, RUN + 'journal = "none"\n')
    assert invoke(place / "tiny.onnx", "--config", config).code == 0
    assert [path.name for path in (place / "settings").iterdir()] == ["relcheck.toml"]


def test_flags_win_and_are_relative_to_the_working_folder(place: Path) -> None:
    config = written(place, RUN + 'journal = "kept.db"\n')
    run = invoke(place / "tiny.onnx", "--config", config, "--journal", "mine.db")
    assert run.code == 0
    assert is_journal(place / "elsewhere" / "mine.db")
    assert not (place / "settings" / "kept.db").exists()


@pytest.mark.parametrize("form", [SweepRequest, MapRequest, ComparisonRequest])
def test_no_path_is_forgotten(form: type[Request]) -> None:
    """Of every setting that holds a path, or text that may be one."""
    fields = {f.alias or n: str(f.annotation) for n, f in form.model_fields.items()}
    paths = {name for name, kind in fields.items() if "Path" in kind}
    assert {"data", "journal"} <= paths
    assert paths - {"model", "models", "outputs"} | form.formats().keys() == form.paths()


def test_a_file_and_its_flags_are_one(place: Path) -> None:
    """Fails if a default of a map, or a flag that is not given, overrules the file."""
    asked = dict.fromkeys(("margin", "confidence", "exhaustive", "seed"))
    config = written(place, "margin = 0.03\nconfidence = 0.9\nexhaustive = true\n")
    flags = ("--kinds", "bias", "--batch", "1", "--data", place / "tiny.npz")
    said = invoke("map", place / "tiny.onnx", *flags, "--config", config)
    assert "Exhaustive: 2 of 2 tensors" in said.out
    model = place / "tiny.onnx"
    found = ask(MapRequest, {**asked, "seed": 3}, config, model=model)
    assert (found.precision, found.confidence, found.exhaustive, found.seed) == (0.03, 0.9, True, 3)
    assert ask(MapRequest, asked, model=model).confidence == 0.99
    assert ask(SweepRequest, {}, model=model).confidence == CampaignRequest().confidence == 0.95


@pytest.mark.parametrize(
    ("command", "line", "says"),
    [
        ("map", "precision = 0.1", "'precision' is no setting of relcheck map"),
        ("map", 'rates = "1e-3"', "'rates' is no setting of relcheck map"),
        ("map", "margin = 0.7", "margin 0.7: input should be less than 0.5"),
        ("run", 'pdf = "x.pdf"', "'pdf' is no setting of relcheck run"),
        ("run", 'format = "x.pdf"', "format 'x.pdf' names no form"),
        ("run", "exhaustive = true", "exhaustive goes with a --target, or with relcheck map"),
        ("compare", "exhaustive = true", "'exhaustive' is no setting of relcheck compare"),
    ],
)
def test_each_command_has_its_own_keys(command: str, line: str, says: str, place: Path) -> None:
    run = invoke(command, place / "tiny.onnx", "--config", written(place, line))
    assert (run.code, run.out) == (2, "")
    assert says in run.err
    assert run.err.endswith("[bad-config]\n")

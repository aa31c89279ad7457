"""``relcheck replay`` of a report on a target: its worst events, bit for bit."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.test_replay import Data, answers, digest, edited, listed, read, replayed
from tests.cli.test_target import HEAD, ORBIT, QUICK
from tests.support import invoke

REGIONS = """
[[region]]
name = "weights"
kinds = ["weight"]
raw_fit_per_mbit = 5000.0
source = "nobody"
standing = "assumed"
events = "{events}"
[[region]]
name = "biases"
kinds = ["bias"]
raw_fit_per_mbit = 5000.0
source = "nobody"
standing = "assumed"
protection = "{protection}"
events = "burst:3"
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the folder of the model: reports name files from there."""
    monkeypatch.chdir(tmp_path)


def made(
    model: Path, data: Path, *more: str | Path, events: str = "flip", protection: str = "none"
) -> Path:
    """The report on a target of two memories."""
    target = Path("t.toml")
    target.write_text(HEAD + REGIONS.format(events=events, protection=protection))
    return run_on(target, model, data, *more)


def run_on(target: Path | str, model: Path, data: Path, *more: str | Path) -> Path:
    """The report on a target."""
    report = Path("report.json")
    flags = ("--target", target, "--json", report, "--precision", "0.05", *QUICK)
    run = invoke("run", model, "--data", data, *flags, *more)
    assert run.code == 0, run.err
    return report


@pytest.mark.parametrize("trial", ["1", "10"])
def test_an_event_is_reproduced_bit_for_bit_from_its_report(
    model: Path, data: Path, tmp_path: Path, trial: str
) -> None:
    """The file is edited here by hand, and run by a session of its own."""
    report, bits = made(model, data, events="word:8"), tmp_path / "bits.csv"
    found = replayed(report, "--trial", trial, "--faults-out", bits, to=tmp_path / "replay.json")
    (part,) = found["patterns"]
    told = read(report)["worst"][int(trial) - 1]
    assert part["name"] == told["name"]
    assert (part["sdc"], part["due"], part["images"]) == (told["sdc"], told["due"], told["images"])
    assert part["elements"] == told["elements"]
    assert part["reproduced"] is True
    assert part["edited_file"] == "same"
    faulty = edited(model, listed(bits), tmp_path / "faulty.onnx")
    images = np.load(data)["images"][[image["image"] for image in part["shown"]]]
    fed = np.moveaxis(images, 3, 1).astype(np.float32) * np.float32(1 / 255)
    golden, answer = (answers(path, fed) for path in (model, faulty))
    assert digest(answer) == part["outputs_sha256"]
    for image, before, after in zip(part["shown"], golden, answer, strict=True):
        assert image["golden"]["number"] == before.argmax()
        if np.isfinite(after).all():
            assert image["outcome"] == ("masked" if after.argmax() == before.argmax() else "sdc")
        else:
            assert image["outcome"] == "due"


@pytest.mark.parametrize(
    ("events", "protection", "more"),
    [
        ("mix:flip=0.5,burst:2=0.5", "none", ()),
        ("flip", "secded:8:zero", ()),
        ("stuck1", "mset", ()),
        ("row:4", "parity:8", ("--batch", "5", "--seed", "3")),
    ],
)
def test_every_kind_of_target_is_reproduced(
    model: Path, data: Path, tmp_path: Path, events: str, protection: str, more: tuple[str, ...]
) -> None:
    report = made(model, data, *more, events=events, protection=protection)
    found = replayed(report, to=tmp_path / "replay.json")
    worst = read(report)["worst"]
    assert len(found["patterns"]) == len(worst) == 10
    for part, told in zip(found["patterns"], worst, strict=True):
        assert part["name"] == told["name"]
        assert part["reproduced"] is True
        assert part["edited_file"] == "same"


def test_the_worst_come_first(model: Path, data: Path) -> None:
    worst = read(made(model, data))["worst"]
    harm = [(one["sdc"] / one["images"], one["lost"] / one["images"]) for one in worst]
    assert harm == sorted(harm, reverse=True)
    assert harm[0][0] > 0.5


def test_any_event_may_be_named(model: Path, data: Path, tmp_path: Path) -> None:
    """Whether the report lists it or not."""
    report = made(model, data)
    found = replayed(report, "--trial", "event-drawn/0/3", to=tmp_path / "replay.json")
    (part,) = found["patterns"]
    assert part["name"] == "event-drawn/0/3"
    assert part["upsets"] == 1


def test_a_shipped_target_is_found_by_its_name(model: Path, data: Path, tmp_path: Path) -> None:
    report = run_on("fpga-bram-16nm", model, data)
    assert read(report)["run"]["settings"]["target"] == "fpga-bram-16nm"
    found = replayed(report, "--trial", "1", to=tmp_path / "replay.json")
    assert found["patterns"][0]["reproduced"] is True


def test_files_may_have_moved(model: Path, data: Path, tmp_path: Path) -> None:
    """Beside the report they are found; elsewhere flags name them."""
    report, there = made(model, data), tmp_path / "there"
    there.mkdir()
    for path in (report, model, Path("t.toml")):
        shutil.move(path, there / path.name)
    moved = there / report.name
    run = invoke("replay", moved, "--trial", "1", "--data", data)
    assert run.code == 0, run.err
    shutil.move(there / "t.toml", "elsewhere.toml")
    run = invoke("replay", moved, "--trial", "1", "--data", data)
    assert run.code == 2
    assert "--target is missing" in run.err
    run = invoke("replay", moved, "--trial", "1", "--data", data, "--target", "elsewhere.toml")
    assert run.code == 0, run.err


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--trial", "11"), "10 worst events"),
        (("--trial", "0"), "10 worst events"),
        (("--trial", "1e-6/1/3"), "names no event"),
        (("--trial", "event-drawn/99/1"), "strata"),
        (("--trial", "event-drawn/0/-1"), "strata"),
        (("--faults", "list.csv"), "--faults has no effect"),
        (("--oracle",), "--oracle has no effect"),
        (("--fault", "burst:2"), "--fault does not go with --target"),
        (("--seed", "9"), "whose trials are others"),
        (("--target", "other.toml"), "whose trials are others"),
        (("--target", "missing.toml"), "missing.toml"),
    ],
    ids=" ".join,
)
def test_what_does_not_belong_to_the_report_is_refused(
    model: Path, data: Path, flags: tuple[str, ...], said: str
) -> None:
    report = made(model, data)
    Path("other.toml").write_text(HEAD + REGIONS.format(events="burst:2", protection="none"))
    run = invoke("replay", report, *flags)
    assert run.code == 2
    assert said in run.err
    assert "Traceback" not in run.err


def test_a_changed_model_is_refused(model: Path, data: Path) -> None:
    report = made(model, data)
    told: Data = read(report)
    told["model"]["sha256"] = "0" * 64
    report.write_text(json.dumps(told))
    run = invoke("replay", report)
    assert run.code == 2
    assert "another model" in run.err


def test_where_every_region_is_swept_no_event_is_listed(model: Path, data: Path) -> None:
    Path("o.toml").write_text(HEAD + ORBIT)
    report = run_on(Path("o.toml"), model, data, "--budget", "20s")
    told: Any = read(report)
    assert told["worst"] == []
    assert told["vulnerability"] is None
    run = invoke("replay", report)
    assert run.code == 2
    assert "no worst events" in run.err
    run = invoke("replay", report, "--trial", "event-drawn/0/1")
    assert run.code == 2
    assert "no region is in the regime of one event" in run.err


def test_a_report_of_a_run_takes_no_target(model: Path, data: Path) -> None:
    report = Path("run.json")
    flags = ("--rates", "1e-2", "--precision", "0.2", "--json", report, *QUICK)
    assert invoke(model, "--data", data, *flags).code == 0
    run = invoke("replay", report, "--target", "t.toml")
    assert run.code == 2
    assert "--target has no effect" in run.err

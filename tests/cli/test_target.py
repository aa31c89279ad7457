"""``relcheck run --target`` and ``relcheck target``: verdicts, exit codes, refusals."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from analyzer.targets.read import shipped_targets
from tests.support import ROOT, invoke, tiny_cnn, tiny_data

SCHEMA = ROOT / "docs" / "target-report.schema.json"

HEAD = """
name = "made up"
[use]
inferences_per_hour = 1000.0
mission_hours = 1000.0
"""
RATED = """
[[region]]
name = "weights"
kinds = ["weight"]
raw_fit_per_mbit = 5000.0
source = "nobody"
standing = "assumed"
[[region]]
name = "biases"
kinds = ["bias"]
raw_fit_per_mbit = 100.0
source = "nobody"
standing = "assumed"
protection = "secded:64"
events = "mix:flip=0.9,burst:2=0.1"
refresh = "scrub"
refresh_hours = 10.0
"""
UNRATED = """
[[region]]
name = "LPDDR5"
"""
ORBIT = """
[[region]]
name = "memory"
raw_fit_per_mbit = 1e10
source = "nobody"
standing = "assumed"
"""
QUICK = ("--journal", "none", "--jobs", "0")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("target")
    tiny_cnn(place / "tiny.onnx")
    tiny_data(place / "tiny.npz")
    return place


def target_file(folder: Path, text: str, name: str = "t.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def asked(folder: Path, text: str, *more: str) -> tuple[str | Path, ...]:
    target = target_file(folder, text)
    return (folder / "tiny.onnx", "--target", target, "--data", folder / "tiny.npz", *more)


def report_of(folder: Path, text: str, *more: str, code: int = 0) -> Any:
    path = folder / "report.json"
    path.unlink(missing_ok=True)
    done = invoke(*asked(folder, text, *QUICK, "--json", str(path), *more))
    assert done.code == code, done.out + done.err
    found = json.loads(path.read_text("utf-8"))
    jsonschema.validate(found, json.loads(SCHEMA.read_text("utf-8")))
    return found


def test_a_budget_that_is_kept_passes(folder: Path) -> None:
    text = HEAD + RATED + '[budget]\nsdc_fit = 1000.0\n[requirements]\nsdc_fit = "SR-1"\n'
    found = report_of(folder, text)
    (condition,) = found["verdict"]["conditions"]
    assert found["verdict"]["verdict"] == condition["verdict"] == "pass"
    assert condition["requirement"] == "SR-1"
    assert "input to an FMEDA" in found["verdict"]["input_to"]
    assert condition["evidence"]["high"] <= 1000.0
    assert [region["name"] for region in found["regions"]] == ["weights", "biases"]
    shares = found["regions"][0]["given_event"]
    parts = [shares[name]["estimate"] for name in ("corrected", "masked", "due", "sdc")]
    assert sum(parts) == pytest.approx(1.0)
    fit = found["total"]["fit"]
    parts = [fit[name]["estimate"] for name in ("corrected", "masked", "due", "sdc")]
    assert sum(parts) == pytest.approx(fit["raw"])
    assert fit["sdc"] == condition["evidence"]
    tenth = found["sensitivity"][0]
    assert tenth["sdc_fit"]["high"] == pytest.approx(0.3 * fit["sdc"]["high"])
    assert found["evidence"]["self_test"]["passed"]
    assert found["evidence"]["known_answers"] == found["evidence"]["known_answers_asked"] > 100
    assert sum(c["images"] for c in found["classes"]) == found["data"]["images"]


def test_a_budget_that_is_missed_fails(folder: Path) -> None:
    found = report_of(folder, HEAD + RATED, "--gate", "sdc_fit <= 0.001", code=1)
    assert found["verdict"]["verdict"] == "fail"


def test_a_condition_that_is_only_a_warning_does_not_fail(folder: Path) -> None:
    report_of(folder, HEAD + RATED, "--gate", "warn: sdc_fit <= 0.001")


def test_a_budget_of_time_leaves_it_undecided(folder: Path) -> None:
    """A bound that is nearly the figure takes more trials than there is time for."""
    gate = ("--gate", "sdc_fit <= 0.4235")
    found = report_of(folder, HEAD + RATED, *gate, "--budget", "2s", code=3)
    assert found["campaign"]["stop"] == "budget"
    evidence = found["verdict"]["conditions"][0]["evidence"]
    assert evidence["low"] < 0.4235 < evidence["high"]


def test_floors_of_the_score(folder: Path) -> None:
    more = ("--gate", "metric_mean >= 0.8", "--gate", "metric_event >= 0.5")
    found = report_of(folder, HEAD + RATED, *more)
    mean, event = (c["evidence"] for c in found["verdict"]["conditions"])
    assert mean["estimate"] > event["estimate"] > 0.5


def test_without_a_rate_there_are_probabilities_and_no_fit(folder: Path) -> None:
    found = report_of(folder, HEAD + UNRATED, "--precision", "0.05")
    (region,) = found["regions"]
    assert region["given_event"]["sdc"]["estimate"] > 0.0
    assert region["fit"] is found["total"]["fit"] is region["exposure"] is None
    assert "'LPDDR5' has no raw rate" in region["missing"]
    done = invoke(*asked(folder, HEAD + UNRATED, *QUICK, "--precision", "0.05"))
    assert "fill in raw_fit_per_mbit" in " ".join(done.out.split())


def test_windows_with_several_events_are_swept(folder: Path) -> None:
    found = report_of(folder, HEAD + ORBIT, "--gate", "metric_mean >= 0.99", code=1)
    (region,) = found["regions"]
    assert region["exposure"]["regime"] == "several events"
    assert region["given_event"] is None
    rates = {row["moment"]: row["rate"] for row in region["swept"]}
    assert rates["worst"] == pytest.approx(9.95e-3, rel=1e-3)  # 1 - exp(-1e10 x 1e-15 x 1000)
    assert found["total"]["windowed"]
    assert found["total"]["sdc_fit"]["estimate"] > 1e3
    assert any("several" in line for line in found["limits"])


@pytest.mark.parametrize(
    ("region", "words"),
    [(RATED, ("--gate", "sdc_fit<=1e3")), (ORBIT, ("--precision", "0.3"))],
    ids=["events", "swept"],
)
def test_text_is_the_same_from_the_json_report(
    region: str, words: tuple[str, ...], folder: Path
) -> None:
    """Sweeps of regions are parts of the report: nothing of their own reports is printed."""
    path = folder / "again.json"
    done = invoke(*asked(folder, HEAD + region, *QUICK, "--json", str(path), *words))
    again = invoke("report", path)
    assert (again.code, again.out) == (0, done.out)


def test_a_target_is_resumed_where_its_journal_ends(folder: Path) -> None:
    journal = folder / "j.db"
    gate = ("--gate", "sdc_fit <= 0.5")
    first = asked(folder, HEAD + RATED, "--jobs", "0", "--journal", str(journal), *gate)
    whole = report_of(folder, HEAD + RATED, *gate)
    invoke(*first)
    done = invoke("resume", journal, "--json", folder / "resumed.json")
    assert done.code == 0, done.err
    resumed = json.loads((folder / "resumed.json").read_text("utf-8"))
    for found in (whole, resumed):
        del found["run"]
    assert resumed == whole


def test_workers_find_what_one_process_finds(folder: Path) -> None:
    gate = ("--gate", "sdc_fit <= 0.5")
    alone = report_of(folder, HEAD + RATED, *gate)
    several = report_of(folder, HEAD + RATED, *gate, "--jobs", "2")
    for found in (alone, several):
        del found["run"]
    assert several == alone


REFUSED: dict[tuple[str, ...], str] = {
    ("--rates", "1e-6"): "--rates does not go with --target: the target says raw rates",
    ("--fault", "word"): "--fault does not go with --target: the target says the events",
    ("--protect", "tmr"): "--protect does not go with --target",
    ("--until", "gate"): "--until does not go with --target: trials end once all conditions",
    ("--shard", "1/2"): "--shard does not go with --target",
    ("--gate", "sdc <= 0.1 @ 1e-6"): "a target has no bit error rate behind @",
    ("--gate", "sdc_fit >= 10"): "rewards harm: for sdc_fit write <= instead of >=",
    ("--gate", "sdc_fits <= 10"): "did you mean sdc_fit?",
    ("--gate", "metric_event >= 90"): "a fraction from 0 to 1",
    ("--gate", "sdc_fit <= -1"): "is FIT, 0 or more",
    ("--gate", "sdc_fit <= ten"): "cannot be read",
}


@pytest.mark.parametrize("more", REFUSED, ids=" ".join)
def test_what_does_not_go_with_a_target(more: tuple[str, ...], folder: Path) -> None:
    done = invoke(*asked(folder, HEAD + RATED, *QUICK, *more))
    assert done.code == 2
    assert REFUSED[more] in done.err
    assert len(done.err.strip().splitlines()) <= 3


BAD_FILES = {
    HEAD + RATED + "[bugdet]\n": "bugdet: there is no such field",
    HEAD + UNRATED + "[budget]\nsdc_fit = 1.0\n": "'LPDDR5' has no raw_fit_per_mbit",
    HEAD + RATED.replace('["bias"]', '["scale"]'): "'conv_b' lies in no region",
    HEAD + RATED + UNRATED + 'kinds = ["scale"]': "'LPDDR5' of the target 'made up' holds none",
    HEAD + RATED.replace('kinds = ["bias"]\n', ""): "lies in the regions 'weights' and 'biases'",
    HEAD + RATED.replace("flip=0.9", "flip=0.8"): "the shares sum to 0.9, not to 1",
    HEAD + RATED.replace("secded:64", "secded:0"): "does not belong there",
    HEAD + RATED.replace("secded:64", "tmr@x*"): "the protection of the region 'biases': the rule",
}


@pytest.mark.parametrize("text", BAD_FILES, ids=BAD_FILES.values())
def test_targets_that_are_refused(text: str, folder: Path) -> None:
    done = invoke(*asked(folder, text, *QUICK))
    assert done.code == 2
    assert BAD_FILES[text] in " ".join(done.err.split())


def test_a_gate_in_fit_needs_every_rate(folder: Path) -> None:
    done = invoke(*asked(folder, HEAD + UNRATED, *QUICK, "--gate", "sdc_fit <= 1"))
    assert done.code == 2
    assert "region 'LPDDR5' of the target 'made up' has no raw_fit_per_mbit" in done.err


def test_a_target_that_is_not_there(folder: Path) -> None:
    done = invoke(folder / "tiny.onnx", "--target", "leo-sran", *QUICK)
    assert done.code == 2
    assert "did you mean leo-sram?" in done.err
    assert "relcheck target list" in done.err


def test_shipped_targets_are_listed_and_shown() -> None:
    listed = invoke("target", "list").out
    for name in shipped_targets():
        assert f"{name}:" in listed
        done = invoke("target", "show", name)
        assert done.code == 0
        assert "standing" not in done.out
        assert max(map(len, done.out.splitlines())) <= 80


def test_a_new_target_is_read_and_invents_no_rate(tmp_path: Path) -> None:
    path = tmp_path / "my-soc.toml"
    assert invoke("target", "new", path).code == 0
    shown = invoke("target", "show", path).out
    assert shown.startswith("my-soc")
    assert "no raw rate is published; fill it in" in shown
    again = invoke("target", "new", path)
    assert again.code == 2
    assert "is there already" in again.err


def test_a_new_target_may_begin_with_one_that_is_shipped(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert invoke("target", "new", path, "--from", "leo-sram").code == 0
    assert path.read_text() == shipped_targets()["leo-sram"].read_text()


def test_a_configuration_file_may_name_a_target(folder: Path) -> None:
    target_file(folder, HEAD + RATED)
    config = target_file(folder, 'target = "t.toml"\ngate = ["sdc_fit <= 1000"]\n', "conf.toml")
    done = invoke(folder / "tiny.onnx", "--data", folder / "tiny.npz", "--config", config, *QUICK)
    assert done.code == 0, done.err
    assert "tiny.onnx on made up: PASS" in done.out

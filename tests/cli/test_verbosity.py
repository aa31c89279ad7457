"""``--quiet``, ``--verbose`` and neither: what each prints, where, and in what order."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.cli.outlook import Outlook
from analyzer.cli.progress import _summary
from analyzer.stats.estimate import RateEstimate
from analyzer.stats.intervals import Interval
from tests.reports.differences import worse_report
from tests.reports.examples import example_report
from tests.support import ROOT, invoke

QUICK = ("--rates", "1e-3", "--precision", "0.3", "--batch", "8", "--journal", "none")
GATE = ("--gate", "top1 >= 0.1 @ 1e-3")


def test_quiet_prints_the_verdict_alone(model: Path, data: Path, tmp_path: Path) -> None:
    report = tmp_path / "a.json"
    run = invoke("run", model, "--data", data, *QUICK, *GATE, "-q", "--json", report)
    assert run.code == 0
    assert run.err == ""
    first, second = run.out.splitlines()
    assert first == "Gate: pass"
    assert second.split()[:5] == ["pass", "top1", ">=", "0.1", "@"]
    assert report.exists()


@pytest.mark.parametrize("command", ["run", "map"])
def test_quiet_without_a_gate_prints_nothing(command: str, model: Path, data: Path) -> None:
    quick = QUICK if command == "run" else ("--margin", "0.3", "--journal", "none")
    run = invoke(command, model, "--data", data, *quick, "--quiet")
    assert (run.code, run.out, run.err) == (0, "", "")


def test_quiet_prints_errors(model: Path) -> None:
    run = invoke("run", model, "--rates", "x", "-q")
    assert (run.code, run.out) == (2, "")
    assert run.err.endswith("[bad-rates]\n")


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", "MODEL", "--json", "OUT"),
        ("journals", "FOLDER"),
        ("target", "list"),
        ("target", "show", "leo-sram"),
        ("check", "MODEL", "--data", "DATA"),
        ("annotate", "MODEL", "--scale", "1/255", "-o", "OUT"),
        ("run", "MODEL", "--target", "leo-sram", "--data", "DATA", "--jobs", "0", "--html", "OUT"),
        ("replay", "MODEL", "--faults", "FAULTS", "--data", "DATA", "--csv", "OUT"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_quiet_prints_nothing_where_nothing_is_decided(
    words: tuple[str, ...], model: Path, data: Path, tmp_path: Path
) -> None:
    """Fails if a command prints its text, or names what it wrote, under ``--quiet``."""
    (tmp_path / "faults.csv").write_text("injection,tensor,index,bit\n1,fc_w,0,30\n")
    places = {"MODEL": model, "DATA": data, "FOLDER": tmp_path, "OUT": tmp_path / "written"}
    asked = [places.get(word, word) for word in words]
    asked = [tmp_path / "faults.csv" if word == "FAULTS" else word for word in asked]
    assert invoke(*asked).out != ""
    places["OUT"].unlink(missing_ok=True)
    run = invoke(*asked, "-q")
    assert (run.code, run.out, run.err) == (0, "", "")
    assert places["OUT"].exists() is ("OUT" in words)


def test_quiet_prints_the_verdict_on_a_target(model: Path, data: Path, tmp_path: Path) -> None:
    words = ("--target", "leo-sram", "--data", data, "--jobs", "0", "--gate", "sdc_fit <= 1e9")
    run = invoke("run", model, *words, "--json", tmp_path / "t.json", "-q")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("tiny.onnx on ")
    assert "\n  pass      sdc_fit <= " in run.out
    assert "corrected" not in run.out
    shown = invoke("report", tmp_path / "t.json", "-q")
    assert shown.out == run.out


def test_quiet_prints_the_verdict_of_diff(tmp_path: Path) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(example_report().model_dump_json())
    new.write_text(worse_report().model_dump_json())
    run = invoke("diff", old, new, "-q", "--html", tmp_path / "d.html")
    assert (run.code, run.err) == (1, "")
    whole = invoke("diff", old, new).out
    assert run.out in whole
    assert len(run.out.splitlines()) <= 2 < len(whole.splitlines())
    gated = invoke("diff", old, new, "--gate", "top1 >= 0 @ 1e-6", "-q")
    assert gated.out.startswith("Gate: pass\n")
    assert len(gated.out.splitlines()) == 2


def test_quiet_prints_the_plan_of_protect(model: Path, data: Path) -> None:
    quick = ("--data", data, "--jobs", "0", "--include", "fc*", "--gate", "sdc <= 50% @ one event")
    run = invoke("protect", model, *quick, "-q")
    assert run.err == ""
    assert run.out.startswith("PASS: ")
    assert "--protect " in run.out
    assert "fault-free" not in run.out


def test_quiet_prints_the_verdicts_of_the_selftest() -> None:
    run = invoke("selftest", "--known-answers-only", "-q")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("PASS: ")
    assert run.out.count("\n") == 1


def test_quiet_gates_of_comparisons_are_told(model: Path, data: Path) -> None:
    gate = ("--gate", "top1 >= A - 0.9 @ 1e-3")
    run = invoke("compare", model, model, "--data", data, *QUICK, *gate, "-q")
    assert (run.code, run.err) == (0, "")
    assert run.out.startswith("Gate: pass\n")
    assert "A - 0.9" in run.out


def test_verbose_says_why_on_standard_error(model: Path, data: Path) -> None:
    usual = invoke("run", model, "--data", data, *QUICK)
    run = invoke("run", model, "--data", data, *QUICK, "-v")
    assert (run.code, run.out) == (usual.code, usual.out)
    for step in ("reading the model: ", "running the model without faults: ", "trials: "):
        assert any(line.startswith(step) and line.endswith(" s") for line in run.err.splitlines())
    assert "tensors are faulted by this route: in place" in run.err
    assert "live_weights in force: " in run.err
    assert "faulted by" not in usual.err


@pytest.mark.parametrize("command", ["run", "map"])
def test_the_head_is_printed_before_the_work(command: str, model: Path, data: Path) -> None:
    """Fails if the model is named only when all is over: the reader kills the work in between."""
    long = {"run": ("--precision", "0.0001"), "map": ("--margin", "0.0001")}[command]
    words = [command, str(model), "--data", str(data), *long, "--journal", "none", "--jobs", "0"]
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "analyzer", *words],
        env={**os.environ, "COLUMNS": "80"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        head = [process.stdout.readline() for _ in range(2)]
        running = process.poll() is None
        process.kill()
    assert running
    assert head[0].startswith("tiny.onnx: ")
    assert "fault-free top-1" in head[1]


def test_the_head_goes_where_the_table_goes(model: Path, data: Path) -> None:
    run = invoke("run", model, "--data", data, *QUICK, "--format", "csv=-")
    assert run.err.startswith("tiny.onnx: ")
    assert run.err.count("tiny.onnx: ") == 1
    assert "tiny.onnx: " not in run.out


def test_the_head_is_printed_once(model: Path, data: Path) -> None:
    run = invoke("run", model, "--data", data, *QUICK)
    assert run.out.count("tiny.onnx: ") == run.out.count("─\n") == 1


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


def test_the_outlook_is_one_of_all_parts() -> None:
    clock, used = Clock(), 0.0
    outlook = Outlook(2, lambda: used, clock)
    assert (outlook.share, outlook.text) == (0.0, "0 % done")
    outlook.take(1e-6, 100, 0.5)  # 200 trials, and the other part most likely as many
    assert outlook.share == 0.25
    clock.now = 10.0
    assert outlook.text == "25 % done, about 30 s left"
    outlook.take(1e-5, 50, 0.125)
    assert outlook.share == 0.25
    used = 0.5
    assert outlook.text == "25 % done, about 10 s left, budget 50 % used"
    outlook.take(1e-6, 200, 1.0)
    outlook.take(1e-5, 400, 1.0)
    assert (outlook.share, outlook.trials, outlook.parts_done) == (1.0, 600, 2.0)


def test_no_interval_of_everything_is_shown_while_it_runs() -> None:
    nothing = Interval(0.4, 4e-12, 0.99999)
    part = Interval(0.4, 0.3, 0.5)
    wide, narrow = (
        RateEstimate(metric=metric, sdc=part, due=part, masked=part) for metric in (nothing, part)
    )
    assert _summary("top-1", None) == _summary("top-1", wide) == "top-1 –"
    assert _summary("top-1", narrow) == "top-1 30.0 – 50.0 %"

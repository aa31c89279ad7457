"""``relcheck map``: from options to the map in all its forms."""

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from analyzer.reports.map.record import json_schema
from analyzer.reports.map.table import HEADS
from tests.support import (
    ROOT,
    Run,
    golden_labels,
    invoke,
    parse_model,
    save,
    tiny_cnn,
    tiny_cnn_proto,
    tiny_data,
    tiny_images,
    with_initializers,
)

SCHEMA = ROOT / "docs" / "map.schema.json"
QUICK = ("--margin", "0.1", "--confidence", "0.95")
HOSTILE = '=cmd|"<script>alert(1)</script>\x1b[2J\n$x_{1'


NARROW = """
<ir_version: 8, opset_import: ["" : 17]>
narrow (float[N, 2] x) => (float[N, 2] y) {
    v = Cast <to = 1> (w)
    y = MatMul (x, v)
}
"""


def ask(folder: Path, *args: str | Path, code: int = 0) -> tuple[Run, dict[str, Any]]:
    """A map of the tiny network, and its JSON report."""
    model, data = tiny_cnn(folder / "tiny.onnx"), tiny_data(folder / "tiny.npz")
    target = folder / "map.json"
    target.unlink(missing_ok=True)
    run = invoke("map", model, "--data", data, *QUICK, "--json", target, *args)
    assert run.code == code, run.err
    found: dict[str, Any] = json.loads(target.read_text("utf-8"))
    return run, found


def test_a_map_in_all_its_forms(tmp_path: Path) -> None:
    html, table = tmp_path / "map.html", tmp_path / "map.csv"
    run, found = ask(tmp_path, "--html", html, "--csv", table)
    jsonschema.validate(found, json.loads(SCHEMA.read_text("utf-8")))
    assert [t["name"] for t in found["tensors"]] == ["conv_w", "conv_b", "fc_w", "fc_b"]
    assert sum(t["bits"] for t in found["tensors"]) == found["whole"]["bits"]
    assert sum(b["bits"] for b in found["bits"]) == found["whole"]["bits"]
    assert all(t["stop"] == "precision" for t in found["tensors"])
    for area in (*found["tensors"], found["whole"], *found["kinds"], *found["bits"]):
        for outcome in ("sdc", "due", "loss"):
            part = area[outcome]
            assert part["low"] <= part["estimate"] <= part["high"]
    rows = list(csv.DictReader(io.StringIO(table.read_text("utf-8"))))
    assert tuple(rows[0]) == HEADS
    assert [float(r["sdc"]) for r in rows] == [t["sdc"]["estimate"] for t in found["tensors"]]
    page = html.read_text("utf-8")
    assert page.count("<svg") == 1
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page)
    assert max(map(len, run.out.splitlines())) <= 80
    for word in (
        "the whole memory",
        "conv_w",
        "float32 30 exponent",
        "To protect first",
        "Leveugle",
    ):
        assert word in run.out


def test_the_schema_is_the_one_in_the_documentation() -> None:
    assert SCHEMA.read_text("utf-8") == json_schema()


def test_workers_change_nothing_but_the_run(tmp_path: Path) -> None:
    """Same plan, same bytes whatever --jobs; only the run's own part differs."""
    found = []
    for jobs in ("0", "2"):
        _, report = ask(tmp_path, "--jobs", jobs, "--journal", "none")
        report.pop("run")
        found.append(json.dumps(report))
    assert found[0] == found[1]


def test_an_exhaustive_map_says_so(tmp_path: Path) -> None:
    flags = ("--exhaustive", "--images", "4", "--include", "*_b", "--batch", "4")
    run, found = ask(tmp_path, *flags)
    assert "Exhaustive: 2 of 2 tensors" in run.out
    assert "exact" in run.out
    for tensor in found["tensors"]:
        assert tensor["exhaustive"]
        assert tensor["trials"] == tensor["bits"]
        assert tensor["sdc"]["low"] == tensor["sdc"]["high"]


def test_a_map_without_enough_budget_says_so_and_goes_on(tmp_path: Path) -> None:
    journal = tmp_path / "map.db"
    kept = ("--journal", journal)
    page, table = tmp_path / "cut.html", tmp_path / "cut.csv"
    forms = ("--html", page, "--csv", table)
    run, cut = ask(tmp_path, *kept, *forms, "--budget", "0.000001s", code=3)
    jsonschema.validate(cut, json.loads(SCHEMA.read_text("utf-8")))
    for area in (cut["whole"], *cut["kinds"], *cut["bits"], *cut["tensors"]):
        assert (area["untried"], area["sdc"], area["due"], area["loss"]) == (1, None, None, None)
    assert "the whole memory 4544 – – – 0" in [" ".join(x.split()) for x in run.out.splitlines()]
    assert "Of the bits at risk 100 % are untried" in run.out
    assert "There is no estimate of the whole memory" in page.read_text("utf-8")
    assert {row["sdc"] for row in csv.DictReader(table.open())} == {""}
    assert "the budget ended before ±10 points" in run.out
    assert "This map is not finished" in run.out
    assert run.err.endswith(f"the budget is spent; to go on: relcheck resume {journal}\n")
    assert {t["stop"] for t in cut["tensors"]} == {"budget"}
    _, whole = ask(tmp_path, *kept)
    _, alone = ask(tmp_path, "--journal", "none")
    for report in (whole, alone):
        report.pop("run")
    assert whole == alone


def test_a_map_and_a_run_do_not_share_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "map.db"
    ask(tmp_path, "--journal", journal)
    model, data = tmp_path / "tiny.onnx", tmp_path / "tiny.npz"
    run = invoke("run", model, "--data", data, "--rates", "1e-3", "--journal", journal)
    assert run.code == 2
    assert "[journal-mismatch]" in run.err


@pytest.mark.parametrize(
    ("flag", "value"), [("--margin", "0"), ("--margin", "0.7"), ("--confidence", "1")]
)
def test_bad_numbers_are_named_as_the_user_wrote_them(
    tmp_path: Path, flag: str, value: str
) -> None:
    run = invoke("map", tiny_cnn(tmp_path / "tiny.onnx"), flag, value)
    assert run.code == 2
    assert run.err.startswith(f"relcheck: {flag} ")
    assert run.err.endswith("[bad-option]\n")


def test_other_faults_than_flips_say_what_they_mean(tmp_path: Path) -> None:
    html = tmp_path / "map.html"
    for fault, says in (("stuck1", "A stuck cell that holds"), ("burst:3", "its lowest bit lies")):
        run, found = ask(tmp_path, "--fault", fault, "--html", html)
        assert f"one upset ({fault}, encoding stored)" in run.out
        assert found["plan"]["fault"] == fault
        assert says in found["assumptions"][1]
        assert says in html.read_text("utf-8")
        assert "vulnerable to one upset?" in html.read_text("utf-8")
    _, found = ask(tmp_path)
    assert not any("stuck" in line or "burst" in line for line in found["assumptions"])


def test_bursts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    proto = with_initializers(parse_model(NARROW), {"w": np.ones((2, 2), np.uint8)})
    model = save(proto, tmp_path / "narrow.onnx")
    run = invoke("map", model, "--fault", "burst:40")
    assert (run.code, run.out) == (2, "")
    assert "--fault burst:40 has no place in the tensor 'w' of 32 bits" in run.err
    assert "--exclude" in run.err
    assert run.err.endswith("[bad-option]\n")
    assert invoke("map", model, "--fault", "burst:32", *QUICK).code == 0


def test_one_file_is_not_written_twice(tmp_path: Path) -> None:
    model = tiny_cnn(tmp_path / "tiny.onnx")
    run = invoke("map", model, "--csv", tmp_path / "a", "--html", tmp_path / "a")
    assert (run.code, (tmp_path / "a").exists()) == (2, False)


def test_names_are_other_peoples_text(tmp_path: Path) -> None:
    """Neither a terminal, nor a page, nor a spreadsheet obeys the name of a tensor."""
    proto = tiny_cnn_proto()
    images = tiny_images(8)
    labels = golden_labels(proto, images)
    for tensor in (*proto.graph.initializer,):
        if tensor.name == "conv_w":
            tensor.name = HOSTILE
    for node in proto.graph.node:
        node.input[:] = [HOSTILE if name == "conv_w" else name for name in node.input]
    model, data = save(proto, tmp_path / "tiny.onnx"), tmp_path / "tiny.npz"
    np.savez(data, images=images, labels=labels)
    html, table = tmp_path / "map.html", tmp_path / "map.csv"
    run = invoke("map", model, "--data", data, *QUICK, "--html", html, "--csv", table)
    assert run.code == 0, run.err
    assert "\x1b" not in run.out
    page = html.read_text("utf-8")
    assert "<script>" not in page
    assert "\x1b" not in page
    assert "alert(1)" in page
    name = next(csv.DictReader(io.StringIO(table.read_text("utf-8"))))["tensor"]
    assert name.startswith("'=cmd|")
    assert "\x1b" not in name


def test_names_that_are_cut_stay_apart(tmp_path: Path) -> None:
    """Fails if only the ends of long names are shown."""
    proto = tiny_cnn_proto()
    new = {"conv_w": "stage2.block0.shortcut.weight", "fc_w": "stage3.block0.shortcut.weight"}
    for tensor in proto.graph.initializer:
        tensor.name = new.get(tensor.name, tensor.name)
    for node in proto.graph.node:
        node.input[:] = [new.get(name, name) for name in node.input]
    run = invoke("map", save(proto, tmp_path / "tiny.onnx"), *QUICK)
    rows = [line.split()[0] for line in run.out.splitlines() if "shortcut" in line]
    assert sorted(rows) == ["stage2.…shortcut.weight", "stage3.…shortcut.weight"]


def test_without_labels_it_is_agreement(tmp_path: Path) -> None:
    run = invoke("map", tiny_cnn(tmp_path / "tiny.onnx"), *QUICK)
    assert run.code == 0
    assert run.out.startswith("No data set: inputs are random")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['relcheck', 'map', '--help']\n"
        "from analyzer.cli.main import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print([m for m in ('numpy', 'onnx', 'onnxruntime', 'matplotlib', 'scipy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")
    assert "--margin" in done.stdout

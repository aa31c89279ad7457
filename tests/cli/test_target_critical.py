"""Critical silent corruption on a target: its FIT, its gate, and what it needs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_target import HEAD, ORBIT, QUICK, RATED
from tests.support import invoke, tiny_cnn, tiny_data

EVERY = '[critical]\n"0" = "*"\n"1" = "*"\n"2" = "*"\n"3" = "*"\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("critical")
    tiny_cnn(place / "tiny.onnx")
    tiny_data(place / "tiny.npz")
    (place / "t.toml").write_text(HEAD + RATED)
    return place


def report(folder: Path, table: str, *gates: str) -> dict[str, Any]:
    (folder / "s.toml").write_text(table)
    out = folder / "r.json"
    model: list[str | Path] = [folder / "tiny.onnx", "--data", folder / "tiny.npz"]
    asked: list[str | Path] = ["--target", folder / "t.toml", "--severity", folder / "s.toml"]
    flags = [flag for gate in gates for flag in ("--gate", gate)]
    run = invoke("run", *model, *asked, "--json", out, "--precision", "0.05", *QUICK, *flags)
    assert run.code in (0, 1, 3), run.err
    return dict(json.loads(out.read_text()))


def test_where_every_confusion_is_critical_so_is_every_silent_corruption(folder: Path) -> None:
    found = report(folder, EVERY, "critical_sdc_fit <= 1e9")
    total = found["total"]["fit"]
    assert total["sdc"]["estimate"] > 0
    assert total["sdc_critical"] == total["sdc"]
    for region in found["regions"]:
        given = region["given_event"]
        assert given["sdc_critical"] == given["sdc"]
    [condition] = found["verdict"]["conditions"]
    assert condition["verdict"] == "pass"
    assert condition["evidence"]["high"] <= total["sdc"]["high"] * 1.5


def test_a_part_of_the_confusions_is_a_part_of_the_fit(folder: Path) -> None:
    total = report(folder, '[critical]\n"0" = ["1"]\n')["total"]["fit"]
    assert 0.0 <= total["sdc_critical"]["estimate"] < total["sdc"]["estimate"]


def test_a_region_of_several_events_has_a_critical_part(folder: Path, tmp_path: Path) -> None:
    """Every confusion is critical: windows that end so are those of silent corruption."""
    for name in ("tiny.onnx", "tiny.npz"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "t.toml").write_text(HEAD + ORBIT)
    found = report(tmp_path, EVERY, "critical_sdc_fit <= 3e4", "sdc_fit <= 3e4")
    critical, all_of_it = found["verdict"]["conditions"]
    assert critical["verdict"] == "fail"
    assert critical["evidence"] == all_of_it["evidence"]


@pytest.mark.parametrize("where", ["gate", "budget"])
def test_without_a_table_nothing_is_critical_and_the_bound_is_refused(
    where: str, folder: Path
) -> None:
    target = folder / "b.toml"
    budget = "[budget]\ncritical_sdc_fit = 1.0\n" if where == "budget" else ""
    target.write_text(HEAD + RATED + budget)
    gate = ("--gate", "critical_sdc_fit <= 1") if where == "gate" else ()
    run = invoke(
        *("run", folder / "tiny.onnx", "--data", folder / "tiny.npz", "--target", target),
        *(*gate, *QUICK),
    )
    assert run.code == 2
    assert "--severity" in run.err
    assert "[bad-gate]" in run.err

"""``--protect`` from the command line to every form of the report, and back from the journal."""

import json
from pathlib import Path

import pytest

from tests.support import invoke, tiny_cnn, tiny_data

ASKED = ("--rates", "1e-3,1e-2", "--precision", "0.15", "--jobs", "0")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A model and its data."""
    folder = tmp_path_factory.mktemp("protect")
    return str(tiny_cnn(folder / "tiny.onnx")), str(tiny_data(folder / "tiny.npz"))


def test_a_protected_run_reports_what_the_memory_did(tiny: tuple[str, str], tmp_path: Path) -> None:
    model, data = tiny
    out, page, journal = tmp_path / "r.json", tmp_path / "r.html", tmp_path / "r.journal"
    asked = ("--data", data, "--protect", "tmr@bits=30+secded:16@kind=weight", *ASKED)
    done = invoke("run", model, *asked, "--journal", journal, "--json", out, "--html", page)
    assert done.code == 0, done.err
    report = json.loads(out.read_text())
    part = report["protection"]
    assert part["rules"] == "tmr@bits=30+secded:16@kind=weight"
    bits = part["data_bits"] + part["check_bits"]
    assert report["model"]["bits_at_risk"] == bits
    assert part["protected_bits"] < part["data_bits"]
    assert part["coding_loss"] is None
    for row in report["rates"]:
        shares = [row["memory"][key] for key in ("corrected", "detected")]
        assert all(0 <= s["low"] <= s["estimate"] <= s["high"] <= 1 for s in shares)
        assert row["memory"]["detected"]["estimate"] <= row["due"]["estimate"] + 1e-12
        assert row["memory"]["corrected"]["estimate"] <= row["masked"]["estimate"] + 1e-12
        assert row["expected_flips"] == pytest.approx(bits * row["rate"])
    assert report["rates"][0]["memory"]["corrected"]["estimate"] > 0.05
    assert report["rates"][1]["memory"]["detected"]["estimate"] > 0.05
    assert "protection: tmr@bits=30+secded:16@kind=weight, of" in done.out
    assert "all upsets corrected on" in done.out
    text = page.read_text()
    assert "Memory protection" in text
    assert "SEC-DED (Hsiao 1970), 6 check bits per 16 data bits" in text

    again = tmp_path / "again.json"
    done = invoke("resume", journal, "--json", again)
    assert done.code == 0, done.err
    second = json.loads(again.read_text())
    assert second["rates"] == report["rates"]
    assert second["protection"] == part


def test_coding_loss_is_apart_from_fault_loss(tiny: tuple[str, str], tmp_path: Path) -> None:
    """CEP with long mantissas lost: 15 data bits per parity bit cost two bits, 3 cost eight."""
    model, data = tiny
    out = tmp_path / "r.json"
    asked = ("--data", data, "--protect", "cep", *ASKED, "--journal", "none", "--json", out)
    done = invoke("run", model, *asked)
    assert done.code == 0, done.err
    report = json.loads(out.read_text())
    loss = report["protection"]["coding_loss"]
    assert loss["unencoded"] == 21 / 24
    assert report["golden"]["value"] == pytest.approx(loss["unencoded"] - loss["lost"])
    assert "coding loss, without any fault: 87.50 % before encoding" in done.out
    assert report["protection"]["check_bits"] == 0


def test_a_model_is_compared_with_itself_under_protections(
    tiny: tuple[str, str], tmp_path: Path
) -> None:
    model, data = tiny
    out, page = tmp_path / "c.json", tmp_path / "c.html"
    asked = ("--data", data, "--protect", "secded:16", "--protect", "mset", *ASKED)
    done = invoke("compare", model, *asked, "--journal", "none", "--json", out, "--html", page)
    assert done.code in (0, 3), done.err
    report = json.loads(out.read_text())
    assert [m.get("protection", {}).get("rules") for m in report["models"]] == [
        None,
        "secded:16",
        "mset",
    ]
    assert [m["correspondence"]["faults"] for m in report["models"][1:]] == ["paired", "paired"]
    assert report["models"][2]["correspondence"]["of_model"] == 1.0
    assert not report["models"][1]["correspondence"]["same_file"]
    sdc = [m["rates"][0]["sdc"]["estimate"] for m in report["models"]]
    assert sdc[1] < sdc[0]
    assert "protection: secded:16, +37.5 % storage" in done.out
    assert "secded:16" in page.read_text()


def test_a_protected_map_has_check_bits(tiny: tuple[str, str], tmp_path: Path) -> None:
    model, data = tiny
    out = tmp_path / "m.json"
    asked = ("--data", data, "--protect", "secded:32:zero", "--fault", "burst:2", "--jobs", "0")
    more = ("--margin", "0.3", "--kinds", "bias", "--journal", "none", "--json", out)
    done = invoke("map", model, *asked, *more)
    assert done.code == 0, done.err
    report = json.loads(out.read_text())
    assert [t["name"] for t in report["tensors"]][-1] == "fc_b (secded:32:zero)"
    assert {b["field"] for b in report["bits"] if b["encoding"].startswith("check")} == {"check"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("run", "--protect", "secdec"), "there is no scheme 'secdec' (did you mean secded?)"),
        (("run", "--protect", "tmr@x*"), "selects no bit at risk"),
        (("run", "--protect", "mset", "--encoding", "q15.16"), "it is held as q15.16"),
        (("map", "--fault", "mix:seu=0.5,mbu2=0.5", "--exhaustive"), "map each kind by itself"),
        (("compare",), "or one model, and protections of its memory by --protect"),
    ],
)
def test_what_is_refused(asked: tuple[str, ...], words: str, tiny: tuple[str, str]) -> None:
    model, data = tiny
    command, *flags = asked
    done = invoke(command, model, "--data", data, *flags, "--jobs", "0", "--journal", "none")
    assert done.code == 2
    assert words in " ".join(done.err.split())

"""The cost of encodings in a report on a target: of the memory that loses, and of all together."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_target import HEAD, QUICK, RATED
from tests.support import invoke, tiny_cnn, tiny_data

LOSS = "Coding loss of all protections together, without any fault: "


def report(folder: Path, weights: str, biases: str) -> tuple[Any, str, str]:
    """A report on two memories with these protections: its JSON, its text, its page."""
    tiny_cnn(folder / "tiny.onnx")
    tiny_data(folder / "tiny.npz")
    text = RATED.replace('kinds = ["weight"]', f'kinds = ["weight"]\nprotection = "{weights}"')
    (folder / "t.toml").write_text(HEAD + text.replace("secded:64", biases))
    done = invoke(
        *(folder / "tiny.onnx", "--target", folder / "t.toml", "--data", folder / "tiny.npz"),
        *("--precision", "0.2", "--json", folder / "r.json", "--html", folder / "r.html", *QUICK),
    )
    assert done.code == 0, done.err
    page = (folder / "r.html").read_text("utf-8")
    found = json.loads((folder / "r.json").read_text("utf-8"))
    return found, " ".join(done.out.split()), page


@pytest.mark.parametrize(("biases", "alone"), [("secded:64", True), ("cep", False)])
def test_a_memory_has_the_loss_that_it_causes_alone(
    biases: str, alone: bool, tmp_path: Path
) -> None:
    found, text, page = report(tmp_path, "cep", biases)
    first, second = (region["protection"]["coding_loss"] for region in found["regions"])
    assert second is None
    assert first == (found["total"]["coding_loss"] if alone else None)
    assert found["total"]["coding_loss"]["unencoded"] == 21 / 24
    assert LOSS in text
    assert (LOSS in page) is not alone


def test_a_memory_with_check_bits_loses_nothing(tmp_path: Path) -> None:
    found, text, page = report(tmp_path, "secded:64", "tmr")
    assert "coding_loss" not in found["total"]
    assert [r["protection"]["coding_loss"] for r in found["regions"]] == [None, None]
    assert "oding loss" not in text + page

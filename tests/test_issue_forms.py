"""The forms for issues are ones that the code host takes, and ask for commands that exist."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support import ROOT
from tests.test_docs import COMMON, OPTIONS

FORMS = sorted(p for p in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if p.stem != "config")


def test_there_is_one_for_each_kind() -> None:
    assert [form.stem for form in FORMS] == ["crash", "feature", "wrong-figure"]


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_a_form_is_one_that_the_host_takes(form: Path) -> None:
    """The rules of its documentation: keys, kinds of questions, names that differ."""
    found = yaml.safe_load(form.read_text("utf-8"))
    assert found.keys() == {"name", "description", "labels", "body"}
    questions = [part for part in found["body"] if part["type"] != "markdown"]
    assert {part["type"] for part in questions} == {"textarea"}
    assert all(part.keys() <= {"type", "id", "attributes", "validations"} for part in found["body"])
    assert all(part["attributes"]["label"] for part in questions)
    names = [part["id"] for part in questions]
    assert len(set(names)) == len(names)
    assert any(part.get("validations", {}).get("required") for part in questions)


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.stem)
def test_what_it_asks_for_can_be_done(form: Path) -> None:
    text = form.read_text("utf-8")
    for span in re.findall(r"`([^`]+)`", text):
        first, *words = span.split()
        if first == "relcheck":
            assert words[0] in {*OPTIONS, *COMMON}, span
        elif first.endswith(".md"):
            assert (ROOT / first).is_file(), first

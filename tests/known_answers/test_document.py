"""What users see: docs/verification.md is the data, and the command says what it found."""

import re
from pathlib import Path

import pytest

from analyzer.faults.count_law import CountLaw
from analyzer.known_answers.records import KnownAnswer
from analyzer.known_answers.requirements import REQUIREMENTS
from analyzer.known_answers.suite import TOPICS
from analyzer.reports.verification import verification_text
from tests.known_answers.test_sabotage import CASES
from tests.support import invoke

DOCS = Path(__file__).parents[2] / "docs"
ANSWERS: list[KnownAnswer] = [a for topic in TOPICS for a in topic.answers]


def document() -> str:
    return (DOCS / "verification.md").read_text("utf-8")


def test_the_document_is_the_data() -> None:
    """If this fails, `make docs` writes it anew."""
    account = (DOCS / "verification-intro.md").read_text("utf-8")
    assert document() == verification_text(account)


def test_every_known_answer_is_published_once() -> None:
    rows = re.findall(r"^\| (KA-\d{3}) \|", document(), re.MULTILINE)
    assert sorted(rows) == sorted(a.id for a in ANSWERS)


def test_every_row_has_four_cells() -> None:
    for row in re.findall(r"^\| KA-.*$", document(), re.MULTILINE):
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row


def test_every_requirement_has_a_section() -> None:
    assert re.findall(r"^### (R-\d+)$", document(), re.MULTILINE) == list(REQUIREMENTS)


def test_malfunctions_name_requirements_that_exist() -> None:
    """Section 4: numbered without gaps; ranges and lists of requirements as they stand."""
    rows = re.findall(r"^\| (M-\d+) \|(.*)$", document(), re.MULTILINE)
    assert [name for name, _ in rows] == [f"M-{i}" for i in range(1, len(rows) + 1)]
    named = {r for _, row in rows for r in re.findall(r"R-\d+", row)}
    assert named <= set(REQUIREMENTS)
    assert {case.malfunction for case in CASES.values()} <= {name for name, _ in rows}


def test_the_command_lists_every_topic() -> None:
    run = invoke("selftest", "--known-answers-only")
    assert (run.code, run.err) == (0, "")
    lines = run.out.splitlines()
    assert re.match(r"relcheck \S+, ONNX Runtime \S+, onnx \S+, numpy \S+, Linux \S+$", lines[0])
    for topic in TOPICS:
        asked = len(topic.answers)
        assert any(re.fullmatch(rf"  {topic.title} +{asked}/{asked}", line) for line in lines)
    assert lines[-1] == f"PASS: {len(ANSWERS)} known answers"


def test_the_comparison_follows() -> None:
    run = invoke("selftest", "--patterns", "4", "--fault", "burst:2", "--seed", "3")
    assert run.code == 0
    assert re.search(r"\ndigits_resnet.onnx: .*\nsha256 [0-9a-f]{64}\n", run.out)
    assert "4 patterns (burst:2, stored, seed 3)" in run.out
    assert run.out.count("PASS") == 2
    assert run.out.index("known answers") < run.out.index("4 patterns")


@pytest.mark.parametrize("flags", [("--known-answers-only",), ("--patterns", "4")])
def test_one_difference_fails(monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...]) -> None:
    monkeypatch.setattr(CountLaw, "p_any", property(lambda law: 0.578125))
    run = invoke("selftest", *flags)
    assert run.code == 1
    assert re.search(r"^  probabilities of counts +5/9$", run.out, re.MULTILINE)
    assert (
        "KA-502 differs (R-8): P(any) of 8 bits at rate 0.5\n"
        "  expected: 0.99609375\n"
        "  found:    0.578125\n"
    ) in run.out
    assert f"of {len(ANSWERS)} known answers differ" in run.out


def test_no_model_without_comparison() -> None:
    run = invoke("selftest", "--known-answers-only", "model.onnx")
    assert (run.code, run.out) == (2, "")
    assert "[bad-option]" in run.err

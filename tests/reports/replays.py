"""Replays written by hand: what they render to is the same everywhere."""

from collections.abc import Callable
from typing import Any

from analyzer.reports.replay.record import (
    AnswerPart,
    ImagePart,
    PatternPart,
    ReplayPlanPart,
    ReplayReport,
)
from tests.reports.examples import example_report


def pattern(name: str, **changed: Any) -> PatternPart:
    """A pattern under which one image of four gets another class."""
    golden, faulty = (
        AnswerPart(number=2, name="two", score=3.4),
        AnswerPart(number=0, name="zero", score=2.9e36),
    )
    fields: dict[str, Any] = {
        "name": name,
        "images": 4,
        "sdc": 1,
        "due": 0,
        "masked": 3,
        "lost": 0.25,
        "upsets": 2,
        "changed": 2,
        "elements": [],
        "outputs_sha256": "ab" * 32,
        "shown": [ImagePart(image=7, outcome="sdc", golden=golden, faulty=faulty)],
    }
    return PatternPart(**{**fields, **changed})


def example_replay(*patterns: PatternPart, source: str = "run.json") -> ReplayReport:
    """A replay of patterns."""
    base = example_report()
    return ReplayReport(
        tool=base.tool,
        model=base.model,
        data=base.data,
        golden=base.golden,
        decision=base.decision,
        plan=ReplayPlanPart(
            source=source,
            id="0123456789abcdef",
            exposure="transient",
            encoding="stored",
            fault="flip",
            batch=4,
            seed=0,
        ),
        patterns=list(patterns),
        run=base.run.model_copy(update={"command": f"relcheck replay {source}"}),
    )


def of_a_report() -> ReplayReport:
    """Two trials, of which one is not as the report says."""
    return example_replay(
        pattern("1e-06/2/5", edited_file="same", reproduced=True),
        pattern("1e-06/2/9", edited_file="same", reproduced=False),
    )


def of_a_list() -> ReplayReport:
    """A list of two injections, with nothing to compare them with."""
    still = {"sdc": 0, "masked": 4, "lost": 0.0, "shown": []}
    return example_replay(pattern("0"), pattern("=1+1", **still), source="list.csv")


REPLAYS: dict[str, Callable[[], ReplayReport]] = {
    "of-a-report": of_a_report,
    "of-a-list": of_a_list,
}

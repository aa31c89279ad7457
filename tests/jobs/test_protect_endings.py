"""Searches for a protection that end early, or that have nothing to find: each says so."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analyzer.campaign.result import Stop
from analyzer.errors import BudgetTooSmall
from analyzer.errors.interruption import StoppedAtOnce
from analyzer.jobs.observer import SILENT, Silent, Stage
from analyzer.jobs.protect import ProtectionReport, plan_protection
from analyzer.jobs.protection.confirm import OnTarget, PlanFound
from analyzer.jobs.protection.rounds import try_plans
from analyzer.jobs.requests.protect import ProtectRequest
from analyzer.stats.intervals import Interval
from tests.support import tiny_cnn, tiny_data

BUDGET = "sdc <= 0.01 @ one event"

REGION = """
[[region]]
name = "{name}"
kinds = ["{name}"]
raw_fit_per_mbit = {rate}
source = "a test"
standing = "assumed"
"""


class CtrlC(Silent):
    """Presses Ctrl-C when the campaign of this number first makes progress, counted from 1."""

    def __init__(self, campaign: int) -> None:
        self.left = campaign
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        self.left -= 1
        yield

    def tensor(self, index: int, trials: int, share: float) -> None:
        if self.left == 0:
            self.left = -1
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("endings")
    tiny_cnn(found / "tiny.onnx")
    tiny_data(found / "tiny.npz")
    return found


def plan(folder: Path, observer: Any = SILENT, **options: Any) -> ProtectionReport:
    own = {} if "target" in options else {"gate": BUDGET}
    asked = {"jobs": 0, "budget": 120.0, **own, **options}
    files = {"model": folder / "tiny.onnx", "data": folder / "tiny.npz"}
    return plan_protection(ProtectRequest.model_validate({**files, **asked}), observer)


def target(folder: Path, weights: float, biases: float, budget: str = "sdc_fit = 1.0") -> Path:
    file = folder / "target.toml"
    head = 'name = "t"\n[use]\ninferences_per_hour = 1.0\nmission_hours = 1.0\n'
    regions = [
        REGION.format(name=name, rate=rate)
        for name, rate in (("weight", weights), ("bias", biases))
    ]
    file.write_text(head + "".join(regions) + f"[budget]\n{budget}\n")
    return file


def instead(monkeypatch: pytest.MonkeyPatch, change: Callable[[PlanFound], PlanFound]) -> list[int]:
    """Change what confirmations find; returns a list of the seeds of those that were asked for."""
    real, seeds = OnTarget.__call__, list[int]()

    def campaign(self: OnTarget, plans: Any, seed: int, sure: float, seconds: float) -> PlanFound:
        seeds.append(seed)
        return change(real(self, plans, seed, sure, seconds))

    monkeypatch.setattr(OnTarget, "__call__", campaign)
    return seeds


def raising(error: BaseException) -> Callable[[PlanFound], PlanFound]:
    def change(_found: PlanFound) -> PlanFound:
        raise error

    return change


@pytest.mark.parametrize(("weights", "biases"), [(0.0, 0.0), (0.0, 10.0), (10.0, 0.0)])
def test_memories_that_no_event_hits_need_no_protection(
    weights: float, biases: float, folder: Path
) -> None:
    found = plan(folder, target=target(folder, weights, biases))
    assert found.passed
    assert found.record.check_bits == 0
    if not weights + biases:
        assert found.record.budgets[0].unprotected == 0.0


def test_a_budget_of_nothing_ends(folder: Path) -> None:
    """No smaller budget can be drafted for, however many rounds are left."""
    found = plan(folder, gate="sdc <= 0 @ one event", scheme=("secded:64",), budget=6.0)
    assert not found.passed
    assert len(found.record.rounds) == 1


def test_a_budget_that_is_used_up_leaves_the_plan_unconfirmed(folder: Path) -> None:
    found = plan(folder, budget=0.02)
    assert found.status == "undecided"
    assert found.record.rounds == []
    assert found.record.cut_short == ["budget"]
    assert found.record.budgets[0].verdict == "undecided"
    assert "not confirmed" in found.to_text()


def test_a_budget_too_small_for_one_more_campaign_leaves_the_plan_unconfirmed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, raising(BudgetTooSmall("")))
    found = plan(folder)
    assert (found.status, found.record.cut_short) == ("undecided", ["budget"])
    assert found.record.reached
    assert found.record.check_bits > 0
    assert "the --budget ended before the plan was confirmed." in shown(found)


def shown(found: ProtectionReport) -> str:
    return " ".join(found.to_text().split())


def test_a_signal_in_the_survey_ends_the_search(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds, observer = instead(monkeypatch, lambda found: found), CtrlC(1)
    found = plan(folder, observer)
    assert seeds == []
    assert (found.status, found.record.cut_short) == ("undecided", ["interrupted"])
    assert any("the survey was interrupted" in note for note in found.record.notes)
    assert sum("interrupted" in text for text in observer.messages) == 1


def test_a_signal_in_a_confirmation_ends_the_search(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = instead(monkeypatch, lambda found: found)
    found = plan(folder, CtrlC(2), gate="sdc <= 0.002 @ one event")
    assert len(seeds) == 1
    assert (found.status, found.record.cut_short) == ("undecided", ["interrupted"])
    assert len(found.record.rounds) == 1
    assert "its confirmation was interrupted, and does not decide." in shown(found)


def test_a_signal_between_campaigns_gives_what_is_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, raising(KeyboardInterrupt()))
    found = plan(folder)
    assert (found.status, found.record.cut_short) == ("undecided", ["interrupted"])
    assert "the search was interrupted before the plan was confirmed." in shown(found)


def test_a_second_signal_leaves_no_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, raising(StoppedAtOnce()))
    with pytest.raises(StoppedAtOnce):
        plan(folder)


def test_most_bits_out_of_scope_is_no_reason_for_another_plan(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The budgets are met: a plan for smaller ones would be as undecided."""
    seeds = instead(monkeypatch, lambda found: replace(found, share_left_out=0.7))
    found = plan(folder)
    assert len(seeds) == 1
    assert found.status == "undecided"
    assert found.record.budgets[0].verdict == "pass"


def test_a_survey_that_ended_early_rules_out_no_plan(folder: Path) -> None:
    """What is untried counts as harm, which TMR of single upsets cannot be blamed for."""
    found = plan(folder, gate="sdc <= 1e-9 @ one event", scheme=("mset",), budget=0.02)
    assert not found.record.reached
    assert found.status == "undecided"
    assert "a larger --budget may find one" in shown(found)


def test_bounds_of_the_target_that_no_plan_is_judged_by_are_named(folder: Path) -> None:
    bounds = "sdc_fit = 100.0\nmetric_mean = 0.5\ncritical_sdc_fit = 2.0"
    found = plan(folder, target=target(folder, 1.0, 1.0, bounds))
    assert found.passed
    assert "asks for critical_sdc_fit = 2, metric_mean = 0.5, which no plan is judged" in shown(
        found
    )


def test_a_confirmation_without_figures_is_followed_by_no_other_plan(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing says how far from the budget the plan is; drafting others would take time alone."""

    def nothing(found: PlanFound) -> PlanFound:
        figures = dict.fromkeys(found.figures)
        return replace(found, figures=figures, cut_short=frozenset({Stop.BUDGET}))

    seeds = instead(monkeypatch, nothing)
    found = plan(folder)
    assert len(seeds) == 1
    assert (found.status, found.record.cut_short) == ("undecided", ["budget"])
    assert "--budget" in shown(found)


def test_no_other_plan_is_drafted_once_the_time_is_spent(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = instead(monkeypatch, lambda found: replace(found, figures={"sdc": MISSED}))
    monkeypatch.setattr("analyzer.jobs.protection.rounds.draft_plan", raising(AssertionError()))
    drained = iter([1.0, 0.0, 0.0])
    real = try_plans
    monkeypatch.setattr(
        "analyzer.jobs.protect.try_plans",
        lambda variants, terms, _left: real(variants, terms, lambda: next(drained)),
    )
    found = plan(folder)
    assert len(seeds) == 1
    assert not found.passed
    assert found.record.cut_short == ["budget"]


MISSED = Interval(0.5, 0.4, 0.6)

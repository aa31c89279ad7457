"""One self-test: questions with known answers, and the fast engine against the oracle."""

from dataclasses import dataclass, replace
from functools import partial

from analyzer.answers import Answer, Failure, Feeds
from analyzer.errors import GoldenFailed, UnclearAnswer
from analyzer.evaluation.dataset import AnyBatch, Dataset, make_batches
from analyzer.evaluation.definition import AnswerDefinition
from analyzer.evaluation.of_model import check_repeatable, define_for_model
from analyzer.faults.space import FaultSpace
from analyzer.jobs.data import batch_size, find_data
from analyzer.jobs.demonstration import demonstration_model
from analyzer.jobs.devices import on_device, start_device
from analyzer.jobs.observer import SILENT, CountStage, Observer
from analyzer.jobs.provenance import platform_name, tool_part
from analyzer.jobs.report import Report, Status
from analyzer.jobs.requests.checks import SelfTestRequest
from analyzer.jobs.sources import open_model
from analyzer.known_answers.suite import SuiteResult, run_suite
from analyzer.model import Model
from analyzer.reports.selftest import (
    known_answers_text,
    selftest_text,
    two_devices_text,
    verdict_lines,
)
from analyzer.reports.tables import Row
from analyzer.runtime.executor import CampaignExecutor
from analyzer.runtime.open import open_executor, open_live
from analyzer.runtime.oracle.rewrite import RewriteExecutor
from analyzer.runtime.ort.device import CPU, Device
from analyzer.verification.decisions import judge_of_decisions, same_outcomes
from analyzer.verification.selftest import (
    SameOutcomes,
    SelfTest,
    nothing_judged,
    run_selftest,
    test_patterns,
)
from analyzer.verification.two_devices import DeviceDifference, run_on_both

DEFAULT_BATCH = 4
"""Images per run if nobody says."""


@dataclass(frozen=True)
class EngineCheck:
    """The fast engine compared with the oracle on one model.

    Attributes:
        found: Answers that agree, and those that differ.
        text: The comparison in a few lines.
        devices: The same patterns on the CPU, where another device was asked for.
        device: Name of that device.
    """

    found: SelfTest
    text: str
    devices: DeviceDifference | None = None
    device: str = ""


@dataclass(frozen=True)
class SelfTestFound:
    """Findings of a self-test.

    Attributes:
        known: Answers to the questions with known answers.
        engine: The engine compared with the oracle; None: this was left out.
    """

    known: SuiteResult
    engine: EngineCheck | None


@dataclass(frozen=True, repr=False, kw_only=True)
class SelfTestReport(Report[SelfTestFound]):
    """A finished self-test."""

    @property
    def passed(self) -> bool:
        """True if all known answers were given, and engine and oracle were compared and agree."""
        engine = self.record.engine
        return self.record.known.passed and (engine is None or engine.found.passed)

    @property
    def status(self) -> Status:
        """OK if the self-test passed; undecided if there was nothing to compare; else failed."""
        engine = self.record.engine
        if self.passed:
            return Status.OK
        found_nothing = engine is not None and engine.found.agreed and self.record.known.passed
        return Status.UNDECIDED if found_nothing else Status.FAILED

    def to_text(self) -> str:
        """Versions, one line per topic, the comparison, and verdicts."""
        engine = self.record.engine
        parts = [known_answers_text(self.record.known, tool_part(), platform_name())]
        if engine is not None:
            parts.append(engine.text)
            if engine.devices is not None:
                parts.append(two_devices_text(engine.devices, engine.device))
        return "".join(parts)

    def to_verdict(self) -> str:
        """The verdicts on the known answers and on the comparison."""
        return verdict_lines(self.to_text())

    def rows(self) -> list[Row]:
        """One row per topic of the known answers: questions asked, and answers that differ."""
        return [
            {"topic": t.title, "asked": len(t.findings), "differing": len(t.differing)}
            for t in self.record.known.topics
        ]


def check_engine(request: SelfTestRequest, observer: Observer = SILENT) -> SelfTestReport:
    """Ask for known answers; compare live weights with the edited file.

    The model is read before anything is asked, so that bad input is refused at once.

    Args:
        request: what is asked for.
        observer: is told how it goes.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
        NotRestored: afterwards a live weight is not golden.
    """
    request.check()
    bench = None if request.known_answers_only else _prepare(request, observer)
    known = run_suite()
    engine = None if bench is None else bench.compare(observer)
    return SelfTestReport(record=SelfTestFound(known, engine))


@dataclass(frozen=True)
class _Bench:
    """A model opened by both executors, and what is fed."""

    request: SelfTestRequest
    model: Model
    space: FaultSpace
    batch: AnyBatch
    feeds: Feeds
    data: Dataset
    first: Answer
    live: CampaignExecutor
    oracle: RewriteExecutor
    device: Device

    def compare(self, observer: Observer) -> EngineCheck:
        """Run all patterns through both; on another device than the CPU, on the CPU as well."""
        request, space = self.request, self.space
        fault, count, seed = request.fault, request.patterns, request.seed
        observer.prepared()
        with observer.stage(CountStage(count, "comparing")):
            drawn = test_patterns(space, fault, count, seed)
            plain = self._plain()
            same = self._same_outcomes() if plain else nothing_judged
            found = run_selftest(
                self.live, self.oracle, space, self.feeds, drawn, observer.step, plain, same
            )
        found = replace(found, unserved=self.live.oracle_runs)
        text = self._text(found)
        if self.device == CPU:
            return EngineCheck(found, text)
        with observer.stage(CountStage(count, "on the cpu")):
            drawn = test_patterns(space, fault, count, seed)
            here = open_live(self.model, space, self.feeds)
            images = self.batch.images
            asked = self._definition()
            apart = run_on_both(self.live, here, self.feeds, asked, images, drawn, observer.step)
        return EngineCheck(found, text, apart, self.device.shown)

    def _definition(self) -> AnswerDefinition:
        return define_for_model(self.model, self.data, self.batch, self.first, self.live.run)

    def _same_outcomes(self) -> SameOutcomes:
        """The comparison of outcomes; of nothing where no rule tells what an answer is."""
        try:
            judge = judge_of_decisions(self._definition(), self.first, self.batch.images)
        except (GoldenFailed, UnclearAnswer):
            return nothing_judged
        return partial(same_outcomes, judge, self.batch.images)

    def _plain(self) -> RewriteExecutor | None:
        """The oracle of weights that are not packed, where live weights round like them."""
        layout = self.live.layout
        if layout is None or layout.reordered is None:
            return None
        return RewriteExecutor(self.model, self.space, self.device, pack=False)

    def _text(self, found: SelfTest) -> str:
        request, live = self.request, self.live
        kind = f"{request.fault}, {request.encoding}, seed {request.seed}"
        if self.device != CPU:
            kind += f", {self.device.shown}"
        subject = (self.model.path.name, self.model.sha256)
        return selftest_text(subject, kind, self.space, live.layout, live.reloads, found)


def _prepare(request: SelfTestRequest, observer: Observer) -> _Bench:
    device = start_device(request.device, observer, request.precise_int8)
    request = on_device(request, device)
    model = open_model(request.model or demonstration_model())
    space = model.space(request.selection, request.encoding)
    data = find_data(model, request, observer)
    size = batch_size(model, request, len(data), DEFAULT_BATCH)
    fixed = model.signature.fixed_batch is not None
    batch = make_batches(data.first(size), size, request.seed, fixed)[0]
    feeds = batch.feeds(model.signature.name)
    live = open_executor(model, space, feeds, device)
    first = live.run(feeds)
    if isinstance(first, Failure):
        raise GoldenFailed(f"the model fails without any fault: {first.message}")
    check_repeatable(model, batch, first, live.run, exact=device.on_cpu)
    oracle = RewriteExecutor(model, space, device)
    return _Bench(request, model, space, batch, feeds, data, first, live, oracle, device)

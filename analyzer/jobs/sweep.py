"""One analysis from settings to exit code: prepare, run, judge, report."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from pathlib import Path
from threading import Thread

from analyzer.campaign.journal.journal import Journal
from analyzer.campaign.result import CampaignResult
from analyzer.campaign.runner import Pool, run_campaign
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.cli.app import Exit
from analyzer.cli.devices import on_device
from analyzer.cli.output import check_targets, say, tell, write_whole
from analyzer.cli.process.heartbeat import HEARTBEAT
from analyzer.cli.progress import show_progress
from analyzer.gate import deciders, judge_gate
from analyzer.jobs.journals import journal_of, say_how_to_resume, shard_done
from analyzer.jobs.prepare import Analysis, prepare_analysis
from analyzer.jobs.provenance import run_part, tool_part
from analyzer.jobs.settings import Settings
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.memory.array_file import nameless_file, path_of
from analyzer.memory.shared_arrays import SharedArrays
from analyzer.model import Model
from analyzer.reports.shared.number_format import METRIC_NAMES
from analyzer.reports.sweep.build import build_report
from analyzer.reports.sweep.record import Report
from analyzer.reports.sweep.text import to_text
from analyzer.runtime.layout.layout import Layout

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter while another waits for it: by default ten times as
long, which two workers on small models feel (`benchmarks/scaling.py`)."""


class NullStore:
    """A store that keeps nothing: ``--journal none``."""

    def known(self, cell: object) -> tuple[()]:
        """Nothing."""
        return ()

    def put(self, result: object) -> None:
        """Forget it."""

    def tick(self) -> None:
        """Nothing is due."""


LARGE_MODEL = 10_000_000
"""Bytes of a model whose preparation takes longer than to start a worker."""


def analyze(model_path: Path, settings: Settings) -> Exit:
    """Run one analysis and write what was asked for."""
    with WorkerProcesses() as crew:
        return _analyze(model_path, settings, crew)


def _analyze(model_path: Path, settings: Settings, crew: WorkerProcesses) -> Exit:
    settings = on_device(settings)
    targets = [path for path in (settings.json_path, settings.html_path) if path]
    check_targets(targets, [model_path, *([settings.data] if settings.data else [])])
    watch = Stopwatch(settings.budget, settings.inline)
    analysis = prepare_analysis(model_path, settings, early_start(crew, settings), watch)
    with journal_of(analysis, settings) as journal:
        result = _campaign(analysis, settings, journal, watch, crew)
    where = journal.path if journal else None
    if settings.shard.count > 1:
        trials = sum(r.tally.trials for r in result.rates)
        return shard_done(settings.shard, trials, result.cut_short, where)
    report = _report(analysis, result, watch, where)
    _write(report, settings)
    say(to_text(report))
    for target in targets:
        tell(f"wrote {target}")
    say_how_to_resume(result.cut_short, where)
    return _exit_code(report, result)


def _campaign(
    analysis: Analysis,
    settings: Settings,
    journal: Journal | None,
    watch: Stopwatch,
    crew: WorkerProcesses,
) -> CampaignResult:
    plan = analysis.context.plan
    with (
        watch.interruptible(),
        open_pool(analysis, settings, crew) as pool,
        show_progress(plan.rates, METRIC_NAMES[plan.metric]) as observer,
    ):
        store = journal or NullStore()
        asked = deciders(analysis.conditions) if settings.until == "gate" else {}
        return run_campaign(analysis.context, pool, store, watch, observer, settings.shard, asked)


def early_start(crew: WorkerProcesses, settings: Settings) -> Callable[[Model], None]:
    """What starts all worker processes while a large model is prepared.

    In this process, a thread imports meanwhile what is needed at the end alone.
    """

    def start(model: Model) -> None:
        if model.size < LARGE_MODEL:
            return
        if settings.cluster is None and not settings.inline:
            crew.start(settings.worker_count)
        Thread(target=import_module, args=("scipy.special",), daemon=True).start()

    return start


@contextmanager
def open_pool(
    analysis: Analysis, settings: Settings, crew: WorkerProcesses | None = None
) -> Iterator[Pool]:
    """Where blocks run: a cluster, worker processes, or (``--jobs 0``) this process."""
    from analyzer.campaign.workers.local_pool import InlinePool, LocalPool

    if settings.inline:
        with InlinePool(analysis.context) as here:
            yield here
        return
    with shipment_of(analysis, settings) as shipment, swift_threads():
        analysis.executor.release()
        analysis.rest()
        if settings.cluster is None:
            jobs = settings.worker_count
            with LocalPool(analysis.context, shipment, jobs, crew) as processes:
                yield processes
            return
        from analyzer.campaign.workers.dask_pool import ClusterPool

        HEARTBEAT.end()  # a cluster may take hours to give this campaign its first worker
        with ClusterPool(settings.cluster, analysis.context, shipment, time.monotonic) as cluster:
            yield cluster


@contextmanager
def shipment_of(analysis: Analysis, settings: Settings) -> Iterator[Path]:
    """What workers need, as a file without a name: it is gone with this process, however it ends.

    Raises:
        UnwritableOutput: there is no room for it.
    """
    from analyzer.campaign.workers.payload import WorkerPayload

    context, model, device = analysis.context, analysis.model, analysis.device
    layout, shelf, cache = None, None, settings.cache
    if settings.cluster is None:
        layout = analysis.executor.layout
        cache, shelf = _cache_of(analysis, layout, settings)
    shipment = WorkerPayload.of(context, model, cache, layout, device, shelf)
    files = [model.file, layout.file if layout else None] if settings.cluster is None else []
    with ExitStack() as kept:
        if shelf is not None and shelf.stream is not None:
            kept.enter_context(shelf.stream)
        stream = kept.enter_context(nameless_file(shipment.parts([f for f in files if f])))
        yield Path(path_of(stream))


def _cache_of(
    analysis: Analysis, layout: Layout | None, settings: Settings
) -> tuple[int, SharedArrays | None]:
    """Bytes that golden values may take in each worker here, or in what they have in common."""
    from analyzer.campaign.workers.payload import shelf_for

    if not analysis.device.on_cpu:
        return settings.cache // settings.worker_count, None
    cache = settings.golden_cache(layout.file.size if layout and layout.file else 0)
    shelf = shelf_for(analysis.context, cache) if settings.worker_count > 1 else None
    return cache if shelf else cache // settings.worker_count, shelf


@contextmanager
def swift_threads() -> Iterator[None]:
    """Hand the interpreter over sooner: a worker waits for the thread that sends it more."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _report(
    analysis: Analysis, result: CampaignResult, watch: Stopwatch, journal: Path | None
) -> Report:
    judgements = judge_gate(analysis.conditions, result)
    return build_report(
        result,
        analysis.model,
        analysis.space,
        analysis.data,
        judgements,
        tool_part(analysis.device),
        run_part(watch, journal),
    )


def _write(report: Report, settings: Settings) -> None:
    if settings.json_path:
        from analyzer.reports.sweep.record import to_json

        write_whole(settings.json_path, to_json(report))
    if settings.html_path:
        from analyzer.reports.sweep.html import to_html

        write_whole(settings.html_path, to_html(report))


def _exit_code(report: Report, result: CampaignResult) -> Exit:
    verdict = report.gate.verdict
    if verdict == "pass" or (verdict is None and result.complete):
        return Exit.OK
    return Exit.FAILED if verdict == "fail" else Exit.UNDECIDED

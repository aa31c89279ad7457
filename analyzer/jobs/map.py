"""One vulnerability map from settings to exit code: prepare, run, report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analyzer.campaign.maps.map import VulnerabilityMap
from analyzer.campaign.maps.result import TensorFound
from analyzer.campaign.maps.run import ShareDone, run_map, run_share
from analyzer.campaign.maps.task import TensorTask
from analyzer.campaign.runner import Store
from analyzer.campaign.workers.processes import WorkerProcesses
from analyzer.cli.app import Exit
from analyzer.cli.devices import on_device
from analyzer.cli.output import check_targets, say, tell, write_whole
from analyzer.cli.progress import LOG_EVERY_SECONDS
from analyzer.faults.site_strata import split_sites
from analyzer.jobs.journals import Purpose, journal_of, say_how_to_resume, shard_done
from analyzer.jobs.prepare import Analysis, prepare_analysis
from analyzer.jobs.provenance import run_part, tool_part
from analyzer.jobs.settings import MapSettings
from analyzer.jobs.stopwatch import Stopwatch
from analyzer.jobs.sweep import NullStore, early_start, open_pool
from analyzer.model import Model
from analyzer.reports.map.build import build_map_report
from analyzer.reports.map.record import MapReport, to_json
from analyzer.reports.map.text import to_csv, to_text
from analyzer.runtime.ort.golden_model import golden_values

Tell = Callable[[TensorTask], None]


def make_map(model: Path, settings: MapSettings) -> Exit:
    """Make one map, or a share of one, and write what was asked for.

    Args:
        model: the ONNX file.
        settings: as of a run; the precision is the margin.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    with WorkerProcesses() as crew:
        return _make_map(model, settings, crew)


def _make_map(model: Path, settings: MapSettings, crew: WorkerProcesses) -> Exit:
    settings = on_device(settings)
    targets = [p for p in (settings.json_path, settings.html_path, settings.csv_path) if p]
    check_targets(targets, [model, *([settings.data] if settings.data else [])])
    watch = Stopwatch(settings.budget, settings.inline)
    analysis = prepare_map(model, settings, early_start(crew, settings), watch)
    with journal_of(analysis, settings, Purpose.MAP) as journal:
        tensors = _run(analysis, settings, journal or NullStore(), watch, crew)
    where = journal.path if journal else None
    if isinstance(tensors, ShareDone):
        stops = [tensors.stop] if tensors.stop else []
        return shard_done(settings.shard, tensors.trials, stops, where)
    plan, golden = analysis.context.plan, analysis.context.golden_metric
    found = VulnerabilityMap(plan, golden, analysis.space, tensors)
    report = build_map_report(
        found,
        analysis.model,
        analysis.data,
        tool_part(analysis.device),
        run_part(watch, where),
        settings.exhaustive,
    )
    _write(report, settings)
    say(to_text(report))
    for target in targets:
        tell(f"wrote {target}")
    say_how_to_resume(found.cut_short, where)
    return Exit.OK if found.complete else Exit.UNDECIDED


def prepare_map(
    model: Path,
    settings: MapSettings,
    begin: Callable[[Model], object] = lambda _: None,
    watch: Stopwatch | None = None,
) -> Analysis:
    """Everything that a map needs, its fault sites in strata; arguments as in preparing a run.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    analysis = prepare_analysis(model, settings, begin, watch)
    plan = replace(analysis.context.plan, rates=())
    golden = golden_values(analysis.model, analysis.space)
    sites = split_sites(analysis.space, golden, plan.fault)
    context = replace(analysis.context, plan=plan, severity=None, sites=sites)
    return replace(analysis, context=context)


def _run(
    analysis: Analysis, settings: MapSettings, store: Store, watch: Stopwatch, crew: WorkerProcesses
) -> tuple[TensorFound, ...] | ShareDone:
    context, every, shard = analysis.context, settings.exhaustive, settings.shard
    with (
        watch.interruptible(),
        open_pool(analysis, settings, crew) as pool,
        show_tensors(len(analysis.space.tensors)) as observer,
    ):
        if shard.count > 1:
            return run_share(context, pool, store, watch, observer, every, shard)
        return run_map(context, pool, store, watch, observer, every)


def _write(report: MapReport, settings: MapSettings) -> None:
    if settings.json_path:
        write_whole(settings.json_path, to_json(report))
    if settings.html_path:
        from analyzer.reports.map.html import to_html

        write_whole(settings.html_path, to_html(report))
    if settings.csv_path:
        write_whole(settings.csv_path, to_csv(report))


@contextmanager
def show_tensors(total: int) -> Iterator[Tell]:
    """An observer that draws one bar on a terminal and writes occasional lines elsewhere."""
    console = Console(stderr=True)
    shares: dict[int, tuple[float, int]] = {}
    last = time.monotonic()

    def done() -> tuple[float, int]:
        return sum(s for s, _ in shares.values()), sum(n for _, n in shares.values())

    def lines(task: TensorTask) -> None:
        nonlocal last
        shares[task.tensor] = task.share(), task.shown
        if time.monotonic() - last >= LOG_EVERY_SECONDS:
            last = time.monotonic()
            share, trials = done()
            text = f"map: {share:.1f} of {total} tensors, {trials:,} trials"
            console.print(text, highlight=False)

    if not console.is_terminal:
        yield lines
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[trials]:>16}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("map", total=total, trials="")

        def draw(task: TensorTask) -> None:
            shares[task.tensor] = task.share(), task.shown
            share, trials = done()
            progress.update(bar, completed=share, trials=f"{trials:,} trials")

        yield draw

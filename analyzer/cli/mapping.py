"""One vulnerability map from settings to exit code: prepare, run, report."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from analyzer.campaign.crew import Crew
from analyzer.campaign.result import Stop
from analyzer.campaign.vulnerability import TensorTask, run_map
from analyzer.campaign.vulnerability_map import VulnerabilityMap
from analyzer.cli.analysis import Forgetful, early_start, open_pool
from analyzer.cli.app import Exit
from analyzer.cli.devices import on_device
from analyzer.cli.journals import journal_of_map
from analyzer.cli.output import check_targets, say, tell, write_whole
from analyzer.cli.progress import LOG_EVERY_SECONDS
from analyzer.cli.provenance import run_part, tool_part
from analyzer.cli.settings import Settings, read_settings
from analyzer.cli.setup import Analysis, prepare_analysis
from analyzer.cli.stopwatch import Stopwatch
from analyzer.cli.vulnerability import DEFAULTS
from analyzer.errors import BadOption
from analyzer.model import Model
from analyzer.reports.vulnerability import MapReport, to_json
from analyzer.reports.vulnerability_build import build_map_report
from analyzer.reports.vulnerability_text import to_csv, to_text
from analyzer.runtime.executor import golden_values
from analyzer.sites import split_sites

Tell = Callable[[TensorTask], None]


@dataclass(frozen=True)
class MapRequest:
    """What is asked for.

    Attributes:
        model: The ONNX file.
        settings: As of a run; the precision is the margin.
        exhaustive: Whether every upset is to meet every image.
        csv_path: Where the table goes, if anywhere.
    """

    model: Path
    settings: Settings
    exhaustive: bool = False
    csv_path: Path | None = None


def read_map_settings(flags: dict[str, Any]) -> Settings:
    """The settings of a map, checked under the names of its own flags.

    Raises:
        BadOption: a flag has a bad value.
    """
    given = {**DEFAULTS, **{k: v for k, v in flags.items() if v is not None}}
    try:
        return read_settings(None, given)
    except BadOption as error:
        raise BadOption(str(error).replace("--precision ", "--margin ", 1)) from error


def make_map(request: MapRequest) -> Exit:
    """Make one map and write what was asked for.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    with Crew() as crew:
        return _make_map(request, crew)


def _make_map(request: MapRequest, crew: Crew) -> Exit:
    settings = on_device(request.settings)
    request = replace(request, settings=settings)
    targets = [p for p in (settings.json_path, settings.html_path, request.csv_path) if p]
    check_targets(targets, [request.model, *([settings.data] if settings.data else [])])
    watch = Stopwatch(settings.budget, settings.inline)
    analysis = prepare_map(request.model, settings, early_start(crew, settings))
    with journal_of_map(analysis, settings) as journal:
        tensors = _run(analysis, request, watch, journal or Forgetful(), crew)
    where = journal.path if journal else None
    plan, golden = analysis.bench.plan, analysis.bench.golden_metric
    found = VulnerabilityMap(plan, golden, analysis.space, tensors)
    report = build_map_report(
        found,
        analysis.model,
        analysis.data,
        tool_part(analysis.device),
        run_part(watch, where),
        request.exhaustive,
    )
    _write(report, request)
    say(to_text(report))
    for target in targets:
        tell(f"wrote {target}")
    if not found.complete:
        _say_how_to_go_on(found, where)
    return Exit.OK if found.complete else Exit.UNDECIDED


def prepare_map(
    model: Path, settings: Settings, begin: Callable[[Model], object] = lambda _: None
) -> Analysis:
    """Everything that a map needs, its fault sites in strata; ``begin``: as in preparing a run.

    Raises:
        RelcheckError: whatever is wrong with the request, the model or the data.
    """
    analysis = prepare_analysis(model, settings, begin)
    sites = split_sites(analysis.space, golden_values(analysis.model, analysis.space))
    plan = replace(analysis.bench.plan, rates=())
    bench = replace(analysis.bench, plan=plan, severity=None, sites=sites)
    return replace(analysis, bench=bench)


def _run(analysis: Analysis, request: MapRequest, watch: Stopwatch, store: Any, crew: Crew) -> Any:
    bench = analysis.bench
    with (
        watch.interruptible(),
        open_pool(analysis, request.settings, crew) as pool,
        show_tensors(len(analysis.space.tensors)) as observer,
    ):
        return run_map(bench, pool, store, watch, observer, request.exhaustive)


def _write(report: MapReport, request: MapRequest) -> None:
    settings = request.settings
    if settings.json_path:
        write_whole(settings.json_path, to_json(report))
    if settings.html_path:
        from analyzer.reports.vulnerability_html import to_html

        write_whole(settings.html_path, to_html(report))
    if request.csv_path:
        write_whole(request.csv_path, to_csv(report))


def _say_how_to_go_on(found: VulnerabilityMap, journal: Path | None) -> None:
    interrupted = any(t.stop is Stop.INTERRUPTED for t in found.tensors)
    why = "interrupted" if interrupted else "the budget is spent"
    kept = f"; finished work is in {journal}: the same command goes on" if journal else ""
    tell(f"{why}{kept}")


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

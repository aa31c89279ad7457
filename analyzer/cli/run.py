"""``relcheck run MODEL``: the sweep, the table, the reports, the gate."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analyzer.cli.app import Exit, app

if TYPE_CHECKING:
    from analyzer.campaign.result import CampaignResult
    from analyzer.cli.settings import Settings
    from analyzer.cli.setup import Analysis
    from analyzer.reports.report import Report

_FAULTS = "What happens"
_DATA = "Data"
_EFFORT = "Effort"
_OUT = "Verdict and reports"


def _option(panel: str, text: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=text, rich_help_panel=panel, show_default=False, **more)


@app.command()
def run(
    model: Annotated[
        Path | None,
        typer.Argument(help="The ONNX model; without one, the demonstration model.", metavar="MODEL"),
    ] = None,
    rates: Annotated[
        str | None,
        _option(_FAULTS, "Bit error rates: A..B on the 1-3 grid, or a,b,c. [1e-7..3e-5]"),
    ] = None,
    exposure: Annotated[
        str | None,
        _option(_FAULTS, "transient (new faults each batch) or resident. [transient]"),
    ] = None,
    encoding: Annotated[
        str | None, _option(_FAULTS, "How values are held: stored or q15.16. [stored]")
    ] = None,
    fault: Annotated[
        str | None, _option(_FAULTS, "flip, burst:K, stuck0 or stuck1. [flip]")
    ] = None,
    include: Annotated[
        list[str] | None, _option(_FAULTS, "Only tensors whose name matches. May be repeated.")
    ] = None,
    exclude: Annotated[
        list[str] | None, _option(_FAULTS, "No tensors whose name matches. May be repeated.")
    ] = None,
    kinds: Annotated[
        str | None,
        _option(_FAULTS, "Only these: weight,bias,scale,zero-point,norm,constant."),
    ] = None,
    data: Annotated[
        Path | None,
        _option(_DATA, ".npz with images and labels, or an image folder. [named by the model]"),
    ] = None,
    images: Annotated[int | None, _option(_DATA, "Use only the first so many images.")] = None,
    metric: Annotated[
        str | None, _option(_DATA, "top1, top5 or agreement. [top1 where there are labels]")
    ] = None,
    layout: Annotated[str | None, _option(_DATA, "NCHW or NHWC.")] = None,
    color: Annotated[str | None, _option(_DATA, "RGB or BGR.")] = None,
    resize: Annotated[str | None, _option(_DATA, "Shorter side, in pixels.")] = None,
    crop: Annotated[str | None, _option(_DATA, "Side of the central crop, in pixels.")] = None,
    scale: Annotated[str | None, _option(_DATA, "Factor on pixels 0..255. [1/255]")] = None,
    mean: Annotated[str | None, _option(_DATA, "Per channel, of the scaled pixel.")] = None,
    std: Annotated[str | None, _option(_DATA, "Per channel, of the scaled pixel.")] = None,
    precision: Annotated[
        float | None, _option(_EFFORT, "Half-width at which a rate is done. [0.01]")
    ] = None,
    confidence: Annotated[float | None, _option(_EFFORT, "Of every interval. [0.95]")] = None,
    budget: Annotated[str | None, _option(_EFFORT, "CPU time: 90s, 10m, 2h. [10m]")] = None,
    batch: Annotated[int | None, _option(_EFFORT, "Images per run. [32]")] = None,
    seed: Annotated[int | None, _option(_EFFORT, "Of every random number. [0]")] = None,
    device: Annotated[str | None, _option(_EFFORT, "Where to run: cpu. [cpu]")] = None,
    gate: Annotated[
        list[str] | None,
        _option(_OUT, "A requirement like 'top1 >= 0.90 @ 1e-6'. May be repeated."),
    ] = None,
    json: Annotated[Path | None, _option(_OUT, "Write the JSON report here.")] = None,
    html: Annotated[Path | None, _option(_OUT, "Write the HTML report here.")] = None,
    config: Annotated[
        Path | None, _option(_OUT, "Read options from this TOML file; flags override it.")
    ] = None,
) -> None:
    """Sweep bit error rates; print a table, judge gates, write reports.

    Example: relcheck run model.onnx --rates 1e-7..1e-4 --gate 'top1 >= 0.9 @ 1e-6'
    """
    flags = {k: v for k, v in locals().items() if k not in {"model", "config"}}
    from analyzer.cli.embedded import embedded_model
    from analyzer.cli.settings import read_settings

    settings = read_settings(config, flags)
    raise typer.Exit(analyze(model or embedded_model(), settings))


def analyze(model_path: Path, settings: "Settings") -> Exit:
    """Run one analysis and write what was asked for."""
    from analyzer.cli.output import check_writable, write_whole
    from analyzer.cli.setup import prepare_analysis
    from analyzer.cli.stopwatch import Stopwatch
    from analyzer.gate import judge_gate, overall

    for target in (settings.json_path, settings.html_path):
        if target:
            check_writable(target)
    watch = Stopwatch(settings.budget)
    analysis = prepare_analysis(model_path, settings)
    result = _campaign(analysis, watch)
    judgements = judge_gate(analysis.conditions, result)
    report = _report(analysis, result, judgements, watch)
    _print(report)
    if settings.json_path:
        from analyzer.reports.report import to_json

        write_whole(settings.json_path, to_json(report))
    if settings.html_path:
        from analyzer.reports.html import to_html

        write_whole(settings.html_path, to_html(report))
    for target in (settings.html_path, settings.json_path):
        if target:
            typer.echo(f"wrote {target}", err=True)
    return _exit_code(overall(judgements), result)


def _campaign(analysis: "Analysis", watch: Any) -> "CampaignResult":
    from analyzer.campaign.runner import run_campaign
    from analyzer.cli.progress import show_progress
    from analyzer.reports.figures import METRIC_NAMES

    plan = analysis.bench.plan
    with watch.interruptible(), show_progress(plan.rates, METRIC_NAMES[plan.metric]) as observer:
        return run_campaign(analysis.bench, watch, observer)


def _report(analysis: "Analysis", result: "CampaignResult", judgements: Any, watch: Any) -> "Report":
    from analyzer.cli.provenance import run_part, tool_part
    from analyzer.reports.build import build_report

    return build_report(
        result,
        analysis.model,
        analysis.space,
        analysis.data,
        judgements,
        tool_part(),
        run_part(watch),
    )


def _print(report: "Report") -> None:
    from analyzer.reports.text import to_text

    typer.echo(to_text(report), nl=False)


def _exit_code(verdict: Any, result: "CampaignResult") -> Exit:
    from analyzer.gate import Verdict

    if verdict is Verdict.PASS or (verdict is None and result.complete):
        return Exit.OK
    return Exit.FAILED if verdict is Verdict.FAIL else Exit.UNDECIDED

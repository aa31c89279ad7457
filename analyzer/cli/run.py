"""``relcheck run MODEL``: the sweep, the table, the reports, the gate."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli.app import app

_FAULTS = "What happens"
_DATA = "Data"
_EFFORT = "Effort"
_OUT = "Verdict and reports"


def _option(panel: str, metavar: str, text: str, **more: Any) -> Any:
    return typer.Option(
        help=text, metavar=metavar, rich_help_panel=panel, show_default=False, **more
    )


@app.command()
def run(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="The ONNX model; without one, the demonstration model.", metavar="MODEL"
        ),
    ] = None,
    rates: Annotated[
        str | None,
        _option(_FAULTS, "RATES", "A..B on the 1-3 grid, or a,b,c (default 1e-7..3e-5)."),
    ] = None,
    exposure: Annotated[
        str | None,
        _option(
            _FAULTS, "WORD", "transient: new faults each batch (default); resident: they stay."
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        _option(_FAULTS, "WORD", "How values are held: stored (default) or q15.16."),
    ] = None,
    fault: Annotated[
        str | None, _option(_FAULTS, "WORD", "flip (default), burst:K, stuck0 or stuck1.")
    ] = None,
    include: Annotated[
        list[str] | None, _option(_FAULTS, "GLOB", "Only tensors of such a name (repeatable).")
    ] = None,
    exclude: Annotated[
        list[str] | None, _option(_FAULTS, "GLOB", "No tensors of such a name (repeatable).")
    ] = None,
    kinds: Annotated[
        str | None,
        _option(_FAULTS, "LIST", "Of weight,bias,scale,zero-point,norm,constant (default all)."),
    ] = None,
    data: Annotated[
        Path | None,
        _option(_DATA, "PATH", ".npz or image folder (default: what the model names)."),
    ] = None,
    images: Annotated[int | None, _option(_DATA, "N", "Use only the first N images.")] = None,
    metric: Annotated[
        str | None, _option(_DATA, "WORD", "top1 (default with labels), top5 or agreement.")
    ] = None,
    layout: Annotated[str | None, _option(_DATA, "WORD", "NCHW or NHWC.")] = None,
    color: Annotated[str | None, _option(_DATA, "WORD", "RGB or BGR.")] = None,
    resize: Annotated[str | None, _option(_DATA, "PIXELS", "Of the shorter side.")] = None,
    crop: Annotated[str | None, _option(_DATA, "PIXELS", "Of the central square.")] = None,
    scale: Annotated[
        str | None, _option(_DATA, "X", "Factor on pixels 0..255 (default 1/255).")
    ] = None,
    mean: Annotated[str | None, _option(_DATA, "X,..", "Of the scaled pixel.")] = None,
    std: Annotated[str | None, _option(_DATA, "X,..", "Of the scaled pixel.")] = None,
    precision: Annotated[
        float | None,
        _option(_EFFORT, "X", "Half-width at which a rate is done (default 0.01)."),
    ] = None,
    confidence: Annotated[
        float | None, _option(_EFFORT, "X", "Of every interval (default 0.95).")
    ] = None,
    budget: Annotated[
        str | None, _option(_EFFORT, "TIME", "CPU time like 90s, 10m, 2h (default 10m).")
    ] = None,
    batch: Annotated[
        int | None, _option(_EFFORT, "N", "Images per run (default: by the model's work).")
    ] = None,
    seed: Annotated[
        int | None, _option(_EFFORT, "N", "Of every random number (default 0).")
    ] = None,
    jobs: Annotated[
        int | None,
        _option(
            _EFFORT,
            "N",
            "Worker processes (default: cores); 0: none, in this process.",
            envvar="RELCHECK_JOBS",
            show_envvar=False,
        ),
    ] = None,
    cluster: Annotated[
        str | None, _option(_EFFORT, "URL", "Run on a Dask cluster, like tcp://host:8786.")
    ] = None,
    journal: Annotated[
        str | None,
        _option(_EFFORT, "FILE", "Keep finished work here; none: nowhere (default: cache folder)."),
    ] = None,
    shard: Annotated[
        str | None, _option(_EFFORT, "I/N", "Run only share I of N; join by relcheck merge.")
    ] = None,
    device: Annotated[str | None, _option(_EFFORT, "WORD", "Where to run: cpu.")] = None,
    gate: Annotated[
        list[str] | None,
        _option(_OUT, "TEXT", "Like 'top1 >= 0.90 @ 1e-6' (repeatable)."),
    ] = None,
    json: Annotated[Path | None, _option(_OUT, "FILE", "Write the JSON report.")] = None,
    html: Annotated[Path | None, _option(_OUT, "FILE", "Write the HTML report.")] = None,
    config: Annotated[
        Path | None, _option(_OUT, "FILE", "Read options from this TOML file; flags win.")
    ] = None,
) -> None:
    """Sweep bit error rates; print a table, judge gates, write reports.

    Example: relcheck run model.onnx --rates 1e-7..1e-4 --gate 'top1 >= 0.9 @ 1e-6'
    """
    flags = {k: v for k, v in locals().items() if k not in {"model", "config"}}
    from analyzer.cli.analysis import analyze
    from analyzer.cli.embedded import embedded_model
    from analyzer.cli.settings import read_settings

    settings = read_settings(config, flags)
    raise typer.Exit(analyze(model or embedded_model(), settings))

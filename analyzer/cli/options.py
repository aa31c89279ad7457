"""The options that commands share: name, value, help text, and the panel that lists them."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from analyzer.cli.report_options import PANEL as _OUT
from analyzer.cli.report_options import outputs
from analyzer.evaluation.metrics import offered_metrics
from analyzer.faults.kinds import offered_faults
from analyzer.faults.protection_forms import offered_protections
from analyzer.reports.formats import RecordKind

_FAULTS = "What happens"
_DATA = "Data"
_EFFORT = "Effort"
_SEARCH = "Search of bounds (clipact)"


_Command = TypeVar("_Command", bound=Callable[..., object])


def takes(**options: Any) -> Callable[[_Command], _Command]:
    """Have typer offer ``options`` for what a command receives as ``**flags``.

    Args:
        options: the annotation of each, by name, in the order in which help lists them; each is
            None where it is not given.
    """

    def offered(command: _Command) -> _Command:
        own = list(inspect.signature(command).parameters.values())[:-1]
        keyword = inspect.Parameter.KEYWORD_ONLY
        new = inspect.Parameter
        shared = [new(n, keyword, default=None, annotation=a) for n, a in options.items()]
        command.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]
        del command.__annotations__["flags"]
        command.__annotations__.update(options)
        return command

    return offered


def _option(panel: str, metavar: str, text: str, **more: Any) -> Any:
    shown: dict[str, Any] = {"metavar": metavar, "rich_help_panel": panel, "show_default": False}
    return typer.Option(help=text, **shown, **more)


def _switch(name: str, text: str) -> Any:
    return typer.Option(name, help=text, rich_help_panel=_EFFORT)


Rates = Annotated[
    str | None, _option(_FAULTS, "RATES", "A..B on the 1-3 grid, or a,b,c (default 1e-7..3e-5).")
]
Exposure = Annotated[
    str | None,
    _option(_FAULTS, "WORD", "transient: new faults each batch (default); resident: they stay."),
]
Encoding = Annotated[
    str | None, _option(_FAULTS, "WORD", "How values are held: stored (default) or q15.16.")
]
Fault = Annotated[str | None, _option(_FAULTS, "WORD", f"{offered_faults(default=True)}.")]
Protect = Annotated[
    str | None, _option(_FAULTS, "TEXT", f"Of the memory: {offered_protections()} (default none).")
]
Protections = Annotated[
    list[str] | None,
    _option(_FAULTS, "TEXT", "Of the memory of each model; of one model: compared with none."),
]
Include = Annotated[
    list[str] | None, _option(_FAULTS, "GLOB", "Only tensors of such a name (repeatable).")
]
Exclude = Annotated[
    list[str] | None, _option(_FAULTS, "GLOB", "No tensors of such a name (repeatable).")
]
Kinds = Annotated[
    str | None,
    _option(_FAULTS, "LIST", "Of weight,bias,scale,zero-point,norm,constant (default all)."),
]
Data = Annotated[
    Path | None, _option(_DATA, "PATH", ".npz or image folder (default: what the model names).")
]
Images = Annotated[
    int | None, _option(_DATA, "N", "Use N images, drawn by the seed, of each class its share.")
]
Labels = Annotated[
    Path | None, _option(_DATA, "FILE", "List of images and classes, for a folder of images.")
]
Expect = Annotated[
    list[str] | None,
    _option(_DATA, "TEXT", "Stop where the fault-free figure is elsewhere, like top1=0.91."),
]
Metric = Annotated[str | None, _option(_DATA, "WORD", f"{offered_metrics()}.")]
Task = Annotated[
    str | None,
    _option(_DATA, "WORD", "Decision rule, NAME[:field=value] or FILE.py:FUNCTION."),
]
Output = Annotated[str | None, _option(_DATA, "NAME", "Judge only this output (default: all).")]
Layout = Annotated[str | None, _option(_DATA, "WORD", "NCHW or NHWC.")]
Color = Annotated[str | None, _option(_DATA, "WORD", "RGB or BGR.")]
Resize = Annotated[str | None, _option(_DATA, "PIXELS", "Of the shorter side.")]
Crop = Annotated[str | None, _option(_DATA, "PIXELS", "Of the central square.")]
Scale = Annotated[str | None, _option(_DATA, "X", "Factor on pixels 0..255 (default 1/255).")]
Mean = Annotated[str | None, _option(_DATA, "X,..", "Of the scaled pixel.")]
Std = Annotated[str | None, _option(_DATA, "X,..", "Of the scaled pixel.")]
Precision = Annotated[
    float | None, _option(_EFFORT, "X", "Half-width at which a rate is done (default 0.01).")
]
Confidence = Annotated[float | None, _option(_EFFORT, "X", "Of every interval (default 0.95).")]
Margin = Annotated[
    float | None,
    _option(_EFFORT, "X", "Half the width of a tensor's intervals when done (default 0.01)."),
]
MapConfidence = Annotated[float | None, _option(_EFFORT, "X", "Of every interval (default 0.99).")]
Exhaustive = Annotated[bool | None, _switch("--exhaustive", "Run every upset on every image.")]
Budget = Annotated[
    str | None, _option(_EFFORT, "TIME", "CPU time like 90s, 10m, 2h (default 10m).")
]
Batch = Annotated[
    int | None, _option(_EFFORT, "N", "Images per run (default: by the model's work).")
]
Seed = Annotated[int | None, _option(_EFFORT, "N", "Of every random number (default 0).")]
Jobs = Annotated[
    int | None,
    _option(
        _EFFORT,
        "N",
        "Worker processes (default: cores); 0: none, in this process.",
        envvar="RELCHECK_JOBS",
        show_envvar=False,
    ),
]
Until = Annotated[
    str | None,
    _option(_EFFORT, "WORD", "precision (default); gate: a rate with a gate ends once decided."),
]
Cache = Annotated[
    str | None,
    _option(_EFFORT, "SIZE", "For golden values and copies of weights, all workers (default 2G)."),
]
Cluster = Annotated[
    str | None, _option(_EFFORT, "URL", "Run on a Dask cluster, like tcp://host:8786.")
]
Journal = Annotated[
    str | None,
    _option(_EFFORT, "FILE", "Keep finished work here; none: nowhere (default: cache folder)."),
]
JournalFolder = Annotated[
    str | None,
    _option(_EFFORT, "FOLDER", "Keep finished work there; none: nowhere (default: cache folder)."),
]
Shard = Annotated[
    str | None, _option(_EFFORT, "I/N", "Run only share I of N; join by relcheck merge.")
]
Device = Annotated[
    str | None,
    _option(_EFFORT, "WORD", "Where to run: cpu (default), cuda, cuda:1, another provider, auto."),
]
Iterations = Annotated[
    int | None,
    _option(_SEARCH, "N", "Narrowings of each bound, at most (default 10).", min=1, max=100),
]
Patterns = Annotated[
    int | None,
    _option(_SEARCH, "N", "Fault patterns of each layer (default 2000).", min=1, max=10_000_000),
]
SearchBudget = Annotated[
    str | None, _option(_SEARCH, "TIME", "CPU time like 90s, 10m, 2h (default: to the end).")
]
SearchState = Annotated[
    Path | None,
    _option(_SEARCH, "FILE", "Keep what is found here till the end (default OUT.search.json)."),
]
PreciseInt8 = Annotated[bool | None, _switch("--precise-int8", "Add up int8 products exactly.")]
Gate = Annotated[
    list[str] | None, _option(_OUT, "TEXT", "Like 'top1 >= 0.90 @ 1e-6' (repeatable).")
]
ComparisonGate = Annotated[
    list[str] | None,
    _option(_OUT, "TEXT", "Like 'top1 >= A - 0.01 @ 1e-6'; A is the reference (repeatable)."),
]
Waivers = Annotated[
    Path | None, _option(_OUT, "FILE", "Conditions that are excused until a day, with a reason.")
]
Formats = Annotated[
    list[str] | None,
    _option(
        _OUT,
        "NAME=FILE",
        "Write a report as json, html, csv, markdown, junit, sarif, github or gitlab; - prints "
        "(repeatable).",
    ),
]
Config = Annotated[
    Path | None, _option(_OUT, "FILE", "Read options from this TOML file; flags win.")
]

Model = Annotated[
    Path | None,
    typer.Argument(help="The ONNX model; without one, the demonstration model.", metavar="MODEL"),
]

FAULTS = {
    "encoding": Encoding,
    "fault": Fault,
    "include": Include,
    "exclude": Exclude,
    "kinds": Kinds,
}
PREPROCESSING = {
    "layout": Layout,
    "color": Color,
    "resize": Resize,
    "crop": Crop,
    "scale": Scale,
    "mean": Mean,
    "std": Std,
}
DATA = {
    "data": Data,
    "labels": Labels,
    "images": Images,
    "metric": Metric,
    "task": Task,
    "output": Output,
    "expect": Expect,
    **PREPROCESSING,
}
WORK = {
    "budget": Budget,
    "batch": Batch,
    "seed": Seed,
    "jobs": Jobs,
    "cache": Cache,
    "cluster": Cluster,
}

_ACCURACY = {**DATA, "precision": Precision, "confidence": Confidence}
_SWEEP = {"rates": Rates, "exposure": Exposure, **FAULTS}
RUN = {
    **_SWEEP,
    "protect": Protect,
    **_ACCURACY,
    "until": Until,
    **WORK,
    "journal": Journal,
    "shard": Shard,
    "device": Device,
    "precise_int8": PreciseInt8,
    "gate": Gate,
    "waivers": Waivers,
    **outputs(RecordKind.RUN),
    "format": Formats,
    "config": Config,
}
COMPARE = {
    **_SWEEP,
    "protect": Protections,
    **_ACCURACY,
    **WORK,
    "journal": JournalFolder,
    "device": Device,
    "precise_int8": PreciseInt8,
    "gate": ComparisonGate,
    **outputs(RecordKind.COMPARISON),
    "format": Formats,
    "config": Config,
}
MAP = {
    "margin": Margin,
    "confidence": MapConfidence,
    "exhaustive": Exhaustive,
    **FAULTS,
    "protect": Protect,
    **DATA,
    **WORK,
    "device": Device,
    "precise_int8": PreciseInt8,
    "journal": Journal,
    "shard": Shard,
    **outputs(RecordKind.MAP),
    "format": Formats,
    "config": Config,
}
SEARCH = {
    "rates": Rates,
    "iterations": Iterations,
    "patterns": Patterns,
    "seed": Seed,
    "encoding": Encoding,
    "metric": Metric,
    "budget": SearchBudget,
    "cache": Cache,
    "state": SearchState,
}
"""Of ``harden --method clipact`` alone."""

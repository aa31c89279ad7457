"""The options that commands share: name, value, help text, and the panel that lists them."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import gate_options
from analyzer.cli.option_forms import EFFORT as _EFFORT
from analyzer.cli.option_forms import FAULTS as _FAULTS
from analyzer.cli.option_forms import option as _option
from analyzer.cli.option_forms import switch as _switch
from analyzer.cli.option_forms import takes as takes
from analyzer.cli.report_options import PANEL as _OUT
from analyzer.cli.report_options import formats, outputs
from analyzer.cli.target_options import Target
from analyzer.evaluation.metrics import offered_metrics
from analyzer.faults.kinds import offered_faults
from analyzer.faults.protection_forms import offered_protections
from analyzer.reports.formats import RecordKind

_DATA = "Data"
_SEARCH = "Search of bounds (clipact)"

Rates = Annotated[
    str | None, _option(_FAULTS, "RATES", "A..B; A..B/N: N a decade; or a,b (default 1e-7..3e-5).")
]
Exposure = Annotated[
    str | None,
    _option(_FAULTS, "WORD", "transient: new faults each batch (default); resident: they stay."),
]
Protocol = Annotated[
    str | None,
    _option(_FAULTS, "WORD", "Settings of a study, and its repetitions: milazzo2025."),
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
    _option(_FAULTS, "LIST", "Of weight, bias, scale, zero-point, norm, constant (default all)."),
]
Data = Annotated[
    Path | None,
    _option(
        _DATA, "PATH", ".npz, image folder or public data set (default: what the model names)."
    ),
]
Images = Annotated[
    int | None, _option(_DATA, "N", "Use N images, drawn by the seed, of each class its share.")
]
Labels = Annotated[
    Path | None, _option(_DATA, "FILE", "List of images and classes, for a folder of images.")
]
Masks = Annotated[
    Path | None, _option(_DATA, "DIR", "Folder with a mask for each image of an image folder.")
]
Part = Annotated[
    str | None, _option(_DATA, "WORD", "train, val or test, of a data set that has such parts.")
]
Expect = Annotated[
    list[str] | None,
    _option(_DATA, "TEXT", "Stop where the fault-free figure is elsewhere, like top1=0.91."),
]
Severity = Annotated[Path | None, _option(_DATA, "FILE", "Critical confusions (CSV, TOML).")]
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
LogOdds = Annotated[
    Path | None,
    _option(_DATA, "FILE", "Fault-free log-odds of a list (CSV: method,dataset,model,data)."),
]
_HALF_WIDTH = "Half-width at which a rate is done (default 0.01"
Precision = Annotated[str | None, _option(_EFFORT, "X", f"{_HALF_WIDTH}).")]
RunPrecision = Annotated[str | None, _option(_EFFORT, "X", f"{_HALF_WIDTH}; 0.002 with --target).")]
Confidence = Annotated[str | None, _option(_EFFORT, "X", "Of every interval (default 0.95).")]
Margin = Annotated[
    str | None,
    _option(_EFFORT, "X", "Half the width of a tensor's intervals when done (default 0.01)."),
]
MapConfidence = Annotated[str | None, _option(_EFFORT, "X", "Of every interval (default 0.99).")]
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
Config = Annotated[
    Path | None,
    _option(_OUT, "FILE", "Options in TOML (default: relcheck.toml, if found); none: no file."),
]
NamedConfig = Annotated[
    Path | None, _option(_OUT, "FILE", "Options in TOML; no file is looked for.")
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
    "masks": Masks,
    "part": Part,
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

JUDGED = {**DATA, "severity": Severity}
_ACCURACY = {**JUDGED, "precision": Precision, "confidence": Confidence}
_SWEEP = {"rates": Rates, "exposure": Exposure, **FAULTS}
RUN = {
    "target": Target,
    **_SWEEP,
    "protocol": Protocol,
    "protect": Protect,
    **_ACCURACY,
    "precision": RunPrecision,
    "until": Until,
    **WORK,
    "journal": Journal,
    "shard": Shard,
    "device": Device,
    "precise_int8": PreciseInt8,
    "gate": gate_options.Gate,
    "waivers": gate_options.Waivers,
    **outputs(RecordKind.RUN),
    "format": formats(RecordKind.RUN),
    "config": Config,
}
COMPARE = {
    **_SWEEP,
    "protect": Protections,
    **_ACCURACY,
    "until": Until,
    **WORK,
    "journal": JournalFolder,
    "device": Device,
    "precise_int8": PreciseInt8,
    "gate": gate_options.ComparisonGate,
    "waivers": gate_options.Waivers,
    **outputs(RecordKind.COMPARISON),
    "format": formats(RecordKind.COMPARISON),
    "config": Config,
}
MAP = {
    "margin": Margin,
    "confidence": MapConfidence,
    "exhaustive": Exhaustive,
    **FAULTS,
    "protect": Protect,
    **JUDGED,
    **WORK,
    "device": Device,
    "precise_int8": PreciseInt8,
    "journal": Journal,
    "shard": Shard,
    "gate": gate_options.MapGate,
    "waivers": gate_options.Waivers,
    **outputs(RecordKind.MAP),
    "format": formats(RecordKind.MAP),
    "config": Config,
}
DIFF = {
    **gate_options.DIFF,
    **outputs(RecordKind.DIFFERENCE),
    "format": formats(RecordKind.DIFFERENCE),
    "config": NamedConfig,
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

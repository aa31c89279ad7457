"""The options of ``relcheck protect``."""

from pathlib import Path
from typing import Annotated

from analyzer.cli import options
from analyzer.cli.option_forms import EFFORT, FAULTS, option
from analyzer.cli.report_options import PANEL, formats, outputs
from analyzer.cli.target_options import Target
from analyzer.faults.protection_forms import offered_protections
from analyzer.reports.formats import RecordKind

BOUNDS = "Bounds on activations"
"""Heading under which help lists what a bounded model may be."""

Gate = Annotated[
    list[str] | None,
    option(
        PANEL,
        "TEXT",
        "'sdc_fit <= 10' with a target, else 'sdc <= 1e-3 @ one event'; also due (repeatable).",
    ),
]
Scheme = Annotated[
    list[str] | None,
    option(
        FAULTS,
        "TEXT",
        f"That may be used: {offered_protections()} (default secded:64 and tmr; repeatable).",
    ),
]
Rounds = Annotated[
    int | None, option(EFFORT, "N", "Plans that are tried at most, 1 to 10 (default 3).")
]
Bounds = Annotated[
    list[str] | None,
    option(
        BOUNDS,
        "WORD",
        "Consider the model hardened by this method as well: ranger, actmax, relu6 (repeatable).",
    ),
]
CalibrationData = Annotated[
    Path | None,
    option(
        BOUNDS, "PATH", ".npz or image folder on which bounds are measured (default the --data)."
    ),
]
MaxLoss = Annotated[
    str | None,
    option(BOUNDS, "SHARE", "Fault-free accuracy that bounds may cost (default 0.5%)."),
]
MaxLatency = Annotated[
    float | None,
    option(BOUNDS, "X", "Latency of a bounded model over that of the original, at most."),
]
Out = Annotated[
    Path | None,
    option(BOUNDS, "FILE", "The bounded model, if the plan takes one.", "--out"),
]

PROTECT = {
    "target": Target,
    "scheme": Scheme,
    "bounds": Bounds,
    "calibration_data": CalibrationData,
    "max_loss": MaxLoss,
    "max_latency": MaxLatency,
    "out": Out,
    **options.FAULTS,
    **options.DATA,
    "confidence": options.Confidence,
    "rounds": Rounds,
    **options.WORK,
    "journal": options.JournalFolder,
    "device": options.Device,
    "precise_int8": options.PreciseInt8,
    "gate": Gate,
    **outputs(RecordKind.PROTECTION),
    "format": formats(RecordKind.PROTECTION),
    "config": options.NamedConfig,
}

"""The options of ``relcheck protect``."""

from typing import Annotated

from analyzer.cli import options
from analyzer.cli.option_forms import EFFORT, FAULTS, option
from analyzer.cli.report_options import PANEL, formats, outputs
from analyzer.cli.target_options import Target
from analyzer.faults.protection_forms import offered_protections
from analyzer.reports.formats import RecordKind

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

PROTECT = {
    "target": Target,
    "scheme": Scheme,
    **options.FAULTS,
    **options.DATA,
    "confidence": options.Confidence,
    "rounds": Rounds,
    **options.WORK,
    "device": options.Device,
    "precise_int8": options.PreciseInt8,
    "gate": Gate,
    **outputs(RecordKind.PROTECTION),
    "format": formats(RecordKind.PROTECTION),
    "config": options.NamedConfig,
}

"""The options of ``relcheck protect``."""

from typing import Annotated

import typer

from analyzer.cli import options
from analyzer.cli.report_options import PANEL, outputs
from analyzer.cli.target_options import Target
from analyzer.faults.protection_forms import offered_protections
from analyzer.reports.formats import RecordKind

_FAULTS, _EFFORT = "What happens", "Effort"

Gate = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        rich_help_panel=PANEL,
        show_default=False,
        help="'sdc_fit <= 10' with a target, else 'sdc <= 1e-3 @ one event'; also due "
        "(repeatable).",
    ),
]
Scheme = Annotated[
    list[str] | None,
    typer.Option(
        metavar="TEXT",
        rich_help_panel=_FAULTS,
        show_default=False,
        help=f"That may be used: {offered_protections()} (default secded:64 and tmr; repeatable).",
    ),
]
Rounds = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        rich_help_panel=_EFFORT,
        show_default=False,
        help="Plans that are tried at most (default 3).",
    ),
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
    "format": options.Formats,
    "config": options.Config,
}

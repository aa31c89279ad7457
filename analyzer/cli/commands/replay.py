"""``relcheck replay``: patterns of a fault list, or trials of a report, run again."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analyzer.cli import options, report_options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.option_forms import option, switch
from analyzer.reports.formats import RecordKind

_WHICH = "Which patterns"
_OPTIONS = {
    "trial": Annotated[
        str | None,
        option(
            _WHICH,
            "K",
            "Of a report: the K-th worst trial, or its name (default: all worst).",
        ),
    ],
    "faults": Annotated[
        Path | None, option(_WHICH, "FILE", "CSV with injection,tensor,index,bit.")
    ],
    "faults_out": Annotated[
        Path | None, option(_WHICH, "FILE", "Write the patterns as such a list.")
    ],
    "oracle": Annotated[
        bool | None,
        switch("--oracle", "Compare every pattern of a list with an edited file, too.", _WHICH),
    ],
    "model": Annotated[
        Path | None, option(_WHICH, "FILE", "The model, if it is not where it was.")
    ],
    "target": Annotated[
        str | None, option(_WHICH, "FILE", "The target, if it is not where it was.")
    ],
}


@app.command()
@options.takes(
    **_OPTIONS,
    exposure=options.Exposure,
    **options.FAULTS,
    protect=options.Protect,
    **options.JUDGED,
    batch=options.Batch,
    seed=options.Seed,
    device=options.Device,
    precise_int8=options.PreciseInt8,
    **report_options.outputs(RecordKind.REPLAY),
    format=report_options.formats(RecordKind.REPLAY),
)
def replay(
    source: Annotated[
        Path,
        typer.Argument(
            help="JSON report of a run or a target, or an ONNX model.", metavar="REPORT|MODEL"
        ),
    ],
    **flags: Any,
) -> Exit:
    """Run single fault patterns again, and show what each image answers.

    Trials of a report are drawn again from its plan, bit for bit, and compared
    with a copy of the file in which these bits are changed. Model and data are
    found where the report says, or by flags.

    Exit code 1 if the outcomes are not those of the report.

    Example: relcheck replay run.json --trial 1

    Example: relcheck replay model.onnx --faults list.csv --data test.npz
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.replay import replay as run_again

    return show_campaign(run_again(source, flags, command_line(), terminal()))

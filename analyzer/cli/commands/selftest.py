"""``relcheck selftest MODEL``: known answers, and the fast engine against the oracle."""

from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.faults.kinds import offered_faults


@app.command()
def selftest(
    model: options.Model = None,
    patterns: Annotated[
        int, typer.Option(metavar="N", min=1, help="Fault patterns to compare.")
    ] = 200,
    encoding: Annotated[
        str, typer.Option(metavar="WORD", help="How values are held: stored or q15.16.")
    ] = "stored",
    fault: Annotated[str, typer.Option(metavar="WORD", help=f"{offered_faults()}.")] = "flip",
    data: Annotated[
        Path | None, typer.Option(metavar="PATH", help="Data set to take inputs from.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Images per run (default 4).")
    ] = None,
    device: Annotated[
        str,
        typer.Option(metavar="WORD", help="Where to compare: cpu, cuda, cuda:1 or auto."),
    ] = "cpu",
    precise_int8: Annotated[
        bool,
        typer.Option("--precise-int8", help="Add up int8 products exactly."),
    ] = False,
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random number.")] = 0,
    known_answers_only: Annotated[
        bool, typer.Option("--known-answers-only", help="Without comparison on a model.")
    ] = False,
) -> Exit:
    """Ask for known answers; compare live weights with the edited file.

    The known answers were worked out by hand (docs/verification.md). The
    comparison is bit for bit, on random fault patterns on MODEL that visit
    every tensor at risk in turn. Keep the output: it names model and versions.
    On another device than the CPU, the same patterns then run on the CPU, too,
    and outcomes are compared.

    Exit code 0 if all answers agree, 1 if one differs.
    """
    flags = {name: value for name, value in locals().items() if name != "model"}
    from analyzer.cli.present import show
    from analyzer.cli.terminal import terminal
    from analyzer.jobs.requests.checks import SelfTestRequest
    from analyzer.jobs.requests.settings import ask
    from analyzer.jobs.selftest import check_engine

    return show(check_engine(ask(SelfTestRequest, flags, model=model), terminal()))

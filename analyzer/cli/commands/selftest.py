"""``relcheck selftest MODEL``: known answers, and the fast engine against the oracle."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from analyzer.cli import options
from analyzer.cli.app import Exit, app
from analyzer.faults.kinds import offered_faults

DEFAULT_BATCH = 4


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
    seed: Annotated[int, typer.Option(metavar="N", min=0, help="Of every random number.")] = 0,
    known_answers_only: Annotated[
        bool, typer.Option("--known-answers-only", help="Without comparison on a model.")
    ] = False,
) -> None:
    """Ask for known answers; compare live weights with the edited file.

    The known answers were worked out by hand (docs/verification.md). The
    comparison is bit for bit, on random fault patterns on MODEL that visit
    every tensor at risk in turn. Keep the output: it names model and versions.
    On another device than the CPU, the same patterns then run on the CPU, too,
    and outcomes are compared.

    Exit code 0 if all answers agree, 1 if one differs.
    """
    from analyzer.cli.embedded import embedded_model
    from analyzer.errors import BadOption
    from analyzer.jobs.settings import read_settings

    if known_answers_only and model:
        raise BadOption("--known-answers-only compares on no model; leave MODEL or the option out")
    if known_answers_only and device != "cpu":
        raise BadOption("--known-answers-only runs on the cpu; leave --device or the option out")
    compare: Callable[[], bool] | None = None
    if not known_answers_only:
        flags = {"encoding": encoding, "data": data, "seed": seed, "batch": batch}
        flags["device"] = device
        settings = read_settings(None, flags)
        compare = _comparison(model or embedded_model(), patterns, fault, settings)
    agreed = _known_answers()
    if compare is not None:
        agreed = compare() and agreed
    raise typer.Exit(Exit.OK if agreed else Exit.FAILED)


def _known_answers() -> bool:
    from analyzer.cli.output import say
    from analyzer.jobs.provenance import platform_name, tool_part
    from analyzer.known_answers.suite import run_suite
    from analyzer.reports.selftest import known_answers_text

    found = run_suite()
    say(known_answers_text(found, tool_part(), platform_name()))
    return found.passed


def _comparison(path: Path, patterns: int, fault: str, settings: object) -> Callable[[], bool]:
    """Read everything, so that bad input is refused at once; the comparison itself is returned."""
    from analyzer.cli.devices import device_of, on_device
    from analyzer.cli.output import say
    from analyzer.cli.process.heartbeat import HEARTBEAT
    from analyzer.cli.progress import show_count
    from analyzer.evaluation.dataset import make_batches
    from analyzer.faults.models import parse_fault
    from analyzer.jobs.prepare import batch_size, find_data, selection_of
    from analyzer.jobs.settings import Settings
    from analyzer.model import load_model
    from analyzer.reports.selftest import selftest_text, two_devices_text
    from analyzer.runtime.open import open_executor, open_live
    from analyzer.runtime.oracle.rewrite import RewriteExecutor
    from analyzer.runtime.ort.device import CPU
    from analyzer.verification.selftest import run_selftest, test_patterns
    from analyzer.verification.two_devices import run_on_both

    assert isinstance(settings, Settings)
    settings = on_device(settings)
    device = device_of(settings.device)
    model = load_model(path)
    space = model.space(selection_of(settings), settings.encoding)
    data = find_data(model, settings)
    size = batch_size(model, settings, len(data), DEFAULT_BATCH)
    fixed = model.signature.fixed_batch is not None
    batch = make_batches(data.first(size), size, settings.seed, fixed)[0]
    feeds = batch.feeds(model.signature.name)
    live = open_executor(model, space, feeds, device)
    oracle = RewriteExecutor(model, space, device)
    law = parse_fault(fault)
    subject = (path.name, model.sha256)
    kind = f"{fault}, {settings.encoding}, seed {settings.seed}"
    if device != CPU:
        kind += f", {device.shown}"

    def compare() -> bool:
        HEARTBEAT.prepared()
        with show_count(patterns, "comparing") as progress:
            drawn = test_patterns(space, law, patterns, settings.seed)
            found = run_selftest(live, oracle, space, feeds, drawn, progress)
        say(selftest_text(subject, kind, space, live.layout, live.reloads, found))
        if device != CPU:
            against_cpu()
        return found.passed

    def against_cpu() -> None:
        with show_count(patterns, "on the cpu") as progress:
            drawn = test_patterns(space, law, patterns, settings.seed)
            here = open_live(model, space, feeds)
            apart = run_on_both(live, here, feeds, batch.images, drawn, progress)
        say(two_devices_text(apart, device.shown))

    return compare

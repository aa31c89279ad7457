"""``relcheck run MODEL``: the sweep, or a deployment target; the table, the reports, the gate."""

from typing import Any

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.target_options import Exhaustive


@app.command()
@options.takes(exhaustive=Exhaustive, **options.RUN)
def run(model: options.Model = None, **flags: Any) -> Exit:
    """Sweep bit error rates; print a table, judge gates, write reports.

    With --target: what one event does in each memory of a deployment target,
    its failures in time (FIT), and a verdict on its budget.

    Example: relcheck run model.onnx --rates 1e-7..1e-4 --gate 'top1 >= 0.9 @ 1e-6'
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import settings_of
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.demonstration import demonstration_model
    from analyzer.jobs.requests.campaigns import SweepRequest
    from analyzer.jobs.requests.settings import ask
    from analyzer.jobs.requests.target import ask_target, names_target
    from analyzer.jobs.sweep import run_sweep
    from analyzer.jobs.target import analyze_target

    config, model = settings_of(flags.pop("config"), "run"), model or demonstration_model()
    command, observer = command_line(), terminal()
    if names_target(flags, config):
        target = ask_target(flags, config, observer.message, model=model, command=command)
        return show_campaign(analyze_target(target, observer))
    request = ask(SweepRequest, flags, config, model=model, command=command)
    return show_campaign(run_sweep(request, observer))

"""``relcheck run MODEL``: the sweep, the table, the reports, the gate."""

from typing import Any

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command()
@options.takes(**options.RUN)
def run(model: options.Model = None, **flags: Any) -> Exit:
    """Sweep bit error rates; print a table, judge gates, write reports.

    Example: relcheck run model.onnx --rates 1e-7..1e-4 --gate 'top1 >= 0.9 @ 1e-6'
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import settings_of
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.demonstration import demonstration_model
    from analyzer.jobs.requests.campaigns import SweepRequest
    from analyzer.jobs.requests.settings import ask
    from analyzer.jobs.sweep import run_sweep

    config, model = settings_of(flags.pop("config"), "run"), model or demonstration_model()
    request = ask(SweepRequest, flags, config, model=model, command=command_line())
    return show_campaign(run_sweep(request, terminal()))

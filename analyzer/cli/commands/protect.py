"""``relcheck protect MODEL``: the cheapest protection of a memory that meets a budget."""

from typing import Any

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit
from analyzer.cli.protect_options import PROTECT


@app.command("protect")
@options.takes(**PROTECT)
def protect(model: options.Model = None, **flags: Any) -> Exit:
    """Find the cheapest protection of the memory that meets a budget.

    Maps what one upset event does, tensor by tensor and bit field by bit field,
    and chooses which bits get which scheme (--scheme) at the least storage. A
    campaign on the protected memory, with a fresh seed, confirms the plan.

    The budget is FIT of a deployment target (--target), or a probability given
    one event. With --bounds the plan may also bound activations (relcheck
    harden), where that takes less storage.

    Example: relcheck protect model.onnx --gate 'sdc <= 1e-3 @ one event'
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import named_settings
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.demonstration import demonstration_model
    from analyzer.jobs.protect import plan_protection
    from analyzer.jobs.requests.protect import ProtectRequest
    from analyzer.jobs.requests.settings import ask

    config, model = named_settings(flags.pop("config")), model or demonstration_model()
    request = ask(ProtectRequest, flags, config, "protect", model=model, command=command_line())
    return show_campaign(plan_protection(request, terminal()))

"""``relcheck map MODEL``: what one upset does, tensor by tensor and bit by bit."""

from typing import Any

from analyzer.cli import options
from analyzer.cli.app import app
from analyzer.cli.exits import Exit


@app.command("map")
@options.takes(**options.MAP)
def vulnerability_map(model: options.Model = None, **flags: Any) -> Exit:
    """Map where one flipped bit does harm: per tensor, kind and bit position.

    Each figure is the probability of silent corruption (SDC) or of a detected
    error (DUE), given one upset in that part: a flip, a burst that begins
    there, or a stuck cell (--fault). The map says which tensors to protect
    first. Each tensor gets trials until its intervals are narrow.

    Example: relcheck map model.onnx --data test.npz --html map.html
    """
    from analyzer.cli.present import show_campaign
    from analyzer.cli.settings_file import settings_of
    from analyzer.cli.terminal import terminal
    from analyzer.cli.words import command_line
    from analyzer.jobs.demonstration import demonstration_model
    from analyzer.jobs.map import make_map
    from analyzer.jobs.requests.campaigns import MapRequest
    from analyzer.jobs.requests.settings import ask

    config, model = settings_of(flags.pop("config"), "map"), model or demonstration_model()
    request = ask(MapRequest, flags, config, "map", model=model, command=command_line())
    return show_campaign(make_map(request, terminal()))

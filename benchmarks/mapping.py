"""Vulnerability map of a trained ResNet-20: injections by Leveugle's formula over ours."""

from benchmarks import vulnerability
from benchmarks.models import CannotRun, Options
from benchmarks.rows import Found, Wanted


def find(options: Options, _: Wanted) -> list[Found]:
    """The one row."""
    try:
        model, flags = options.trained()
    except CannotRun as reason:
        return [Found.missing("map", str(reason))]
    found = vulnerability.measure(model, **flags)
    details = {
        "layers": found.layers,
        "leveugle_injections": found.leveugle,
        "our_injections": found.trials,
        "cpu_seconds": round(found.cpu_seconds, 1),
        "widest_half_width": round(found.widest, 5),
    }
    return [Found("map", found.ratio, details=details)]

"""Second thoughts about a layout: tensors that cannot be mutated in place after all."""

from collections.abc import Sequence

from analyzer.answers import Feeds
from analyzer.runtime.layout.layout import Layout, Route
from analyzer.runtime.layout.read_every_run import SessionOpener, unread_slots

OTHER_ANSWER = "the live session's golden answer differs from that of the loaded file"


def reload_all(layout: Layout, reason: str = OTHER_ANSWER) -> Layout:
    """Without the very answers of the loaded file, nothing is faulted in place."""
    names = list(layout.routes)
    return Layout(
        layout.optimized, dict.fromkeys(names, Route.RELOAD), dict.fromkeys(names, reason), {}
    )


NO_LAYOUT = "this device's provider may keep a weight of its own"


def routes_of(layout: Layout | None, names: Sequence[str]) -> tuple[dict[str, str], dict[str, str]]:
    """The route of each tensor in words, and why some are reloaded; without a layout, all are."""
    if layout is None:
        return dict.fromkeys(names, str(Route.RELOAD)), dict.fromkeys(names, NO_LAYOUT)
    return {name: str(route) for name, route in layout.routes.items()}, layout.reasons


def reload_unread(layout: Layout, sample: Feeds, open_live: SessionOpener) -> Layout:
    """Send tensors through a reload where ONNX Runtime does not read the buffer at each run."""
    return reload_slots(layout, unread_slots(layout.optimized, layout.slots, sample, open_live))


def reload_slots(layout: Layout, slots: dict[str, str]) -> Layout:
    """``layout``, but tensors that stand in any of ``slots`` are reloaded.

    Args:
        layout: what was found.
        slots: initializers of the optimized graph that are not to be mutated, each with the reason.
    """
    if not slots:
        return layout
    routes, reasons = dict(layout.routes), dict(layout.reasons)
    places = dict(layout.places)
    for name, found in layout.places.items():
        hidden = [p.slot for p in found if p.slot in slots]
        if hidden:
            routes[name], reasons[name] = Route.RELOAD, slots[hidden[0]]
            del places[name]
    return Layout(layout.optimized, routes, reasons, places)
